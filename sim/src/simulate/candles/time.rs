//! The times of candles: their unit and their label, decided once per file.

use std::{fmt, str::FromStr};

use portcullis::types::{IsoOffset, Timestamp};
use rust_decimal::Decimal;
use serde::Serialize;
use strum::{Display, EnumString};

/// 2000-01-01T00:00:00Z and 2100-01-01T00:00:00Z in epoch microseconds: the bounds of a plausible time.
const PLAUSIBLE: std::ops::RangeInclusive<i128> = 946_684_800_000_000..=4_102_444_800_000_000;

/// The unit of times that are numbers since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString, Serialize)]
pub enum TimeUnit {
    /// Seconds.
    #[strum(to_string = "seconds", serialize = "s")]
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[strum(to_string = "milliseconds", serialize = "ms")]
    #[serde(rename = "ms")]
    Millis,
    /// Microseconds.
    #[strum(to_string = "microseconds", serialize = "us", serialize = "µs")]
    #[serde(rename = "us")]
    Micros,
    /// Nanoseconds.
    #[strum(to_string = "nanoseconds", serialize = "ns")]
    #[serde(rename = "ns")]
    Nanos,
}

/// The meaning of the time of a candle: its start or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TimeLabel {
    /// The start of the candle.
    Open,
    /// The end of the candle.
    Close,
}

/// The form of the times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeForm {
    /// Numbers since 1970-01-01T00:00:00Z.
    Epoch(TimeUnit),
    /// Dates and times as ISO-8601 text or in a column of timestamps.
    DateTimes,
    /// Dates without a time, which denote midnight UTC.
    Dates,
}

/// The way in which the form or the meaning of the times of a file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// An option.
    Option,
    /// The name of the column, or the format of the file.
    Name,
    /// The values of all rows.
    Values,
    /// No option, name or value states the meaning, so the usual one is assumed: the start of the candle.
    Convention,
}

impl TimeUnit {
    const ALL: [Self; 4] = [Self::Seconds, Self::Millis, Self::Micros, Self::Nanos];

    /// Returns the number of these units in a second.
    const fn per_second(self) -> i128 {
        match self {
            Self::Seconds => 1,
            Self::Millis => 1_000,
            Self::Micros => 1_000_000,
            Self::Nanos => 1_000_000_000,
        }
    }

    /// Converts millionths of this unit since the epoch into microseconds, rounded down.
    const fn micros(self, millionths: i128) -> i128 {
        millionths.div_euclid(self.per_second())
    }

    /// Returns the unit in which a time is between the years 2000 and 2100. There is at most one.
    pub(super) fn plausible(millionths: i128) -> Option<Self> {
        let is_plausible = |unit: &Self| PLAUSIBLE.contains(&unit.micros(millionths));
        Self::ALL.into_iter().find(is_plausible)
    }

    /// Converts millionths of this unit since the epoch. Returns `None` for a time outside the years 0 to 9999.
    pub(super) fn timestamp(self, millionths: i128) -> Option<Timestamp> {
        let micros = i64::try_from(self.micros(millionths)).ok()?;
        Timestamp::from_micros(micros).ok()
    }
}

/// The time of one row, before the unit of the file is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RawTime {
    /// Millionths of an unknown unit since the epoch.
    Number(i128),
    Known(Timestamp, Zone),
}

/// The time zone of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    Given,
    /// There is no UTC offset, so the time was read as UTC.
    AssumedUtc,
    /// A date without a time.
    Date,
}

impl RawTime {
    /// Parses a number, an ISO-8601 date and time, or a date. A date can also have slashes or dots after the year and
    /// the month.
    ///
    /// # Errors
    /// Returns a description of the formats that are expected.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(number) = millionths(text) {
            return Ok(Self::Number(number));
        }
        let text = normal(text);
        if let Ok((at, offset)) = Timestamp::parse_iso(&text) {
            let zone = match offset {
                IsoOffset::Given => Zone::Given,
                IsoOffset::AssumedUtc => Zone::AssumedUtc,
            };
            return Ok(Self::Known(at, zone));
        }
        match Timestamp::parse_iso(&format!("{text}T00:00:00Z")) {
            Ok((at, _)) => Ok(Self::Known(at, Zone::Date)),
            Err(_) => Err(
                "expected ISO-8601, such as 2026-01-05T00:00:00Z or 2026-01-05, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970",
            ),
        }
    }
}

/// Converts dots or slashes in a date to hyphens, and ` UTC` at the end to `Z`, as in ISO-8601.
fn normal(text: &str) -> String {
    let text = match text.strip_suffix(" UTC") {
        Some(text) => format!("{text}Z"),
        None => text.to_owned(),
    };
    let is_separator = |place| matches!(text.as_bytes().get(place), Some(b'/' | b'.'));
    match text.split_at_checked(10) {
        Some((date, time)) if is_separator(4) && is_separator(7) => {
            format!("{}{time}", date.replace(['/', '.'], "-"))
        }
        _ => text,
    }
}

