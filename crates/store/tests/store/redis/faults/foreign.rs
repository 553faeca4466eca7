//! Faults: a program without permission that changes published policies.

use portcullis::{guardrails::Guardrails, types::SignedDuration};
use portcullis_store::{PolicyStore as _, SequenceGuard, VerifyingReader};

use super::{
    super::{Fixture as _, POLICY, redis, series::Series},
    denied,
};
use crate::{
    policies::{absence, check_conflict, publication},
    proxy::random,
    tally::Tally,
};

/// Returns a random time after the expiry.
fn later() -> String {
    format!("{}.5", 1_766_600_000 + random() % 100_000_000)
}

#[test]
fn an_extended_expiry_without_a_new_hash() {
    let redis = redis();
    let store = redis.open();
    let series = Series::new(Tally::of(
        "only `valid_until_epoch` extended, without a new hash",
        50,
    ));
    for _ in 0..series.tally.rounds() {
        assert!(series.publish(&*store));
        let policy = series.load(&*store).unwrap();
        let _: u64 = redis
            .0
            .query(&["HSET", POLICY, "valid_until_epoch", &later()]);
        let loaded = series.load(&*store);
        assert_eq!(absence(loaded), "POLICY_HASH_MISMATCH");
        // A writer that expects the original policy gets a conflict; one that expects the changed policy can replace
        // it.
        let found = store.current_hash().unwrap();
        let blind = publication("x", "");
        check_conflict(
            store.publish(&blind, Some(policy.hash())),
            Some(policy.hash()),
            found,
        );
    }
    assert!(series.publish(&*store));
    series.load(&*store).unwrap();
    series.check_history(&*store);
    series.tally.conclude_with_effect();
}

#[test]
fn a_changed_universe_and_expiry_with_a_wrong_hash_or_without_one() {
    let redis = redis();
    let store = redis.open();
    let series = Series::new(Tally::of(
        "universe and expiry changed; the hash kept, removed, or of another policy",
        50,
    ));
    let reader = VerifyingReader::new(redis.open(), SequenceGuard::in_memory());
    let required = Guardrails::none().with_required_policy_hash();
    for round in 0..series.tally.rounds() {
        let another = store.current_hash().unwrap();
        assert!(series.publish(&*store));
        series.check(series.last_confirmed(), &reader.load());
        let later = later();
        let _: u64 = redis.0.query(&[
            "HSET",
            POLICY,
            "valid_until_epoch",
            &later,
            "universe_symbols",
            r#"["BTCUSDT", "XRPUSDT"]"#,
        ]);
        match (round % 3, another) {
            (0, Some(hash)) => {
                let hash = hash.to_string();
                let _: u64 = redis.0.query(&["HSET", POLICY, "policy_hash", &hash]);
            }
            (1, _) => {
                let _: u64 = redis.0.query(&["HDEL", POLICY, "policy_hash"]);
                // A reader that neither requires a hash nor remembers the sequence accepts the
                // changed policy. A reader that does one of the two rejects the changed policy.
                let policy = store.load().unwrap();
                let now =
                    crate::policies::at(&later).saturating_add(SignedDuration::from_micros(-1));
                assert_eq!(denied(&Guardrails::none(), &policy, now), None);
                series
                    .tally
                    .stale
                    .add(usize::from(denied(&required, &policy, now).is_none()));
                assert!(absence(reader.load()).starts_with("RolledBack"));
            }
            _ => {}
        }
        if round % 3 != 1 {
            assert_eq!(absence(series.load(&*store)), "POLICY_HASH_MISMATCH");
        }
        series.check(0, &reader.load());
    }
    assert!(series.publish(&*store));
    series.check(series.last_confirmed(), &reader.load());
    series.check_history(&*store);
    series.tally.conclude_with_effect();
}
