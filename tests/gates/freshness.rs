//! Tests of gate 6: the age of an intent, and its lead over the clock.

use super::{BOUGHT, ENTRY, NOW, check_at, check_with, sample, sample_with};

const STALE: &str = "SKIP INTENT_STALE";
const UNTRUSTED: &str = "SKIP CLOCK_UNTRUSTED";

/// Checks an entry with these time fields. The clock is at `1766550400`, the bounds are 60 s of age and 5 s of lead.
#[track_caller]
fn check_times(fields: &str, expected: &str) {
    let record = ENTRY.replace(r#""ts": 1766550690000"#, fields);
    let bounds = r#"{"max_intent_age_sec": 60, "max_intent_skew_sec": 5}"#;
    check_at(&sample(), bounds, &record, Some("1766550400"), expected);
}

#[test]
fn the_age_counts_from_the_time_of_sending() {
    check_times(r#""ts": 1766550340000"#, BOUGHT);
    check_times(r#""ts": 1766550339999"#, STALE);
    check_times(r#""ts": 1766550405000"#, BOUGHT);
    check_times(r#""ts": 1766550405001"#, UNTRUSTED);
    check_times(r#""decided_at": 1766550400000, "ts": 1766550300000"#, STALE);
    // The time of a decision is not a time of sending.
    check_times(r#""decided_at": 1766550400000"#, STALE);
    check_times(r#""model": "m""#, STALE);
}

#[test]
fn the_age_counts_from_the_earliest_time_and_the_lead_from_the_latest() {
    // 2025-12-24T04:26:40Z is the time of the clock.
    let two_hours_ago = r#""timestamp": "2025-12-24T02:26:40Z""#;
    check_times(
        &format!(r#""id": "1766550400000-0", {two_hours_ago}"#),
        STALE,
    );
    check_times(&format!(r#""ts": 1766550400000, {two_hours_ago}"#), STALE);
    check_times(r#""ts": 1766550400000, "timestamp": 1766550400"#, BOUGHT);
    check_times(
        r#""id": "1766550406000-0", "timestamp": 1766550400"#,
        UNTRUSTED,
    );
    check_times(r#""ts": 1766550400000, "timestamp": 1766550406"#, UNTRUSTED);
    check_times(
        r#""ts": 1766550400000, "created_at": 1, "open_time": 5"#,
        BOUGHT,
    );
    let payload = r#"{"symbol": "BTCUSDT", "side": "BUY", "size": 250, "ts": 1766550400000}"#;
    let bounds = r#"{"max_intent_age_sec": 60}"#;
    for (outer, expected) in [
        (r#""ts": 1766550330000"#, STALE),
        (r#""timestamp": 1766550330"#, STALE),
        (r#""id": "1766550330000-0""#, STALE),
        (r#""id": "1766550390000-0""#, BOUGHT),
    ] {
        let record = format!(r#"{{{outer}, "payload": {payload}}}"#);
        check_at(&sample(), bounds, &record, Some("1766550400"), expected);
    }
}

#[test]
fn the_timestamp_of_a_source_may_be_the_time_of_a_candle() {
    let record = |at: i64| {
        format!(
            r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250, "source": "bars", "timestamp": {at}}}"#
        )
    };
    let bounds = |meaning: &str| {
        format!(r#"{{"max_intent_age_sec": 60, "timestamp_is": {{"bars": {meaning}}}}}"#)
    };
    let open = bounds(r#"{"is": "bar_open", "interval_sec": 900}"#);
    let close = bounds(r#"{"is": "bar_close"}"#);
    let other = r#"{"max_intent_age_sec": 60, "timestamp_is": {"x": {"is": "bar_close"}}}"#;
    for (guardrails, at, expected) in [
        (&*open, 1_766_550_400 - 900, BOUGHT),
        (&open, 1_766_550_400 - 960, BOUGHT),
        (&open, 1_766_550_400 - 961, STALE),
        (&close, 1_766_550_400 - 60, BOUGHT),
        (&close, 1_766_550_400 - 61, STALE),
        (other, 1_766_550_400 - 900, STALE),
    ] {
        check_at(
            &sample(),
            guardrails,
            &record(at),
            Some("1766550400"),
            expected,
        );
    }
}

#[test]
fn an_unknown_lead_exceeds_every_bound() {
    let undated = ENTRY.replace(r#", "ts": 1766550690000"#, "");
    check_with(r#"{"max_intent_skew_sec": 5}"#, &undated, UNTRUSTED);
    check_with("{}", &undated, BOUGHT);
}

/// The entry is 10 s older than [`NOW`].
#[test]
fn the_tighter_bound_of_policy_and_guardrails_applies() {
    for (policy, operator, expected) in [
        ("10", "10", BOUGHT),
        ("9.999999", "11", STALE),
        ("11", "9.999999", STALE),
    ] {
        let policy = sample_with(&format!(r#""limits": {{"max_intent_age_sec": {policy}}}"#));
        let guardrails = format!(r#"{{"max_intent_age_sec": {operator}}}"#);
        check_at(&policy, &guardrails, ENTRY, Some(NOW), expected);
    }
}
