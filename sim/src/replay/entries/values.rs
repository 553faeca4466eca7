//! Access to the values of plain lines.

use portcullis::types::{IsoOffset, Timestamp};

use super::{keys::Key, names::Name};

/// The values of a plain line by key. An absent value and null are `None`.
pub(super) trait PlainValues<'a> {
    /// Returns a text, which is valid UTF-8.
    fn text(&self, key: Key) -> Option<&'a [u8]>;

    /// Returns a text of at most 16 bytes; `None` also if it is longer.
    fn name(&self, key: Key) -> Option<Name>;

    /// Returns a number that is not negative.
    fn number(&self, key: Key) -> Option<f64>;

    /// Returns a time in epoch milliseconds.
    ///
    /// # Errors
    /// Returns an error if it is not a whole number.
    fn millis(&self, key: Key) -> Result<Option<i64>, NotPlain>;

    /// Returns `timestamp`.
    ///
    /// # Errors
    /// Returns an error if it is neither ISO-8601 nor epoch seconds.
    fn timestamp(&self) -> Result<Option<(Timestamp, IsoOffset)>, NotPlain>;
}

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
