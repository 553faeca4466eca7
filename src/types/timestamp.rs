//! Timestamps and durations, and their parsers.

use std::{borrow::Cow, fmt, num::NonZeroI64, str};

use jiff::{
    SignedDuration as JiffDuration,
    civil::{DateTime, Time, datetime},
    fmt::temporal::{Pieces, PiecesOffset},
    tz::Offset,
};
use thiserror::Error;

/// The Unix epoch, 1970-01-01T00:00:00, as civil time in UTC.
const EPOCH: DateTime = datetime(1970, 1, 1, 0, 0, 0, 0);
const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_MILLI: i64 = 1_000;
/// 0000-01-01T00:00:00Z in epoch seconds.
const SECONDS_MIN: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z in epoch seconds.
pub(crate) const SECONDS_MAX: i64 = 253_402_300_799;

/// A number that is greater than the distance of any timestamp from the epoch, in microseconds.
const OFFSET: i64 = 1 << 62;

/// A timestamp in whole microseconds since 1970-01-01T00:00:00Z, within the years 0 to 9999.
///
/// There is no `now`: each timestamp is an argument or a field of an input.
// The microseconds plus `OFFSET`. The sum is greater than 0, so an `Option` of a timestamp has the size of an `i64`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroI64);

/// A signed duration in whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignedDuration(i64);

/// The reason why a text or a number is not a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// The number is NaN or an infinity.
    #[error("not finite")]
    NotFinite,
    /// The number has a fraction, but whole milliseconds are required.
    #[error("not a whole number of milliseconds")]
    NotWhole,
    /// The text is not an ISO-8601 date and time.
    #[error("not an ISO-8601 date and time")]
    NotIso,
    /// The text is an ISO-8601 date and time without a UTC offset.
    #[error("no UTC offset; append `Z` for UTC")]
    NoOffset,
    /// The timestamp is outside the years 0 to 9999.
    #[error("outside the years 0 to 9999 (are these milliseconds instead of seconds?)")]
    OutOfRange,
}

/// The treatment of a number that lies between two whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// Rounds down, to the earlier unit.
    Down,
    /// Rounds up, to the later unit.
    Up,
    /// Does not round. A number that is not a whole number of units is an error.
    Exact,
}

/// The origin of the UTC offset of an ISO-8601 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsoOffset {
    /// The text has an offset or `Z`.
    Given,
    /// The text has no offset and was read as UTC.
    AssumedUtc,
}

impl Timestamp {
    /// The earliest timestamp, 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self::of(SECONDS_MIN * MICROS_PER_SECOND);
    /// The latest timestamp, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self::of(SECONDS_MAX * MICROS_PER_SECOND + MICROS_PER_SECOND - 1);

