//! The contract of every store, as checks that each receive an empty store.

mod audit;
mod reads;
mod rollout;
mod updater;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

pub(crate) use audit::{
    gaps_and_edits_of_the_audit_log_are_detected, halts_add_up_and_are_audited,
    the_audit_log_records_every_change,
};
pub(crate) use reads::{
    a_policy_of_a_python_writer_is_read, an_invalid_policy_can_be_replaced,
    every_invalid_policy_has_its_reason,
};

pub(crate) use rollout::{
    a_feed_follows_the_set, a_publication_keeps_the_arms_beside_the_new_live_policy,
    a_reader_accepts_only_signed_sets_that_are_not_older, an_arm_is_started_raised_and_promoted,
    refused_changes_of_the_set_are_audited,
};
pub(crate) use updater::{
    a_publication_with_unmet_conditions_changes_nothing, evidence_is_stored_with_a_publication,
    one_updater_holds_the_lease_and_saves_its_state, refusals_are_audited_and_change_nothing_else,
};

use portcullis::{
    decide::SkipCode,
    guardrails::{Guardrails, Halt},
    types::Leverage,
};
use portcullis_store::{
    Feed, Operator, PolicySnapshot, PolicyStore, PublicationId, PublishError, Rollback,
    SequenceGuard, VerifyingReader,
};

use crate::{
    linearizable,
    policies::{
        UNTIL, absence, ada, at, check_conflict, fields_of, now, policy, publication, publish,
        with_hash,
    },
};

/// An empty store under test, and a way to write to it without publications.
pub(crate) trait Fixture: Sync {
    /// Opens another handle to the same store.
    fn open(&self) -> Box<dyn PolicyStore>;

    /// Replaces all fields of the policy, as a program that does not use this library would do. An
    /// empty list removes the policy.
    fn put(&self, fields: &[(String, String)]);
}

/// Defines every check as a test of one kind of store.
macro_rules! contract {
    ($fixture:expr; $($check:ident)*) => {$(
        #[test]
        fn $check() {
            $crate::contract::$check(&$fixture);
        }
    )*};
    ($fixture:expr) => {
        $crate::contract::contract!($fixture;
            an_empty_store_has_nothing
            a_publication_replaces_all_fields
            a_writer_must_expect_the_stored_policy
            sequences_only_increase
            exactly_one_of_two_concurrent_publishers_wins
            concurrent_publications_and_loads_are_linearizable
            a_reader_sees_complete_publications
            the_history_is_listed_shown_and_used_by_rollbacks
            a_rollback_obeys_the_current_guardrails
            the_audit_log_records_every_change
            gaps_and_edits_of_the_audit_log_are_detected
            halts_add_up_and_are_audited
            every_invalid_policy_has_its_reason
            an_invalid_policy_can_be_replaced
            an_arm_is_started_raised_and_promoted
            a_publication_keeps_the_arms_beside_the_new_live_policy
            refused_changes_of_the_set_are_audited
            a_reader_accepts_only_signed_sets_that_are_not_older
            a_feed_follows_the_set
            a_policy_of_a_python_writer_is_read
            a_feed_follows
            one_updater_holds_the_lease_and_saves_its_state
            a_publication_with_unmet_conditions_changes_nothing
            refusals_are_audited_and_change_nothing_else
            evidence_is_stored_with_a_publication
        );
    };
}
pub(crate) use contract;

pub(crate) fn an_empty_store_has_nothing(fixture: &dyn Fixture) {
    let store = fixture.open();
    assert_eq!(absence(store.load()), "NotFound");
    assert_eq!(
        store.load().unwrap_err().to_string(),
        "no policy; publish one"
    );
    assert_eq!(store.current_hash(), Ok(None));
    assert_eq!(store.history(10).unwrap().len(), 0);
    assert!(store.publication(PublicationId::Seq(1)).unwrap().is_none());
    assert_eq!(store.halts(), Ok(Halt::Nothing));
    let trail = store.audit().unwrap();
    assert!(trail.is_whole() && trail.entries().is_empty());
}

