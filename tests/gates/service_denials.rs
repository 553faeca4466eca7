//! Tests of service denials and their precedence over the gates.

use portcullis::{
    answer::Answer,
    decide::{ServiceDenial, SkipCode},
};

use super::{decide, sample};

const ENTRY: &str = r#"{"symbol": "BTCUSDT", "side": "BUY", "size": 250}"#;
const NOT_LISTED: &str = r#"{"symbol": "XRPUSDT", "side": "BUY", "size": 250}"#;
const AMBIGUOUS: &str = r#"{"symbol": "BTCUSDT", "side": "BUY", "action": "SELL", "size": 250}"#;
const EXIT: &str = r#"{"symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"}"#;

#[track_caller]
fn check(reason: SkipCode, record: &str, takes_precedence_over: bool) {
    let objection = ServiceDenial::new(reason, "as the service saw it").unwrap();
    let found = decide(Some(&sample()), record, |decision| {
        objection.takes_precedence_over(decision)
    });
    assert_eq!(found, takes_precedence_over, "{reason} against {record}");
}

#[test]
fn a_denial_applies_unless_an_earlier_gate_denies() {
    for reason in [
        SkipCode::IntentUnreadable,
        SkipCode::TradingHalted,
        SkipCode::PolicyMissing,
        SkipCode::ClockUntrusted,
        SkipCode::IntentDuplicate,
        SkipCode::IntentSuperseded,
        SkipCode::IntentUnsupported,
    ] {
        check(reason, ENTRY, true);
    }
    // The universe gate is checked after the clock and before the duplicate id.
    check(SkipCode::ClockUntrusted, NOT_LISTED, true);
    check(SkipCode::PolicyStoreUnavailable, NOT_LISTED, true);
    check(SkipCode::IntentDuplicate, NOT_LISTED, false);
    check(SkipCode::IntentUnsupported, NOT_LISTED, false);
    // An ambiguous intent is denied by the first gate.
    check(SkipCode::IntentUnreadable, AMBIGUOUS, true);
    check(SkipCode::TradingHalted, AMBIGUOUS, false);
    check(SkipCode::PolicyMissing, AMBIGUOUS, false);
}

#[test]
fn exits_ignore_denials() {
    for reason in [
        SkipCode::IntentUnreadable,
        SkipCode::TradingHalted,
        SkipCode::IntentDuplicate,
        SkipCode::IntentUnsupported,
    ] {
        check(reason, EXIT, false);
    }
}

#[test]
fn gate_reasons_are_not_service_denials() {
    for reason in [
        SkipCode::IntentInvalid,
        SkipCode::DenyNotExitOwner,
        SkipCode::PolicyStale,
        SkipCode::PolicyUniverseFilter,
        SkipCode::PolicyLimitExceeded,
        SkipCode::HarvestNoPosition,
    ] {
        assert_eq!(ServiceDenial::new(reason, "x"), None, "{reason}");
    }
}

#[test]
fn a_denial_row_has_the_detail_of_the_service() {
    let hash = sample().hash();
    let row = |reason| {
        let objection = ServiceDenial::new(reason, "entry 12 of that id").unwrap();
        assert_eq!(objection.detail(), "entry 12 of that id");
        decide(Some(&sample()), ENTRY, |decision| {
            serde_json::to_string(&Answer::denied_by_service(decision, &objection)).unwrap()
        })
    };
    let rest = format!(
        r#""detail":"entry 12 of that id","policy_version":"1.0.0-ai-sample","policy_hash":"{hash}"}}"#
    );
    assert_eq!(
        row(SkipCode::IntentDuplicate),
        format!(
            r#"{{"event":"trade.intent","id":"0","symbol":"BTCUSDT","side":"BUY","decision":"SKIP","reason":"INTENT_DUPLICATE",{rest}"#
        )
    );
    // An unreadable record has no event type.
    assert_eq!(
        row(SkipCode::IntentUnreadable),
        format!(
            r#"{{"id":"0","symbol":"BTCUSDT","side":"BUY","decision":"SKIP","reason":"INTENT_UNREADABLE",{rest}"#
        )
    );
}
