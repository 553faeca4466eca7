//! The system clock. No other module of the commands reads it.

use std::time::SystemTime;

use portcullis::types::{SignedDuration, Timestamp};

use super::Failure;

/// Returns the current time.
pub(super) fn now() -> Result<Timestamp, Failure> {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| Failure::unusable("the system clock is before 1970; set the clock"))?;
    i64::try_from(since_epoch.as_micros())
        .ok()
        .and_then(|micros| Timestamp::from_micros(micros).ok())
        .ok_or_else(|| Failure::unusable("the system clock is after the year 9999; set the clock"))
}

/// Returns the end of a validity that begins now.
pub(super) fn after(validity: SignedDuration) -> Result<Timestamp, Failure> {
    let end = now()?.saturating_add(validity);
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