    /// Converts microseconds since the epoch.
    ///
    /// # Errors
    /// Returns an error if the result is outside the years 0 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        let instant = Self::of(micros);
        if instant.as_micros() == micros {
            Ok(instant)
        } else {
            Err(TimestampError::OutOfRange)
        }
    }

    /// Converts microseconds since the epoch, clamped to the years 0 to 9999.
    const fn of(micros: i64) -> Self {
        const FIRST: i64 = SECONDS_MIN * MICROS_PER_SECOND;
        const LAST: i64 = SECONDS_MAX * MICROS_PER_SECOND + MICROS_PER_SECOND - 1;
        let micros = if micros < FIRST {
            FIRST
        } else if micros > LAST {
            LAST
        } else {
            micros
        };
        match NonZeroI64::new(micros + OFFSET) {
            Some(instant) => Self(instant),
            // The sum is greater than 0.
            None => Self(NonZeroI64::MIN),
        }
    }

    /// Converts milliseconds since the epoch.
    ///
    /// # Errors
    /// Returns an error if the result is outside the years 0 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, TimestampError> {
        millis
            .checked_mul(MICROS_PER_MILLI)
            .ok_or(TimestampError::OutOfRange)
            .and_then(Self::from_micros)
    }

    /// Returns the microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0.get().wrapping_sub(OFFSET)
    }

    /// Returns the milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.as_micros().div_euclid(MICROS_PER_MILLI)
    }

    /// Parses decimal seconds since the epoch, without floating-point arithmetic. The result is
    /// rounded down to the microsecond.
    ///
    /// # Errors
    /// Returns an error if the text is not a finite decimal number or is outside the years 0 to
    /// 9999.
    pub fn parse_epoch_seconds(text: &str) -> Result<Self, TimestampError> {
        scaled(text, 6, Rounding::Down).and_then(Self::from_micros)
    }

    /// Parses decimal seconds like [`Self::parse_epoch_seconds`], but with the given rounding.
    pub(crate) fn parse_epoch_seconds_rounded(
        text: &str,
        rounding: Rounding,
    ) -> Result<Self, TimestampError> {
        scaled(text, 6, rounding).and_then(Self::from_micros)
    }

    /// Parses whole milliseconds since the epoch.
    ///
    /// # Errors
    /// Returns an error if the text is not a whole number or is outside the years 0 to 9999.
    pub fn parse_epoch_millis(text: &str) -> Result<Self, TimestampError> {
        if let Some(millis) = whole(text) {
            return Self::from_millis(millis);
        }
        scaled(text, 0, Rounding::Exact).and_then(Self::from_millis)
    }

    /// Parses epoch seconds, as [`Self::parse_epoch_seconds`] does, or any other text as ISO-8601, as
    /// [`Self::parse_iso`] does.
    ///
    /// # Errors
    /// Returns an error if the text is a number that is not a timestamp, or is neither a number nor ISO-8601.
    pub fn parse_seconds_or_iso(text: &str) -> Result<(Self, IsoOffset), TimestampError> {
        match Self::parse_epoch_seconds(text) {
            Ok(at) => Ok((at, IsoOffset::Given)),
            Err(TimestampError::NotANumber) => Self::parse_iso(text),
            Err(error) => Err(error),
        }
    }

    /// Parses an ISO-8601 date and time, and returns whether it had a UTC offset. Without an offset it is read as UTC.
    /// The result is rounded down to the microsecond.
    ///
    /// # Errors
    /// Returns an error if the text has another form (a date without a time, for example), has a time zone annotation,
    /// or is outside the years 0 to 9999.
    pub fn parse_iso(text: &str) -> Result<(Self, IsoOffset), TimestampError> {
        let text = to_nanoseconds(text);
        let pieces = Pieces::parse(text.as_ref()).map_err(|_| TimestampError::NotIso)?;
        let time: Time = pieces.time().ok_or(TimestampError::NotIso)?;
        // `[Europe/Berlin]` would need a time zone database, which differs between machines.
        if pieces.time_zone_annotation().is_some() {
            return Err(TimestampError::NotIso);
        }
        let (offset, given) = match pieces.offset() {
            Some(PiecesOffset::Numeric(numeric)) => (numeric.offset(), IsoOffset::Given),
            Some(_) => (Offset::UTC, IsoOffset::Given),
            None => (Offset::UTC, IsoOffset::AssumedUtc),
        };
        // The range of `jiff::Timestamp` ends before the end of the year 9999. The range of civil
        // time includes it.
        let civil = DateTime::from_parts(pieces.date(), time);
        let since_epoch = civil.duration_since(EPOCH).as_nanos().div_euclid(1_000);
        let micros = i64::try_from(since_epoch)
            .ok()
            .and_then(|micros| {
                let ahead = i64::from(offset.seconds()).checked_mul(MICROS_PER_SECOND)?;
                micros.checked_sub(ahead)
            })
            .ok_or(TimestampError::OutOfRange)?;
        Ok((Self::from_micros(micros)?, given))
    }

    /// Returns the duration from `earlier` to this timestamp; negative if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> SignedDuration {
        // This never wraps: the difference of two timestamps within the bounds of the type cannot overflow.
        SignedDuration(self.0.get().wrapping_sub(earlier.0.get()))
    }

    /// Adds a duration and clamps the result to [`Self::MIN`] and [`Self::MAX`].
    #[must_use]
    pub fn saturating_add(self, span: SignedDuration) -> Self {
        Self::of(self.as_micros().saturating_add(span.0))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_micros()).finish()
    }
}

impl SignedDuration {
    /// Creates a duration from microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Parses decimal seconds, without floating-point arithmetic. The result is rounded down to the
    /// microsecond. A number that overflows becomes the longest duration.
    pub(crate) fn parse_seconds(text: &str) -> Result<Self, TimestampError> {
        match scaled(text, 6, Rounding::Down) {
            Ok(micros) => Ok(Self(micros)),
            Err(TimestampError::OutOfRange) => Ok(Self(i64::MAX)),
            Err(error) => Err(error),
        }
    }

    /// Returns the whole microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }
}

/// Removes the fraction digits after the ninth, because `jiff` reads at most nine. Only microseconds are used anyway.
fn to_nanoseconds(text: &str) -> Cow<'_, str> {
    let finer = || {
        let (before, after) = text.split_at_checked(text.find(['.', ','])? + 1)?;
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = after.split_at_checked(digits)?;
        Some(format!("{before}{}{rest}", fraction.get(..9)?))
    };
    finer().map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Parses a number of 1 to 18 digits without a sign. A number with so few digits cannot overflow.
