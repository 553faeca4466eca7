//! Tests of gate 4: there is a policy, and the guardrails permit it.

use super::{BOUGHT, ENTRY, check_at, check_text, check_with, sample, sample_with};

const FORBIDDEN: &str = "SKIP POLICY_CONSTRAINT_VIOLATION";

#[test]
fn no_policy_is_a_skip() {
    check_text(
        None,
        ENTRY,
        "SKIP POLICY_MISSING: no policy [POLICY_MISSING_FIELD]",
    );
}

/// Without `valid_from_epoch`, the validity counts from the time of the decision.
#[test]
fn the_validity_is_bounded() {
    let check = |fields: Option<&str>, seconds: &str, expected: &str| {
        let policy = fields.map_or_else(sample, sample_with);
        let guardrails = format!(r#"{{"max_validity_sec": {seconds}}}"#);
        check_at(&policy, &guardrails, ENTRY, None, expected);
    };
    check(None, "44.062733", BOUGHT);
    check(None, "44.062732", FORBIDDEN);
    let from = Some(r#""valid_from_epoch": 1766547134.062733"#);
    check(from, "3600", BOUGHT);
    check(from, "3599.999999", FORBIDDEN);
}

#[test]
fn market_and_venue_must_match() {
    for field in ["market", "venue"] {
        let guardrails = format!(r#"{{"{field}": "wanted"}}"#);
        let check = |value: &str, expected: &str| {
            let policy = sample_with(&format!(r#""{field}": "{value}""#));
            check_at(&policy, &guardrails, ENTRY, None, expected);
        };
        check("wanted", BOUGHT);
        check("Wanted", FORBIDDEN);
        check("other", FORBIDDEN);
        check_with(&guardrails, ENTRY, FORBIDDEN);
    }
}

#[test]
fn good_metadata_can_be_required() {
    let guardrails = r#"{"require_metadata_ok": true}"#;
    let check = |value: &str, expected: &str| {
        let policy = sample_with(&format!(r#""metadata_ok": {value}"#));
        check_at(&policy, guardrails, ENTRY, None, expected);
        check_at(&policy, "{}", ENTRY, None, BOUGHT);
    };
    for good in ["true", "1", r#""True""#] {
        check(good, BOUGHT);
    }
    for bad in ["false", "0", r#""""#, r#""yes""#, "2"] {
        check(bad, FORBIDDEN);
    }
    // A policy without `metadata_ok` is refused as well.
    check_with(guardrails, ENTRY, FORBIDDEN);
    check_with(r#"{"require_metadata_ok": false}"#, ENTRY, BOUGHT);
}

#[test]
fn a_hash_can_be_required() {
    let guardrails = r#"{"require_policy_hash": true}"#;
    let stated = format!(r#""policy_hash": "{}""#, sample().hash());
    check_with(guardrails, ENTRY, FORBIDDEN);
    check_at(&sample_with(&stated), guardrails, ENTRY, None, BOUGHT);
}