/// Parses a decimal number with an optional exponent as millionths, rounded down. Returns `None` if the text is not a
/// number, or if it has so many digits that it cannot be a time.
fn millionths(text: &str) -> Option<i128> {
    const MILLION: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
    if let Ok(whole) = i64::from_str(text) {
        return Some(i128::from(whole) * 1_000_000);
    }
    let number = Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text));
    Some(number.ok()?.checked_mul(MILLION)?.floor().mantissa())
}

/// Returns the number of units that a number of millionths denotes, as text.
pub(super) fn number_text(millionths: i128) -> String {
    let (whole, rest) = (
        millionths.div_euclid(1_000_000),
        millionths.rem_euclid(1_000_000),
    );
    match rest {
        0 => whole.to_string(),
        rest => format!("{whole}.{rest:06}")
            .trim_end_matches('0')
            .to_owned(),
    }
}

impl fmt::Display for TimeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epoch(unit) => write!(f, "{unit} since 1970"),
            Self::DateTimes => f.write_str("dates and times"),
            Self::Dates => f.write_str("dates (midnight UTC)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separators_of_a_date_are_equal() {
        let date = RawTime::parse("2026-01-05");
        assert!(date.is_ok());
        for text in ["2026/01/05", "2026.01.05"] {
            assert_eq!(RawTime::parse(text), date, "{text}");
        }
        for text in ["2026-01.05", "2026/01-05", "05.01.2026", "2026 01 05"] {
            assert!(RawTime::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_parsed_exactly() {
        let check =
            |text: &str, expected: Option<i128>| assert_eq!(millionths(text), expected, "{text}");
        check("1767571260", Some(1_767_571_260_000_000));
        check("1767571260.0", Some(1_767_571_260_000_000));
        check("1767571260.123456789", Some(1_767_571_260_123_456));
        check("1.76757126e9", Some(1_767_571_260_000_000));
        check("1.76757126E+12", Some(1_767_571_260_000_000_000));
        check(
            "1767571260123456789",
            Some(1_767_571_260_123_456_789_000_000),
        );
        check("-1.5", Some(-1_500_000));
        check("-0.25", Some(-250_000));
        check("25e-1", Some(2_500_000));
        for text in [
            "", ".", "-", "e9", "1e", "nan", "1.2.3", "1e99", "12:00", "1.-5",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_time_is_plausible_in_at_most_one_unit() {
        let of = |text: &str| TimeUnit::plausible(millionths(text).unwrap());
        assert_eq!(of("946684800"), Some(TimeUnit::Seconds));
        assert_eq!(of("946684799.999999"), None);
        assert_eq!(of("4102444800"), Some(TimeUnit::Seconds));
        assert_eq!(of("4102444801"), None);
        assert_eq!(of("1767571260000"), Some(TimeUnit::Millis));
        assert_eq!(of("1767571260000000"), Some(TimeUnit::Micros));
        assert_eq!(of("1767571260000000000"), Some(TimeUnit::Nanos));
        assert_eq!((of("0"), of("20260105"), of("45658")), (None, None, None));
    }

    #[test]
    fn dates_and_times_are_parsed_in_the_forms_that_programs_write() {
        let check = |text: &str, expected: &str, zone: Zone| {
            let at = Timestamp::parse_iso(expected).unwrap().0;
            assert_eq!(RawTime::parse(text), Ok(RawTime::Known(at, zone)), "{text}");
        };
        let start = "2026-01-05T00:01:00Z";
        check("2026-01-05T00:01:00Z", start, Zone::Given);
        check("2026-01-05 00:01:00+00:00", start, Zone::Given);
        check("2026-01-04 19:01:00-05:00", start, Zone::Given);
        check("2026-01-05 00:01:00.000000000", start, Zone::AssumedUtc);
        check("2026-01-05 00:01", start, Zone::AssumedUtc);
        check("2026-01-05 00:01:00 UTC", start, Zone::Given);
        check("2026.01.05 00:01", start, Zone::AssumedUtc);
        let day = "2026-01-05T00:00:00Z";
        check("2026-01-05", day, Zone::Date);
        check("2026/01/05", day, Zone::Date);
        for text in [
            "",
            "05.01.2026",
            "01/05/2026",
            "2026-13-01",
            "today",
            "2026-01-05T00:00:00[Europe/Berlin]",
        ] {
            assert!(RawTime::parse(text).is_err(), "{text}");
        }
    }
}
