//! When a position was opened.
//!
//! | field, first present wins | unit |
//! |---|---|
//! | `opened_at`, `open_timestamp`, `entry_timestamp`, `entry_time` | epoch seconds, or ISO-8601 (without an offset: UTC) |
//! | `opened_at_ms`, `entry_time_ms` | whole epoch milliseconds |
//!
//! Nothing before 1971 is an opening: that is a zero, or seconds in the place of milliseconds.

use portcullis::domain::{Instant, Span};

use super::fields::{Fields, Unit};

const FIELDS: [(&str, Unit); 6] = [
    ("opened_at", Unit::SecondsOrIso),
    ("open_timestamp", Unit::SecondsOrIso),
    ("entry_timestamp", Unit::SecondsOrIso),
    ("entry_time", Unit::SecondsOrIso),
    ("opened_at_ms", Unit::Millis),
    ("entry_time_ms", Unit::Millis),
];
/// 1971-01-01T00:00:00Z.
const MILLIS_MIN: i64 = 31_536_000_000;

/// What a position says of its opening: what tells it from the one before, and gives it its age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opening {
    /// It was then.
    At(Instant),
    /// Nothing.
    Unsaid,
    /// Something that is no instant, and why.
    Unreadable(String),
}

impl Opening {
    pub(super) fn read(position: &Fields) -> Self {
        match position.instant(&FIELDS) {
            None => Self::Unsaid,
            Some(Ok(at)) if at.as_millis() < MILLIS_MIN => {
                Self::Unreadable(format!("the opening of {at} is before 1971"))
            }
            Some(Ok(at)) => Self::At(at),
            Some(Err((field, why))) => Self::Unreadable(format!("`{field}` is {why}")),
        }
    }

    /// Where it is known.
    pub(super) const fn at(&self) -> Option<Instant> {
        match self {
            Self::At(at) => Some(*at),
            Self::Unsaid | Self::Unreadable(_) => None,
        }
    }

    /// Seconds since; negative for one that is still to come, NaN where it cannot be read.
    pub(super) fn age_sec(&self, now: Instant) -> Option<f64> {
        match self {
            Self::At(at) => Some(seconds(now.since(*at))),
            Self::Unsaid => None,
            Self::Unreadable(_) => Some(f64::NAN),
        }
    }

    /// It is still to come: nobody can tell yet whether this is the position of before.
    pub(super) fn is_ahead(&self, now: Instant) -> bool {
        self.at().is_some_and(|at| at > now)
    }
}

/// NaN where they are more than anybody holds a position for.
fn seconds(span: Span) -> f64 {
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

    fn read(name: &str, value: &str) -> Opening {
        Opening::read(&[(name, value)].into_iter().collect())
    }

    #[test]
    fn the_unit_is_the_fields() {
        let at = Opening::At(Instant::from_millis(1_767_571_200_500).unwrap());
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
        assert_eq!(read("age_sec", "5"), Opening::Unsaid);
    }

    #[test]
    fn what_is_no_opening_is_told() {
        for (name, value, why) in [
            (
                "opened_at",
                "1767571200500",
                "`opened_at` is outside the years 0 to 9999 (are these milliseconds in place of seconds?)",
            ),
            (
                "opened_at_ms",
                "1767571200",
                "the opening of 1970-01-21T10:59:31.2Z is before 1971",
            ),
            (
                "opened_at",
                "0",
                "the opening of 1970-01-01T00:00:00Z is before 1971",
            ),
            (
                "opened_at",
                "None",
                "`opened_at` is not an ISO-8601 date and time",
            ),
        ] {
            assert_eq!(read(name, value), Opening::Unreadable(why.to_owned()));
        }
    }

    #[test]
    fn an_age_is_exact_and_knows_the_future() {
        let opened = read("opened_at", "1767571200.5");
        let at = |seconds| Instant::parse_epoch_seconds(seconds).unwrap();
        assert_eq!(opened.age_sec(at("1767574800.5")), Some(3600.0));
        assert_eq!(opened.age_sec(at("1767571200")), Some(-0.5));
        assert!(opened.is_ahead(at("1767571200")));
        assert!(opened.age_sec(Instant::MAX).unwrap().is_nan());
    }
}