fn whole(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.bytes().try_fold(0_i64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| value.wrapping_mul(10).wrapping_add(i64::from(digit)))
    })
}

/// Parses a decimal number and returns `number · 10^shift` as an integer.
pub(crate) fn scaled(text: &str, shift: i32, rounding: Rounding) -> Result<i64, TimestampError> {
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if [&b"nan"[..], b"inf", b"infinity"]
        .iter()
        .any(|word| unsigned.eq_ignore_ascii_case(word))
    {
        return Err(TimestampError::NotFinite);
    }
    let mut parts = unsigned.splitn(2, |b| matches!(b, b'e' | b'E'));
    let mantissa = parts.next().unwrap_or_default();
    let exponent = parts.next().map_or(Ok(0), exponent)?;
    let mut parts = mantissa.splitn(2, |b| *b == b'.');
    let whole = parts.next().unwrap_or_default();
    let fraction = parts.next().unwrap_or_default();
    let digits = || whole.iter().chain(fraction);
    if digits().next().is_none() || !digits().all(u8::is_ascii_digit) {
        return Err(TimestampError::NotANumber);
    }
    // `point` is the number of digits before the shifted decimal point. The digits after the point
    // determine the rounding.
    let point = i64::try_from(whole.len())
        .unwrap_or(i64::MAX)
        .saturating_add(exponent)
        .saturating_add(i64::from(shift));
    let mut value: i64 = 0;
    let mut inexact = false;
    let mut place: i64 = 0;
    for digit in digits().map(|b| i64::from(b.wrapping_sub(b'0'))) {
        if place < point {
            value = push_digit(value, digit)?;
        } else {
            inexact |= digit != 0;
        }
        place = place.saturating_add(1);
    }
    while value != 0 && place < point {
        value = push_digit(value, 0)?;
        place = place.saturating_add(1);
    }
    let away_from_zero = match rounding {
        Rounding::Exact if inexact => return Err(TimestampError::NotWhole),
        Rounding::Exact => false,
        Rounding::Down => inexact && negative,
        Rounding::Up => inexact && !negative,
    };
    if away_from_zero {
        value = value.checked_add(1).ok_or(TimestampError::OutOfRange)?;
    }
    Ok(if negative {
        value.saturating_neg()
    } else {
        value
    })
}

fn push_digit(value: i64, digit: i64) -> Result<i64, TimestampError> {
    value
        .checked_mul(10)
        .and_then(|v| v.checked_add(digit))
        .ok_or(TimestampError::OutOfRange)
}

/// Parses a decimal exponent. An exponent that overflows is replaced with the largest or smallest
/// value.
fn exponent(bytes: &[u8]) -> Result<i64, TimestampError> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(TimestampError::NotANumber);
    }
    let size = digits.iter().fold(0_i64, |sum, b| {
        sum.saturating_mul(10)
            .saturating_add(i64::from(b.wrapping_sub(b'0')))
    });
    Ok(if negative {
        size.saturating_neg()
    } else {
        size
    })
}

impl str::FromStr for Timestamp {
    type Err = TimestampError;

    /// Parses an ISO-8601 date and time with a UTC offset, which is the form that [`fmt::Display`] writes. The result
    /// is rounded down to the microsecond.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        match Self::parse_iso(text)? {
            (at, IsoOffset::Given) => Ok(at),
            (_, IsoOffset::AssumedUtc) => Err(TimestampError::NoOffset),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match EPOCH.checked_add(JiffDuration::from_micros(self.as_micros())) {
            Ok(civil) => write!(f, "{civil}Z"),
            Err(_) => write!(f, "{} µs", self.as_micros()),
        }
    }
}

