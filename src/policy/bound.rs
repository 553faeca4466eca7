//! Bounds of numbers, and a reader for objects whose values are numbers.

use std::{collections::BTreeMap, fmt};

use super::{
    invalid::{Broken, UNKNOWN_FIELD, Violations},
    json::Json,
};
use crate::types::SignedDuration;

/// The expected value that a violation states if a text is not a number.
pub(super) const DECIMAL: &str = "a decimal number";

/// A bound on a finite number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bound {
    /// The number is finite.
    Finite,
    /// The number is greater than 0.
    Positive,
    /// The number is at least 0.
    NotNegative,
    /// The number is in \[0, 1\].
    Share,
    /// The number is in (0.5, 1).
    UpperHalf,
    /// The number is greater than the value of another field. The name of that field and its value
    /// are given.
    Above(&'static str, f64),
}

impl Bound {
    // Every arm is false if `value` is NaN.
    fn holds(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Finite => true,
                Self::Positive => value > 0.0,
                Self::NotNegative => value >= 0.0,
                Self::Share => (0.0..=1.0).contains(&value),
                Self::UpperHalf => value > 0.5 && value < 1.0,
                Self::Above(_, other) => value > other,
            }
    }

    /// Parses a number and checks it.
    pub(super) fn read(self, text: &str) -> Result<f64, Broken> {
        let value: f64 = text.parse().map_err(|_| Broken::parse_error(DECIMAL))?;
        if !value.is_finite() {
            Err(Broken::invalid("finite"))
        } else if self.holds(value) {
            Ok(value)
        } else {
            Err(Broken::invalid(&self.to_string()))
        }
    }

    /// Parses a duration in seconds and checks it. The result is computed without floating-point arithmetic and rounded
    /// down to the microsecond.
    pub(super) fn read_span(self, text: &str) -> Result<SignedDuration, Broken> {
        self.read(text)?;
        let span = SignedDuration::parse_seconds(text).map_err(|_| Broken::parse_error(DECIMAL))?;
        // -1e-999 is zero as an `f64`, but -1 µs when it is parsed exactly and rounded down.
        if span < SignedDuration::from_micros(0) {
            return Err(Broken::invalid(&self.to_string()));
        }
        Ok(span)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finite => f.write_str("finite"),
            Self::Positive => f.write_str("greater than 0"),
            Self::NotNegative => f.write_str("at least 0"),
            Self::Share => f.write_str("from 0 to 1"),
            Self::UpperHalf => f.write_str("greater than 0.5 and less than 1"),
            Self::Above(name, other) => write!(f, "greater than {name}, which is {other}"),
        }
    }
}

/// The numbers of one structured field. Each known name is removed when it is read; the remaining names are unknown.
#[derive(Debug)]
pub(super) struct Numbers<'a, 'v> {
    field: &'static str,
    entries: BTreeMap<String, Json<'a>>,
    violations: &'v mut Violations,
}

impl<'a, 'v> Numbers<'a, 'v> {
    /// Parses the text of a structured field.
    pub(super) fn parse(
        field: &'static str,
        text: &'a str,
        violations: &'v mut Violations,
    ) -> Option<Self> {
        let entries = object(field, text, violations)?;
        Some(Self {
            field,
            entries,
            violations,
        })
    }

    /// Reads a required number.
    pub(super) fn required(&mut self, name: &str, bound: Bound) -> Option<f64> {
        if matches!(self.entries.get(name), None | Some(Json::Null)) {
            self.entries.remove(name);
            self.violations.missing(&format!("{}.{name}", self.field));
            return None;
        }
        self.optional(name, bound)
    }

    /// Reads an optional number. Returns `None` if the number is absent or violates its bound.
    pub(super) fn optional(&mut self, name: &str, bound: Bound) -> Option<f64> {
        self.take(name, |text| bound.read(text))
    }

    /// Reads an optional duration in seconds. Returns `None` if the duration is absent or violates
    /// its bound.
    pub(super) fn optional_span(&mut self, name: &str, bound: Bound) -> Option<SignedDuration> {
        self.take(name, |text| bound.read_span(text))
    }

    /// Reports every name that was not read, because otherwise a misspelled name would be ignored.
    pub(super) fn finish(self) {
        for (name, value) in &self.entries {
            let path = format!("{}.{name}", self.field);
            self.violations
                .invalid(&path, &value.compact(), UNKNOWN_FIELD);
        }
    }

    fn take<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, Broken>) -> Option<T> {
        let value = self.entries.remove(name)?;
        let field = self.field;
        number(|| format!("{field}.{name}"), &value, self.violations, read)
    }
}

/// Parses the text of a structured field, which must be a JSON object.
pub(super) fn object<'a>(
    field: &str,
    text: &'a str,
    violations: &mut Violations,
) -> Option<BTreeMap<String, Json<'a>>> {
    match Json::parse(text, field, violations)? {
        Json::Object(entries) => Some(entries),
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_)) => {
            violations.parse_error(field, &other.compact(), "a JSON object");
            None
        }
    }
}

/// Reads a JSON number from its original text. Returns `None` for `null` and after a violation.
pub(super) fn number<T>(
    path: impl Fn() -> String,
    value: &Json<'_>,
    violations: &mut Violations,
    read: impl Fn(&str) -> Result<T, Broken>,
) -> Option<T> {
    match value {
        Json::Null => None,
        Json::Number(text) => match read(text) {
            Ok(number) => Some(number),
            Err(rule) => {
                violations.broken(&path(), text, &rule);
                None
            }
        },
        Json::Bool(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => {
            violations.parse_error(&path(), &value.compact(), "a JSON number");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact_and_never_negative() {
        let read = |bound: Bound, text| bound.read_span(text).map(SignedDuration::as_micros);
        assert_eq!(read(Bound::NotNegative, "0"), Ok(0));
        assert_eq!(read(Bound::NotNegative, "-0"), Ok(0));
        assert_eq!(read(Bound::NotNegative, "1.0000019"), Ok(1_000_001));
        assert_eq!(read(Bound::Positive, "1e300"), Ok(i64::MAX));
        let below = Err(Broken::invalid("at least 0"));
        assert_eq!(read(Bound::NotNegative, "-1e-9"), below);
        assert_eq!(read(Bound::NotNegative, "-1e-999"), below);
        assert_eq!(
            read(Bound::Positive, "1e999"),
            Err(Broken::invalid("finite"))
        );
    }

    #[test]
    fn nan_and_infinities_fail_every_bound() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for bound in [
                Bound::Finite,
                Bound::Positive,
                Bound::NotNegative,
                Bound::Share,
                Bound::UpperHalf,
                Bound::Above("T1_R", 0.0),
            ] {
                assert!(!bound.holds(value), "{bound:?} {value}");
            }
        }
    }
}
