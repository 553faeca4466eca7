//! Tests of records that are not intents: positions, policy updates, and recorded decisions.

use portcullis::{
    decide::SkipCode,
    intent::RecordedPolicy,
    policy::PolicyState,
    record::{OtherRecord, PolicyText, Scratch, TapeRecord, read},
};

use super::{BOUGHT, NOW, at, decide, decide_at, engine, in_short, sample, with_intent};

const HASH: &str = "a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4";

fn with_record<T>(text: &str, look: impl FnOnce(&OtherRecord<'_>) -> T) -> T {
    let mut scratch = Scratch::default();
    match read(text, &mut scratch) {
        TapeRecord::Position(record)
        | TapeRecord::PolicyUpdated(record, _)
        | TapeRecord::PolicyWithdrawn(record) => look(&record),
        TapeRecord::Intent(_) | TapeRecord::RecordedDecision(_) => panic!("{text}"),
    }
}

#[track_caller]
fn check_policy_text(policy: &str, expected: Option<&str>) {
    let text = format!(r#"{{"event_type": "policy.updated"{policy}}}"#);
    let mut scratch = Scratch::default();
    let TapeRecord::PolicyUpdated(_, policy) = read(&text, &mut scratch) else {
        panic!("{text}");
    };
    assert_eq!(
        policy.as_ref().and_then(PolicyText::as_str),
        expected,
        "{text}"
    );
}

#[test]
fn a_policy_is_an_object_or_a_json_string() {
    check_policy_text(r#", "policy": {"a": 1}"#, Some(r#"{"a": 1}"#));
    check_policy_text(r#", "policy": "{\"a\": 1}""#, Some(r#"{"a": 1}"#));
    check_policy_text(r#", "policy": 7"#, Some("7"));
    check_policy_text(r#", "policy": {}, "policy": {}"#, None);
    check_policy_text("", None);
}

#[test]
fn a_record_has_its_time_and_policy_hash() {
    let position = |fields: &str| format!(r#"{{"event_type": "position.snapshot", {fields}}}"#);
    let recorded = |fields: &str| {
        let text = position(fields);
        with_record(&text, |record| record.recorded_policy())
    };
    let decided = r#""decided_at": 1766550700000"#;
    assert_eq!(
        recorded(&format!(r#"{decided}, "policy_hash": "{HASH}""#)),
        RecordedPolicy::Hash(HASH.parse().unwrap())
    );
    assert_eq!(
        recorded(&format!(r#"{decided}, "policy_hash": "x""#)),
        RecordedPolicy::Missing
    );
    let without_time = format!(r#""policy_hash": "{HASH}""#);
    for fields in [decided, &without_time] {
        assert_eq!(recorded(fields), RecordedPolicy::NotRecorded);
    }

    let assumed = |timestamp: &str| {
        let text = position(&format!(r#""timestamp": "{timestamp}""#));
        with_record(&text, |record| record.offset_assumed())
    };
    assert!(assumed("2025-12-24T04:31:40"));
    assert!(!assumed("2025-12-24T04:31:40Z"));
    assert!(!assumed("2025-12-24T04:31:40+01:00"));
}

/// Checks the id, the time, the policy and the service denial of a recorded decision, and the decision of the engine.
#[track_caller]
fn check_decided(fields: &str, expected: [&str; 5]) {
    let text = format!(r#"{{"event_type": "trade.decided", {fields}}}"#);
    let mut scratch = Scratch::default();
    let TapeRecord::RecordedDecision(decided) = read(&text, &mut scratch) else {
        panic!("{text}");
    };
    let or_dash = |text: Option<String>| text.unwrap_or("-".to_owned());
    let objection = decided
        .objection()
        .map(|it| format!("{}: {}", it.reason(), it.detail()));
    let recorded = match decided.recorded_policy() {
        RecordedPolicy::Hash(hash) => Some(hash.short()),
        RecordedPolicy::NotRecorded | RecordedPolicy::Missing => None,
    };
    let policy = sample();
    let state = PolicyState::present(&policy);
    let intent = decided.intent();
    let decision = decide_at(&engine("{}"), state, intent, Some(at(NOW)), in_short);
    let found = [
        or_dash(decided.id().map(str::to_owned)),
        or_dash(decided.at().map(|at| at.as_millis().to_string())),
        or_dash(recorded),
        or_dash(objection),
        decision,
    ];
    assert_eq!(found.each_ref().map(String::as_str), expected, "{text}");
}

#[test]
fn a_recorded_decision_has_an_entry_and_service_data() {
    const ENTRY: &str = r#""entry": {"symbol": "BTCUSDT", "side": "BUY", "size": 250}"#;
    const INVALID: &str = "SKIP INTENT_INVALID";
    let at = r#""id": "7-0", "decided_at": 1766550700000"#;
    let all = format!(
        r#"{at}, "policy_hash": "{HASH}", "objection": {{"reason": "INTENT_DUPLICATE", "detail": "seen"}}"#
    );
    let seen = "INTENT_DUPLICATE: seen";
    check_decided(
        &format!("{all}, {ENTRY}"),
        ["7-0", "1766550700000", "a1b2c3d4", seen, BOUGHT],
    );
    check_decided(
        &format!("{at}, {ENTRY}"),
        ["7-0", "1766550700000", "-", "-", BOUGHT],
    );
    // The id of the entry takes precedence over the id of the record.
    check_decided(
        r#""id": "7-0", "decided_at": 1766550700000, "entry": {"id": "a-1", "symbol": "BTCUSDT", "side": "BUY", "size": 250}"#,
        ["a-1", "1766550700000", "-", "-", BOUGHT],
    );
    // An incomplete record makes the entry invalid.
    check_decided(at, ["7-0", "1766550700000", "-", "-", INVALID]);
    check_decided(ENTRY, ["-", "-", "-", "-", INVALID]);
    check_decided(
        &format!(r#""id": "7-0", "decided_at": "x", {ENTRY}"#),
        ["7-0", "-", "-", "-", INVALID],
    );
    check_decided(
        &format!(r#"{at}, "policy_hash": "x", {ENTRY}"#),
        ["7-0", "1766550700000", "-", "-", INVALID],
    );
    for objection in [
        r#"{"reason": "POLICY_STALE", "detail": "x"}"#,
        r#"{"reason": "RUMOUR", "detail": "x"}"#,
        r#"{"reason": "INTENT_DUPLICATE"}"#,
        r#"{"detail": "x"}"#,
        r#"{"reason": "INTENT_DUPLICATE", "reason": "INTENT_DUPLICATE", "detail": "x"}"#,
        r#"{"reason": "INTENT_DUPLICATE", "detail": "x", "detail": "x"}"#,
        "7",
    ] {
        check_decided(
            &format!(r#"{at}, "objection": {objection}, {ENTRY}"#),
            ["7-0", "1766550700000", "-", "-", INVALID],
        );
    }
    for twice in ["id", "decided_at", "policy_hash", "objection"] {
        check_decided(
            &format!(r#""{twice}": null, "{twice}": null, {ENTRY}"#),
            ["-", "-", "-", "-", INVALID],
        );
    }
    check_decided(
        &format!("{at}, {ENTRY}, {ENTRY}"),
        ["7-0", "1766550700000", "-", "-", INVALID],
    );
}

#[test]
fn a_recorded_exit_needs_no_service_data() {
    const EXIT: &str =
        r#""entry": {"symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"}"#;
    check_decided(EXIT, ["-", "-", "-", "-", "EXIT BTCUSDT - not stated"]);
}

#[test]
fn two_payloads_differ_from_a_duplicate_payload() {
    let text = |record: &str| decide(Some(&sample()), record, |decision| decision.to_string());
    let both = text(r#"{"payload": {}, "data": {}}"#);
    assert!(
        both.contains("`payload`") && both.contains("`data`"),
        "{both}"
    );
    let twice = text(r#"{"payload": {}, "payload": {}}"#);
    assert!(
        twice.contains("the key `payload` occurs more than once"),
        "{twice}"
    );
    let twice = text(r#"{"payload": {"event_type": "rumour"}, "payload": {}}"#);
    assert!(
        twice.contains("the key `payload` occurs more than once"),
        "{twice}"
    );
    let unreadable = text(r#"{"payload": {}, "data": 7}"#);
    assert!(
        unreadable.contains(SkipCode::IntentUnreadable.code()) && unreadable.contains("`data`"),
        "{unreadable}"
    );
}

/// Returns unknown keys of every length that a known key has, because the reader compares the
/// length of a key first.
fn unknown_keys() -> impl Iterator<Item = String> {
    (2..=17).map(|length| format!(r#""{}": "?""#, "~".repeat(length)))
}

#[test]
fn unknown_keys_are_ignored() {
    const FIELDS: &str = r#""symbol": "BTCUSDT", "side": "BUY", "size": 250"#;
    let seen = |record: &str| with_intent(record, |intent| format!("{intent:?}"));
    let flat = seen(&format!("{{{FIELDS}}}"));
    let enveloped = seen(&format!(r#"{{"payload": {{{FIELDS}}}}}"#));
    for key in unknown_keys() {
        assert_eq!(seen(&format!("{{{FIELDS}, {key}}}")), flat, "{key}");
        let beside = format!(r#"{{"payload": {{{FIELDS}}}, {key}}}"#);
        assert_eq!(seen(&beside), enveloped, "{key}");
        check_policy_text(&format!(r#", "policy": {{}}, {key}"#), Some("{}"));
    }
}
