//! Parsers of argument values.

use std::{ops::RangeInclusive, path::PathBuf};

use portcullis::types::{SignedDuration, Timestamp};
use portcullis_service::runtime::system_time;

use crate::failure::Failure;

/// Parses a whole number within inclusive bounds.
pub(crate) fn parse_whole(text: &str, bounds: RangeInclusive<u64>) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if bounds.contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(format!(
            "not a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )),
    }
}

/// Parses a timestamp in epoch seconds.
pub(crate) fn parse_epoch(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_epoch_seconds(text)
        .map_err(|error| format!("expected epoch seconds, but it is {error}"))
}

/// Parses a duration in seconds, greater than 0.
pub(crate) fn parse_validity(text: &str) -> Result<SignedDuration, String> {
    let since_epoch = Timestamp::parse_epoch_seconds(text)
        .map_err(|error| format!("expected seconds, but it is {error}"))?;
    if since_epoch.as_micros() > 0 {
        Ok(SignedDuration::from_micros(since_epoch.as_micros()))
    } else {
        Err("expected seconds, but it is not greater than 0".to_owned())
    }
}

/// Returns the expiry of a policy that is valid for this duration from now.
pub(crate) fn valid_until(validity: SignedDuration) -> Result<Timestamp, Failure> {
    let end = system_time()?.saturating_add(validity);
    if end == Timestamp::MAX {
        return Err(Failure::error(
            "the policy would be valid beyond the year 9999; use a smaller `--valid-for`",
        ));
    }
    Ok(end)
}

/// Parses the path of a report, which cannot be standard output.
pub(crate) fn parse_report(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" | "/dev/stdout" => Err("a report must be written to a file".to_owned()),
        "" => Err("the file name is empty".to_owned()),
        name => Ok(name.into()),
    }
}