impl fmt::Display for SignedDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        let (seconds, micros) = (size / 1_000_000, size % 1_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if micros == 0 {
            write!(f, "{sign}{seconds} s")
        } else {
            let fraction = format!("{micros:06}");
            write!(f, "{sign}{seconds}.{} s", fraction.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_seconds(text: &str, expected: Result<i64, TimestampError>) {
        assert_eq!(
            Timestamp::parse_epoch_seconds(text).map(Timestamp::as_micros),
            expected,
            "{text}"
        );
    }

    #[test]
    fn epoch_seconds_are_parsed_exactly() {
        check_seconds("1766550734.062733", Ok(1_766_550_734_062_733));
        check_seconds("1766550734.0627339", Ok(1_766_550_734_062_733));
        check_seconds("-0.0000001", Ok(-1));
        check_seconds("1.766550734e9", Ok(1_766_550_734_000_000));
        check_seconds("1766550734000000e-6", Ok(1_766_550_734_000_000));
        check_seconds("0e999999999999999999999", Ok(0));
        check_seconds(".5", Ok(500_000));
        check_seconds("5.", Ok(5_000_000));
        check_seconds("253402300799.999999", Ok(253_402_300_799_999_999));
        check_seconds("253402300800", Err(TimestampError::OutOfRange));
        check_seconds("1766550734062", Err(TimestampError::OutOfRange));
        check_seconds("1e999999999999999999999", Err(TimestampError::OutOfRange));
        check_seconds("NaN", Err(TimestampError::NotFinite));
        check_seconds("-inf", Err(TimestampError::NotFinite));
        for text in ["", ".", "-", "1e", "e5", "1_000", " 1", "0x10", "1.2.3"] {
            check_seconds(text, Err(TimestampError::NotANumber));
        }
    }

    #[test]
    fn rounding_goes_down_or_up() {
        let read = |rounding| {
            Timestamp::parse_epoch_seconds_rounded("1.0000001", rounding).map(Timestamp::as_micros)
        };
        assert_eq!(read(Rounding::Down), Ok(1_000_000));
        assert_eq!(read(Rounding::Up), Ok(1_000_001));
    }

    #[test]
    fn fractional_milliseconds_are_rejected() {
        assert_eq!(
            Timestamp::parse_epoch_millis("1500").unwrap().as_micros(),
            1_500_000
        );
        assert_eq!(
            Timestamp::parse_epoch_millis("1500.0").unwrap().as_millis(),
            1_500
        );
        assert_eq!(
            Timestamp::parse_epoch_millis("1500.5"),
            Err(TimestampError::NotWhole)
        );
    }

    #[test]
    fn iso_texts_are_parsed() {
        let read = |text| Timestamp::parse_iso(text).map(|(at, offset)| (at.as_micros(), offset));
        let at = 1_766_550_734_062_733;
        assert_eq!(
            read("2025-12-24T04:32:14.062733"),
            Ok((at, IsoOffset::AssumedUtc))
        );
        assert_eq!(
            read("2025-12-24 04:32:14.062733"),
            Ok((at, IsoOffset::AssumedUtc))
        );
        assert_eq!(
            read("2025-12-24T04:32:14.0627339Z"),
            Ok((at, IsoOffset::Given))
        );
        assert_eq!(
            read("2025-12-24T05:32:14.062733+01:00"),
            Ok((at, IsoOffset::Given))
        );
        assert_eq!(read("2025-12-24"), Err(TimestampError::NotIso));
        assert_eq!(read("yesterday"), Err(TimestampError::NotIso));
        let annotated = "2025-12-24T04:32:14[Europe/Berlin]";
        assert_eq!(read(annotated), Err(TimestampError::NotIso));
    }

    #[test]
    fn a_text_without_offset_is_not_a_timestamp() {
        let read = |text: &str| text.parse().map(Timestamp::as_micros);
        assert_eq!(read("1970-01-01T00:00:01Z"), Ok(1_000_000));
        assert_eq!(read("1970-01-01T01:00:01+01:00"), Ok(1_000_000));
        assert_eq!(read("1970-01-01T00:00:01"), Err(TimestampError::NoOffset));
        assert_eq!(read("1"), Err(TimestampError::NotIso));
    }

    #[test]
    fn exactly_the_years_0_to_9999_are_accepted() {
        let (first, last) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
        assert_eq!(first, -62_167_219_200_000_000);
        assert_eq!(last, 253_402_300_799_999_999);
        for micros in [first, first + 1, -1, 0, 1, last - 1, last] {
            let at = Timestamp::from_micros(micros).unwrap();
            assert_eq!(at.as_micros(), micros);
            assert_eq!(format!("{at:?}"), format!("Timestamp({micros})"));
            let after = at.saturating_add(SignedDuration::from_micros(1));
            assert_eq!(after.as_micros(), (micros + 1).min(last));
        }
        for micros in [i64::MIN, first - 1, last + 1, i64::MAX] {
            let read = Timestamp::from_micros(micros);
            assert_eq!(read, Err(TimestampError::OutOfRange), "{micros}");
            let span = SignedDuration::from_micros(micros);
            let ends = [Timestamp::MIN, Timestamp::MAX];
            let after = Timestamp::from_micros(0).unwrap().saturating_add(span);
            assert!(ends.contains(&after), "{micros}");
        }
        assert_eq!(size_of::<Option<Timestamp>>(), size_of::<i64>());
    }

    #[test]
    fn as_millis_rounds_down() {
        assert_eq!(Timestamp::from_micros(1_999).unwrap().as_millis(), 1);
        assert_eq!(Timestamp::from_micros(-1).unwrap().as_millis(), -1);
    }
}
