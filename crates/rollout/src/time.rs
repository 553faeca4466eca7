//! The check of times in documents.

use portcullis::types::Timestamp;
use thiserror::Error;

/// 2000-01-01T00:00:00Z in epoch microseconds.
const FIRST: i64 = 946_684_800_000_000;
/// 2100-01-01T00:00:00Z in epoch microseconds.
const LAST: i64 = 4_102_444_800_000_000;

/// The error for a time before 2000-01-01T00:00:00Z or after 2100-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} is not between 2000-01-01T00:00:00Z and 2100-01-01T00:00:00Z; correct the year")]
pub struct TimeError(Timestamp);

/// Returns the time if it is between the years 2000 and 2100.
pub(crate) fn plausible(at: Timestamp) -> Result<Timestamp, TimeError> {
    if (FIRST..=LAST).contains(&at.as_micros()) {
        Ok(at)
    } else {
        Err(TimeError(at))
    }
}
