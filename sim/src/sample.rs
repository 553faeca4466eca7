//! The sample policy that `policy sample` writes.

use portcullis::types::Timestamp;

const DOCUMENT: &str = include_str!("sample-policy.json");

/// Returns the sample policy as a JSON document that is valid until the given time.
#[must_use]
pub fn policy_json(valid_until: Timestamp) -> String {
    let micros = valid_until.as_micros();
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    // The digits are written directly, because a conversion to floating point would lose precision.
    DOCUMENT.replace("\"VALID_UNTIL\"", &format!("{seconds}.{fraction:06}"))
}
