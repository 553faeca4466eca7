//! The clock of this machine: the one place where a command reads it.

use std::time::SystemTime;

use portcullis::domain::{Instant, Span};

use super::Failure;

/// This instant.
pub(super) fn now() -> Result<Instant, Failure> {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| Failure::unusable("the clock of this machine stands before 1970"))?;
    i64::try_from(since_epoch.as_micros())
        .ok()
        .and_then(|micros| Instant::from_micros(micros).ok())
        .ok_or_else(|| Failure::unusable("the clock of this machine stands after the year 9999"))
}

/// The end of a validity that begins now.
pub(super) fn after(validity: Span) -> Result<Instant, Failure> {
    let end = now()?.saturating_add(validity);
    if end == Instant::MAX {
        return Err(Failure::unusable(
            "the policy would be valid beyond the year 9999",
        ));
    }
    Ok(end)
}

/// A length of time given in seconds.
pub(super) fn parse_validity(text: &str) -> Result<Span, String> {
    let end = Instant::parse_epoch_seconds(text).map_err(|error| format!("seconds: {error}"))?;
    if end.as_micros() > 0 {
        Ok(Span::from_micros(end.as_micros()))
    } else {
        Err("seconds: not greater than 0".to_owned())
    }
}
