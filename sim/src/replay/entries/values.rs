//! Reading of times.

use portcullis::types::{IsoOffset, Timestamp};

/// A value that only the general path reads.
#[derive(Debug)]
pub(super) struct NotPlain;

/// Reads epoch seconds, or an ISO-8601 text that starts with a year.
pub(super) fn instant(text: &[u8]) -> Result<(Timestamp, IsoOffset), NotPlain> {
    let starts_with_year = text.get(4) == Some(&b'-');
    let text = std::str::from_utf8(text).map_err(|_| NotPlain)?;
    let time = if starts_with_year {
        Timestamp::parse_iso(text)
    } else {
        Timestamp::parse_epoch_seconds(text).map(|at| (at, IsoOffset::Given))
    };
    time.map_err(|_| NotPlain)
}
