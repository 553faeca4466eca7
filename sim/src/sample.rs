//! The sample policy, as `policy sample` writes it.

use portcullis::domain::Instant;

const DOCUMENT: &str = include_str!("sample-policy.json");

/// The sample policy as a JSON document.
#[must_use]
pub fn policy_json(valid_until: Instant) -> String {
    let micros = valid_until.as_micros();
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    // A number of its own digits: no trip through floating point.
    DOCUMENT.replace("\"VALID_UNTIL\"", &format!("{seconds}.{fraction:06}"))
}