pub(crate) fn a_publication_replaces_all_fields(fixture: &dyn Fixture) {
    let store = fixture.open();
    let more = r#""limits": {"max_leverage": 12}, "x_note": "é\n", "generator": "g","#;
    let first = store.publish(&publication("1", more), None).unwrap();
    assert_eq!((first.seq(), first.repairs().len()), (1, 0));
    let loaded = fixture.open().load().unwrap();
    assert_eq!(loaded, *first.policy());
    assert!(loaded.states_hash());
    assert_eq!(loaded.seq(), Some(1));
    // Only the sequence and the hash were added.
    let mut added = loaded.fields().clone();
    for (name, value) in fields_of(&policy("1", more)) {
        assert_eq!(added.remove(&name), Some(value), "{name}");
    }
    let added: Vec<_> = added.into_keys().collect();
    assert_eq!(added, ["policy_hash", "policy_seq"]);

    let second = publication("2", "");
    let second = store.publish(&second, Some(first.hash())).unwrap();
    let fields = fixture.open().load().unwrap().fields().clone();
    assert_eq!(fields, *second.policy().fields());
    for gone in ["limits", "x_note", "generator"] {
        assert!(!fields.contains_key(gone), "{gone}");
    }
}

pub(crate) fn a_writer_must_expect_the_stored_policy(fixture: &dyn Fixture) {
    let store = fixture.open();
    let other = policy("other", "").hash();
    check_conflict(
        store.publish(&publication("1", ""), Some(other)),
        Some(other),
        None,
    );
    let first = publish(&*store, "1").hash();
    check_conflict(
        store.publish(&publication("2", ""), None),
        None,
        Some(first),
    );
    check_conflict(
        store.publish(&publication("2", ""), Some(other)),
        Some(other),
        Some(first),
    );
    // Nothing was changed.
    assert_eq!(store.load().unwrap().version(), "1");
    assert_eq!(store.history(10).unwrap().len(), 1);
    assert_eq!(store.audit().unwrap().entries().len(), 1);
}

