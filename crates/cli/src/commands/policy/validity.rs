//! The validity of a policy that begins now.

use portcullis::types::{SignedDuration, Timestamp};
use portcullis_service::runtime::system_time;

use super::super::Failure;

/// Returns the end of a validity that begins now.
pub(super) fn valid_until(validity: SignedDuration) -> Result<Timestamp, Failure> {
    let end = system_time()?.saturating_add(validity);
    if end == Timestamp::MAX {
        return Err(Failure::unusable(
            "the policy would be valid beyond the year 9999; use a smaller `--valid-for`",
        ));
    }
    Ok(end)
}

/// Parses a duration in seconds, greater than 0.
pub(super) fn parse_validity(text: &str) -> Result<SignedDuration, String> {
    let end = Timestamp::parse_epoch_seconds(text).map_err(|error| format!("seconds: {error}"))?;
    if end.as_micros() > 0 {
        Ok(SignedDuration::from_micros(end.as_micros()))
    } else {
        Err("seconds must be greater than 0".to_owned())
    }
}
