//! Opening time of a position.
//!
//! | field (the first that is present is used) | format |
//! |---|---|
//! | `opened_at`, `open_timestamp`, `entry_timestamp`, `entry_time` | epoch seconds or ISO-8601 (UTC if without offset) |
//! | `opened_at_ms`, `entry_time_ms` | whole epoch milliseconds |
//!
//! A time before 1971 is treated as unreadable, because it is probably zero, or a number of seconds
//! in a field for milliseconds.

use portcullis::types::{SignedDuration, Timestamp};

use super::fields::{Fields, Unit};

const FIELDS: [(&str, Unit); 6] = [
    ("opened_at", Unit::SecondsOrIso),
    ("open_timestamp", Unit::SecondsOrIso),
    ("entry_timestamp", Unit::SecondsOrIso),
    ("entry_time", Unit::SecondsOrIso),
    ("opened_at_ms", Unit::Millis),
    ("entry_time_ms", Unit::Millis),
];
/// Earliest accepted opening time in epoch milliseconds: 1971-01-01T00:00:00Z.
const MILLIS_MIN: i64 = 31_536_000_000;

/// The opening time of a position. It distinguishes the position from the previous one and determines its age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OpeningTime {
    /// The position was opened at this time.
    At(Timestamp),
    /// The position has no opening time.
    Absent,
    /// The opening time is unreadable. The text is the reason.
    Unreadable(String),
}

impl OpeningTime {
    pub(super) fn read(position: &Fields) -> Self {
        match position.instant(&FIELDS) {
            None => Self::Absent,
            Some(Ok(at)) if at.as_millis() < MILLIS_MIN => {
                Self::Unreadable(format!("the opening time {at} is before 1971"))
            }
            Some(Ok(at)) => Self::At(at),
            Some(Err((field, why))) => Self::Unreadable(format!("`{field}` is {why}")),
        }
    }

    /// Returns the opening time, if it is known.
    pub(super) const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(*at),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Returns the age in seconds; negative if the opening time is in the future, NaN if it is unreadable.
    pub(super) fn age_sec(&self, now: Timestamp) -> Option<f64> {
        match self {
            Self::At(at) => Some(seconds(now.since(*at))),
            Self::Absent => None,
            Self::Unreadable(_) => Some(f64::NAN),
        }
    }

    /// Returns true if the opening time is in the future. Such a position cannot be distinguished
    /// from the previous one.
    pub(super) fn is_ahead(&self, now: Timestamp) -> bool {
        self.at().is_some_and(|at| at > now)
    }
}

/// Returns the seconds of a duration; NaN if they do not fit into 32 bits (68 years).
fn seconds(span: SignedDuration) -> f64 {
    let micros = span.as_micros();
    let whole = i32::try_from(micros.div_euclid(1_000_000));
    let part = i32::try_from(micros.rem_euclid(1_000_000));
    match (whole, part) {
        (Ok(whole), Ok(part)) => f64::from(whole) + f64::from(part) / 1e6,
        (Err(_), _) | (_, Err(_)) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> OpeningTime {
        OpeningTime::read(&[(name, value)].into_iter().collect())
    }

    #[test]
    fn the_field_determines_the_format() {
        let at = OpeningTime::At(Timestamp::from_millis(1_767_571_200_500).unwrap());
        for (name, value) in [
            ("opened_at", "1767571200.5"),
            ("entry_time", "1.7675712005e9"),
            ("entry_timestamp", "2026-01-05T00:00:00.5+00:00"),
            ("open_timestamp", "2026-01-05 00:00:00.5"),
            ("opened_at_ms", "1767571200500"),
            ("entry_time_ms", "1767571200500"),
        ] {
            assert_eq!(read(name, value), at, "{name} {value}");
        }
        assert_eq!(read("age_sec", "5"), OpeningTime::Absent);
    }

    #[test]
    fn the_earliest_opening_is_the_start_of_1971() {
        let first = Timestamp::from_millis(MILLIS_MIN).unwrap();
        assert_eq!(
            read("opened_at", "1971-01-01T00:00:00Z"),
            OpeningTime::At(first)
        );
        let before = read("opened_at", "1970-12-31T23:59:59.999Z");
        assert!(matches!(before, OpeningTime::Unreadable(_)), "{before:?}");
    }

    #[test]
    fn an_unreadable_opening_has_a_reason() {
        for (name, value, why) in [
            (
                "opened_at",
                "1767571200500",
                "`opened_at` is outside the years 0 to 9999 (are these milliseconds instead of seconds?)",
            ),
            (
                "opened_at_ms",
                "1767571200",
                "the opening time 1970-01-21T10:59:31.2Z is before 1971",
            ),
            (
                "opened_at",
                "0",
                "the opening time 1970-01-01T00:00:00Z is before 1971",
            ),
            (
                "opened_at",
                "None",
                "`opened_at` is not an ISO-8601 date and time",
            ),
        ] {
            assert_eq!(read(name, value), OpeningTime::Unreadable(why.to_owned()));
        }
    }

    #[test]
    fn an_age_is_exact_and_negative_before_the_opening() {
        let opened = read("opened_at", "1767571200.5");
        let at = |seconds| Timestamp::parse_epoch_seconds(seconds).unwrap();
        assert_eq!(opened.age_sec(at("1767574800.5")), Some(3600.0));
        assert_eq!(opened.age_sec(at("1767571200")), Some(-0.5));
        assert!(opened.is_ahead(at("1767571200")));
        assert!(opened.age_sec(Timestamp::MAX).unwrap().is_nan());
    }
}