pub(crate) fn sequences_only_increase(fixture: &dyn Fixture) {
    let store = fixture.open();
    let publish = |seq: &str| {
        let seen = store.current_hash().unwrap();
        let more = format!("{seq},");
        let more = if seq.is_empty() { "" } else { &more };
        store.publish(&publication("1", more), seen)
    };
    let refused = |seq: &str, offered, highest| {
        let error = publish(seq).unwrap_err();
        assert_eq!(error, PublishError::SequenceNotHigher { offered, highest });
        assert_eq!(error.code(), Some(SkipCode::PolicyRolledBack));
    };
    assert_eq!(publish(r#""policy_seq": 5"#).unwrap().seq(), 5);
    refused(r#""policy_seq": 5"#, 5, 5);
    refused(r#""policy_seq": 4"#, 4, 5);
    assert_eq!(publish("").unwrap().seq(), 6);
    assert_eq!(publish(r#""policy_seq": 100"#).unwrap().seq(), 100);
    // The store remembers the sequence after the policy is removed, or replaced by one without a sequence.
    fixture.put(&[]);
    refused(r#""policy_seq": 7"#, 7, 100);
    fixture.put(&with_hash(&policy("foreign", ""), None));
    assert_eq!(publish("").unwrap().seq(), 101);
    // A publication must also be above the sequence of a policy from another writer.
    fixture.put(&with_hash(&policy("foreign", ""), Some(200)));
    refused(r#""policy_seq": 150"#, 150, 200);
    assert_eq!(publish("").unwrap().seq(), 201);
    let last = format!(r#""policy_seq": {}"#, u64::MAX);
    publish(&last).unwrap();
    refused("", u64::MAX, u64::MAX);
}

pub(crate) fn exactly_one_of_two_concurrent_publishers_wins(fixture: &dyn Fixture) {
    const ROUNDS: u64 = 20;
    let wins: Vec<u64> = thread::scope(|scope| {
        let publishers = ["a", "b"].map(|name| {
            scope.spawn(move || {
                let store = fixture.open();
                let mut wins = 0;
                while wins < ROUNDS {
                    let seen = store.current_hash().unwrap();
                    match store.publish(&publication(name, ""), seen) {
                        Ok(receipt) => {
                            assert_eq!(receipt.policy().version(), name);
                            wins += 1;
                        }
                        Err(PublishError::Conflict { expected, found }) => {
                            assert_eq!(expected, seen);
                            assert_ne!(found, seen);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                wins
            })
        });
        publishers.map(|publisher| publisher.join().unwrap()).into()
    });
    assert_eq!(wins, [ROUNDS, ROUNDS]);
    let store = fixture.open();
    let history = store.history(1000).unwrap();
    let seqs: Vec<_> = history
        .iter()
        .rev()
        .map(|entry| entry.seq().unwrap())
        .collect();
    assert_eq!(seqs, (1..=2 * ROUNDS).collect::<Vec<_>>());
    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    // Each publication replaced the previous one, so no publication was lost.
    let hashes: Vec<_> = trail
        .entries()
        .iter()
        .map(|entry| entry.policy_hash())
        .collect();
    for (entry, before) in trail.entries().iter().skip(1).zip(&hashes) {
        assert_eq!(
            entry.record().get("replaces"),
            before.map(|h| h.to_string()).as_deref()
        );
    }
    assert_eq!(Some(store.load().unwrap().hash()), hashes[hashes.len() - 1]);
}

pub(crate) fn concurrent_publications_and_loads_are_linearizable(fixture: &dyn Fixture) {
    linearizable::check(fixture);
}

pub(crate) fn a_reader_sees_complete_publications(fixture: &dyn Fixture) {
    let long = format!(
        r#""x_long": "{}", "limits": {{"max_leverage": 15}},"#,
        "x".repeat(20_000)
    );
    let published = [("long", long.as_str()), ("short", "")];
    let kinds: BTreeMap<&str, usize> = published
        .map(|(version, more)| (version, policy(version, more).fields().len() + 2))
        .into();
    publish(&*fixture.open(), "short");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (kinds, done) = (&kinds, &done);
        let readers = [0, 1].map(|_| {
            scope.spawn(move || {
                let store = fixture.open();
                let mut loads = 0;
                while !done.load(Ordering::SeqCst) || loads < 20 {
                    let policy = store.load().unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(policy.fields().len(), kinds[policy.version()]);
                    assert!(policy.states_hash());
                    loads += 1;
                }
            })
        });
        let store = fixture.open();
        for (version, more) in published.iter().cycle().take(30) {
            let seen = store.current_hash().unwrap();
            store.publish(&publication(version, more), seen).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

fn rollback<'a>(
    publication: PublicationId,
    guardrails: &'a Guardrails,
    valid_until: &str,
) -> Rollback<'a> {
    Rollback {
        publication,
        valid_until: at(valid_until),
        guardrails,
        operator: Operator::new("grace").with_reason("the last one was wrong"),
        now: now(),
        signer: None,
    }
}

pub(crate) fn the_history_is_listed_shown_and_used_by_rollbacks(fixture: &dyn Fixture) {
    let store = fixture.open();
    let receipts: Vec<_> = (1..=20)
        .map(|n| {
            let more = format!(r#""valid_from_epoch": 1766547134, "x_n": "{n}","#);
            let seen = store.current_hash().unwrap();
            let publication = publication(&format!("v{n}"), &more);
            store.publish(&publication, seen).unwrap()
        })
        .collect();
    let listed = store.history(3).unwrap();
    let versions: Vec<_> = listed
        .iter()
        .map(|entry| entry.version().unwrap())
        .collect();
    assert_eq!(versions, ["v20", "v19", "v18"]);
    assert_eq!(listed[0].by(), Some("ada"));
    assert_eq!(listed[0].reason(), Some("it is time"));
    assert_eq!(listed[0].published_at(), Some(now()));
    assert_eq!(listed[0].rollback_of(), None);
    assert_eq!(store.history(usize::MAX).unwrap().len(), 20);

    let by_seq = store.publication(PublicationId::Seq(2)).unwrap().unwrap();
    let by_hash = store
        .publication(PublicationId::Hash(receipts[1].hash()))
        .unwrap()
        .unwrap();
    assert_eq!(by_seq.policy().unwrap(), receipts[1].policy());
    assert_eq!(by_hash.policy().unwrap(), receipts[1].policy());
    assert!(store.publication(PublicationId::Seq(21)).unwrap().is_none());

    let none = Guardrails::none();
    let seen = store.current_hash().unwrap();
    let back = rollback(PublicationId::Seq(2), &none, "1766549999.25");
    let receipt = store.rollback(&back, seen).unwrap();
    let loaded = store.load().unwrap();
    assert_eq!(loaded, *receipt.policy());
    assert_eq!((loaded.version(), loaded.seq()), ("v2", Some(21)));
    assert_eq!(loaded.valid_until(), at("1766549999.25"));
    assert_eq!(loaded.valid_from(), None);
    assert_eq!(loaded.fields()["x_n"], "2");
    assert_eq!(
        loaded.fields()["leverage_by_symbol"],
        receipts[1].policy().fields()["leverage_by_symbol"]
    );
    assert_ne!(loaded.hash(), receipts[1].hash());
    let newest = store.history(1).unwrap();
    assert_eq!(newest[0].rollback_of(), Some(receipts[1].hash()));
    let trail = store.audit().unwrap();
    let last = trail.entries().last().unwrap();
    assert_eq!(last.event(), Some("policy.rolled_back"));
    assert_eq!(last.by(), Some("grace"));

    // A rollback is checked for conflicts like any publication.
    check_conflict(store.rollback(&back, seen), seen, Some(loaded.hash()));
}

pub(crate) fn a_rollback_obeys_the_current_guardrails(fixture: &dyn Fixture) {
    let store = fixture.open();
    publish(&*store, "1");
    let seen = Some(publish(&*store, "2").hash());
    let strict = Guardrails::none().with_max_leverage(Leverage::new(10.0).unwrap());
    let refused = |back: &Rollback<'_>| store.rollback(back, seen).unwrap_err();
    assert_eq!(
        refused(&rollback(PublicationId::Seq(1), &strict, UNTIL)).code(),
        Some(SkipCode::PolicyConstraintViolation)
    );
    let none = Guardrails::none();
    assert_eq!(
        refused(&rollback(PublicationId::Seq(9), &none, UNTIL)),
        PublishError::NotInHistory(PublicationId::Seq(9))
    );
    let ended = refused(&rollback(PublicationId::Seq(1), &none, "1766547134.4"));
    assert!(matches!(ended, PublishError::NeverInForce { .. }));
    assert_eq!(store.load().unwrap().version(), "2");
}

/// Checks that publications, foreign writes, halts and withdrawals reach a feed.
pub(crate) fn a_feed_follows(fixture: &impl Fixture) {
    let store = fixture.open();
    let reader = VerifyingReader::new(fixture.open(), SequenceGuard::in_memory());
    let feed = Feed::start(reader, now).unwrap();
    let until = |what: &str, holds: &dyn Fn(&PolicySnapshot) -> bool| {
        for _ in 0..1000 {
            if holds(&feed.snapshot()) {
                return;
            }
            let number = feed.snapshot().number();
            let _ = feed.wait_for_change(number, Duration::from_millis(20));
        }
        panic!("timed out waiting for {what}; {feed:?}");
    };
    let rules = |version: &'static str| {
        until(version, &|snapshot| {
            let policy = snapshot.policy().policy();
            policy.is_ok_and(|policy| policy.version() == version)
        });
    };
    until("an empty store", &|snapshot| snapshot.number() == 1);
    publish(&*store, "1");
    rules("1");
    publish(&*store, "2");
    rules("2");
    fixture.put(&with_hash(&policy("foreign", ""), Some(3)));
    rules("foreign");
    store.halt(&Halt::Everything, &ada(), now()).unwrap();
    until("a halt", &|snapshot| *snapshot.halt() == Halt::Everything);
    fixture.put(&[]);
    until("a withdrawal", &|snapshot| {
        snapshot.policy().policy().is_err()
    });
    assert!(feed.health().is_connected());
    feed.stop();
}
