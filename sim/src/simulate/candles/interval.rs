//! The length of a candle.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::{Span, tz::TimeZone};
use portcullis::types::{SignedDuration, Timestamp};
use thiserror::Error;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * SECOND;

/// The units of a fixed length and their microseconds, longest first.
const UNITS: [(&str, i64); 5] = [
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", 3600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
];

/// The mean length of a month in the Gregorian calendar, in microseconds.
const MONTH: i64 = 146_097 * DAY / 4_800;

/// The shortest and the longest duration of some calendar months, in days, and the number of these months.
const MONTHS: [(i64, i64, i32); 4] = [(28, 31, 1), (89, 92, 3), (181, 184, 6), (365, 366, 12)];

/// The maximum number in the text of an interval.
const COUNT_MAX: i32 = 10_000;

/// The length of the candles of a file. `Display` writes it as [`FromStr`] reads it: `15m`, `1d`, `1M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// A fixed length. Days and weeks that are shorter or longer because of daylight saving time have this type, too.
    Fixed(SignedDuration),
    /// A number of calendar months.
    Months(i32),
}

/// The error for a text that is not an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "not an interval; expected a number from 1 to {COUNT_MAX} and a unit: s, m (minutes), h, d, w or M (months), as in 1m, 4h, 1d, 1w, 1M"
)]
pub struct IntervalError;

impl Interval {
    /// Returns the interval of candles with these distances between their times: the most frequent distance or, if this
    /// distance is as long as 1, 3, 6 or 12 months, that number of months. Four weeks are a month only if some
    /// distances are 29 to 31 days. Of equally frequent distances, the shortest is used. Returns `None` if there are no
    /// distances.
    pub(super) fn of_distances(distances: impl Iterator<Item = SignedDuration>) -> Option<Self> {
        // A month in which daylight saving time begins or ends is one hour shorter or longer.
        const HOUR: i64 = 3600 * SECOND;
        let mut counts = BTreeMap::new();
        for distance in distances {
            *counts.entry(distance).or_insert(0_u64) += 1;
        }
        let longest_first = counts.iter().rev();
        let (frequent, _) = longest_first.max_by_key(|(_, count)| **count)?;
        let is_in = |distance: &SignedDuration, min: i64, max: i64| {
            (min * DAY - HOUR..=max * DAY + HOUR).contains(&distance.as_micros())
        };
        let months = MONTHS.iter().find(|(min, max, _)| {
            let is_month = |distance| is_in(distance, *min, *max) && !is_in(distance, 28, 28);
            is_in(frequent, *min, *max) && counts.keys().any(is_month)
        });
        Some(match months {
            Some((_, _, months)) => Self::Months(*months),
            None => Self::Fixed(*frequent),
        })
    }

    /// Returns the length; for months, the mean length in the Gregorian calendar.
    #[must_use]
    pub fn length(self) -> SignedDuration {
        match self {
            Self::Fixed(length) => length,
            Self::Months(months) => {
                SignedDuration::from_micros(MONTH.saturating_mul(i64::from(months)))
            }
        }
    }

    /// Returns the end of a candle with this start, if no candle follows it directly.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        self.moved(start, 1)
    }

    /// Returns the start of a candle with this end, if no candle precedes it directly.
    pub(super) fn before(self, end: Timestamp) -> Timestamp {
        self.moved(end, -1)
    }

    fn moved(self, from: Timestamp, sign: i32) -> Timestamp {
        let calendar = |months: i32| {
            let at = jiff::Timestamp::from_microsecond(from.as_micros()).ok()?;
            let months = Span::new().try_months(months.checked_mul(sign)?).ok()?;
            let moved = at.to_zoned(TimeZone::UTC).checked_add(months).ok()?;
            Timestamp::from_micros(moved.timestamp().as_microsecond()).ok()
        };
        let fixed = || {
            let micros = self.length().as_micros().saturating_mul(i64::from(sign));
            from.saturating_add(SignedDuration::from_micros(micros))
        };
        match self {
            Self::Fixed(_) => fixed(),
            Self::Months(months) => calendar(months).unwrap_or_else(fixed),
        }
    }
}

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at_checked(digits).ok_or(IntervalError)?;
        let count: i32 = count.parse().map_err(|_| IntervalError)?;
        if !(1..=COUNT_MAX).contains(&count) {
            return Err(IntervalError);
        }
        if unit == "M" {
            return Ok(Self::Months(count));
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, micros) = known.ok_or(IntervalError)?;
        let micros = micros.saturating_mul(i64::from(count));
        Ok(Self::Fixed(SignedDuration::from_micros(micros)))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(months) => write!(f, "{months}M"),
            Self::Fixed(length) => {
                let micros = length.as_micros();
                let unit = UNITS.iter().find(|(_, unit)| micros % unit == 0);
                match unit {
                    Some((name, unit)) => write!(f, "{}{name}", micros / unit),
                    None => write!(f, "{length}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_iso(text).unwrap().0
    }

    #[test]
    fn intervals_are_written_as_they_are_read() {
        for text in ["1s", "15m", "4h", "1d", "2w", "1M", "12M", "90s"] {
            let interval: Interval = text.parse().unwrap();
            assert_eq!(interval.to_string(), text);
        }
        assert_eq!("60m".parse::<Interval>().unwrap().to_string(), "1h");
        for text in [
            "", "1", "m", "0m", "-1m", "1.5h", "1y", "1 m", "10001d", "1mo",
        ] {
            assert_eq!(text.parse::<Interval>(), Err(IntervalError), "{text}");
        }
    }

    #[test]
    fn a_month_ends_on_the_same_day_of_the_next_month() {
        let month = Interval::Months(1);
        let ends = |start, end| {
            assert_eq!(month.after(at(start)), at(end));
        };
        ends("2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z");
        ends("2025-12-01T05:00:00Z", "2026-01-01T05:00:00Z");
        ends("2025-01-31T00:00:00Z", "2025-02-28T00:00:00Z");
        assert_eq!(
            month.before(at("2025-03-01T00:00:00Z")),
            at("2025-02-01T00:00:00Z")
        );
        let week: Interval = "1w".parse().unwrap();
        assert_eq!(
            week.after(at("2025-03-03T00:00:00Z")),
            at("2025-03-10T00:00:00Z")
        );
        assert_eq!(month.after(Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn months_are_found_by_their_lengths() {
        let of = |days: &[i64]| {
            let distances = days
                .iter()
                .map(|days| SignedDuration::from_micros(days * DAY));
            Interval::of_distances(distances).unwrap().to_string()
        };
        assert_eq!(of(&[31, 28, 31, 30]), "1M");
        assert_eq!(of(&[29, 31]), "1M");
        assert_eq!(of(&[28, 28, 28]), "4w");
        assert_eq!(of(&[28, 28, 31]), "1M");
        assert_eq!(of(&[90, 91, 92, 92]), "3M");
        assert_eq!(of(&[365, 365, 366]), "12M");
        assert_eq!(of(&[7, 7, 14]), "1w");
        assert_eq!(of(&[32, 32, 31]), "32d");
        assert_eq!(of(&[1, 7, 7, 1]), "1d");
        assert_eq!(Interval::of_distances(std::iter::empty()), None);
    }
}
