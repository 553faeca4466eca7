//! Service denials, and when they take precedence over the gates.

use portcullis::{
    answer::Answer,
    decide::{Objection, Reason},
};

use super::super::{decide, sample};

const ENTRY: &str = r#"{"symbol": "BTCUSDT", "side": "BUY", "size": 250}"#;
const NOT_LISTED: &str = r#"{"symbol": "XRPUSDT", "side": "BUY", "size": 250}"#;
const AMBIGUOUS: &str = r#"{"symbol": "BTCUSDT", "side": "BUY", "action": "SELL", "size": 250}"#;
const EXIT: &str = r#"{"symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"}"#;

#[track_caller]
fn check(reason: Reason, record: &str, outweighs: bool) {
    let objection = Objection::new(reason, "as the service saw it").unwrap();
    let found = decide(Some(&sample()), record, |decision| {
        objection.outweighs(decision)
    });
    assert_eq!(found, outweighs, "{reason} against {record}");
}

#[test]
fn a_denial_applies_unless_an_earlier_gate_denies() {
    for reason in [
        Reason::IntentUnreadable,
        Reason::TradingHalted,
        Reason::PolicyMissing,
        Reason::ClockUntrusted,
        Reason::IntentDuplicate,
        Reason::IntentSuperseded,
    ] {
        check(reason, ENTRY, true);
    }
    // The universe gate comes after the clock and before the duplicate.
    check(Reason::ClockUntrusted, NOT_LISTED, true);
    check(Reason::PolicyStoreUnavailable, NOT_LISTED, true);
    check(Reason::IntentDuplicate, NOT_LISTED, false);
    // An ambiguous intent is denied by the first gate.
    check(Reason::IntentUnreadable, AMBIGUOUS, true);
    check(Reason::TradingHalted, AMBIGUOUS, false);
    check(Reason::PolicyMissing, AMBIGUOUS, false);
}

#[test]
fn exits_ignore_denials() {
    for reason in [
        Reason::IntentUnreadable,
        Reason::TradingHalted,
        Reason::IntentDuplicate,
    ] {
        check(reason, EXIT, false);
    }
}

#[test]
fn gate_reasons_are_not_service_denials() {
    for reason in [
        Reason::IntentInvalid,
        Reason::DenyNotExitOwner,
        Reason::PolicyStale,
        Reason::PolicyUniverseFilter,
        Reason::PolicyLimitExceeded,
        Reason::HarvestNoPosition,
    ] {
        assert_eq!(Objection::new(reason, "x"), None, "{reason}");
    }
}

#[test]
fn a_denial_row_has_the_detail_of_the_service() {
    let hash = sample().hash();
    let row = |reason| {
        let objection = Objection::new(reason, "entry 12 of that id").unwrap();
        assert_eq!(objection.detail(), "entry 12 of that id");
        decide(Some(&sample()), ENTRY, |decision| {
            serde_json::to_string(&Answer::objected(decision, &objection)).unwrap()
        })
    };
    let rest = format!(
        r#""detail":"entry 12 of that id","policy_version":"1.0.0-ai-sample","policy_hash":"{hash}"}}"#
    );
    assert_eq!(
        row(Reason::IntentDuplicate),
        format!(
            r#"{{"event":"trade.intent","id":"0","symbol":"BTCUSDT","side":"BUY","decision":"SKIP","reason":"INTENT_DUPLICATE",{rest}"#
        )
    );
    // An unreadable record has no event type.
    assert_eq!(
        row(Reason::IntentUnreadable),
        format!(
            r#"{{"id":"0","symbol":"BTCUSDT","side":"BUY","decision":"SKIP","reason":"INTENT_UNREADABLE",{rest}"#
        )
    );
}
