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

    /// Returns `ts` in epoch milliseconds.
    ///
    /// # Errors
    /// Returns an error if it is not a whole number.
    fn ts(&self) -> Result<Option<i64>, NotPlain>;

    /// Returns `timestamp`.
    ///
    /// # Errors
    /// Returns an error if it is not ISO-8601.
    fn timestamp(&self) -> Result<Option<(Timestamp, IsoOffset)>, NotPlain>;
}

/// A value that only the general path reads.
#[derive(Debug)]
pub(super) struct NotPlain;

/// Reads an ISO-8601 text that starts with a year.
pub(super) fn iso(text: &[u8]) -> Result<(Timestamp, IsoOffset), NotPlain> {
    let starts_with_year = text.get(4) == Some(&b'-');
    let text = std::str::from_utf8(text).ok().filter(|_| starts_with_year);
    let time = text.and_then(|text| Timestamp::parse_iso(text).ok());
    time.ok_or(NotPlain)
}

/// Appends the leading digits of a text to a number, and returns their count. With more than 19 digits, the number
/// overflows and is not valid.
#[inline(always)]
pub(super) fn read_digits(bytes: &[u8], number: &mut u64) -> usize {
    let mut count: usize = 0;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        count = count.wrapping_add(1);
    }
    count
}
