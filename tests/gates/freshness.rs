//! Tests of gate 6: the age of an intent, and its lead over the clock.

use super::{BOUGHT, ENTRY, NOW, check_at, check_with, sample, sample_with};

const STALE: &str = "SKIP INTENT_STALE";
const UNTRUSTED: &str = "SKIP CLOCK_UNTRUSTED";

/// Checks an entry with other time fields. The clock is at `1766550400`, the bounds are 60 s of age and 5 s of lead.
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
    check_times(r#""decided_at": 1766550400000"#, BOUGHT);
    check_times(r#""model": "m""#, STALE);
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
