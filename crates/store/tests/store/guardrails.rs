//! Tests that publications and decisions check the same guardrails.

use std::collections::BTreeSet;

use portcullis::{
    decide::{Engine, SkipCode},
    exit::ExitOwnership,
    guardrails::{ConstraintViolation, Guardrails},
    policy::PolicyState,
    record::{Scratch, TapeRecord, read},
    types::{Leverage, SignedDuration, Symbol},
};
use portcullis_store::{MemoryStore, PolicyStore, Publication, PublishError};

use crate::policies::{UNTIL, ada, at, now, policy};

fn check(guardrails: &Guardrails, more: &str, expected: &[&str]) {
    let policy = policy("1", more);
    let found: Vec<_> = guardrails
        .violations(&policy, Some(now()))
        .map(ConstraintViolation::into_owned)
        .filter(|violation| *violation != ConstraintViolation::NoHash)
        .collect();
    let texts: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
    match Publication::new(policy, guardrails, ada(), now()) {
        Ok(publication) => {
            assert!(expected.is_empty());
            MemoryStore::new().publish(&publication, None).unwrap();
        }
        Err(error) => {
            assert_eq!(error.code(), Some(SkipCode::PolicyConstraintViolation));
            assert_eq!(error, PublishError::ConstraintViolation(found));
        }
    }
}

#[test]
fn every_violated_guardrail_is_reported() {
    let none = Guardrails::none();
    check(&none, "", &[]);
    let hour = SignedDuration::from_micros(3_600_000_000);
    let validity = none.clone().with_max_validity(hour);
    check(&validity, "", &[]);
    // The loop uses the maximum validity, and one microsecond more.
    let whole = none
        .clone()
        .with_max_validity(SignedDuration::from_micros(3_600_062_733));
    check(&whole, r#""valid_from_epoch": 1766547134,"#, &[]);
    check(
        &whole,
        r#""valid_from_epoch": 1766547133.999999,"#,
        &[
            "the policy is valid for 3600.062734 s; the guardrails allow at most 3600.062733 s (`max_validity_sec`)",
        ],
    );
    check(
        &validity,
        r#""valid_from_epoch": 1766547134,"#,
        &[
            "the policy is valid for 3600.062733 s; the guardrails allow at most 3600 s (`max_validity_sec`)",
        ],
    );
    let placed = none.clone().with_market("futures").with_venue("binance");
    check(&placed, r#""market": "futures", "venue": "binance","#, &[]);
    check(
        &placed,
        r#""market": "spot","#,
        &[
            "the market of the policy is `spot`; the guardrails require `futures`",
            "the policy has no `venue`; the guardrails require `binance`",
        ],
    );
    check(
        &none.clone().with_max_leverage(Leverage::new(11.0).unwrap()),
        "",
        &[
            "the policy has leverage 12 for BNBUSDT; the guardrails allow at most 11 (`max_leverage`)",
            "the policy has leverage 15 for ADAUSDT; the guardrails allow at most 11 (`max_leverage`)",
        ],
    );
    let listed = policy("1", "");
    let most: BTreeSet<Symbol> = listed.symbols().skip(1).collect();
    check(
        &none.clone().with_permitted_symbols(most),
        "",
        &["the policy lists BTCUSDT, but the guardrails do not permit it (`permitted_symbols`)"],
    );
    let metadata = none.clone().with_required_metadata_ok();
    check(&metadata, r#""metadata_ok": true,"#, &[]);
    check(
        &metadata,
        r#""metadata_ok": false,"#,
        &[
            "`metadata_ok` of the policy is `false`; the guardrails require `true` (`require_metadata_ok`)",
        ],
    );
    check(
        &metadata,
        "",
        &["the policy has no `metadata_ok`; the guardrails require `true` (`require_metadata_ok`)"],
    );
    // A publication adds the hash.
    check(&none.with_required_policy_hash(), "", &[]);
}

#[test]
fn an_expired_policy_is_not_published() {
    let publish = |more: &str, now: &str| {
        Publication::new(policy("1", more), &Guardrails::none(), ada(), at(now)).map(|_| ())
    };
    assert_eq!(publish("", UNTIL), Ok(()));
    let late = publish("", "1766550734.062734").unwrap_err();
    assert_eq!(late.code(), Some(SkipCode::PolicyStale));
    let backwards = publish(r#""valid_from_epoch": 1766550735,"#, "1766547134");
    assert_eq!(backwards.unwrap_err().code(), Some(SkipCode::PolicyStale));
}

/// Gate 4 of the engine checks the same guardrails.
#[test]
fn a_decision_checks_the_same_guardrails() {
    let hour = SignedDuration::from_micros(3_600_000_000);
    let none = Guardrails::none();
    for guardrails in [
        none.clone(),
        none.clone().with_max_validity(hour),
        none.clone().with_market("futures"),
        none.with_venue("binance"),
    ] {
        for more in [
            "",
            r#""valid_from_epoch": 1766547134,"#,
            r#""valid_from_epoch": 1766547134.1,"#,
            r#""market": "futures","#,
            r#""market": "spot", "venue": "binance","#,
        ] {
            let policy = policy("1", more);
            let text =
                r#"{"symbol": "BTCUSDT", "side": "BUY", "source": "s", "position_size_usd": 100}"#;
            let owner = ExitOwnership::new("owner").unwrap();
            let engine = Engine::new(guardrails.clone(), owner);
            let mut scratch = Scratch::default();
            let TapeRecord::Intent(intent) = read(text, &mut scratch) else {
                panic!("no intent");
            };
            let decision = engine.decide(PolicyState::present(&policy), &intent, now());
            let denied = decision.reason() == Some(SkipCode::PolicyConstraintViolation);
            let violates = guardrails.violations(&policy, Some(now())).next().is_some();
            assert_eq!(denied, violates, "{guardrails:?} {more}");
        }
    }
}
