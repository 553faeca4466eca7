//! Numbers in texts for people.

use std::fmt;

/// A text of at most this length is short enough to be shown unchanged.
const SHORT: usize = 8;
/// A rounded number that is longer than this is shown with an exponent.
const PLAIN_MAX: usize = 24;

/// A number in a text for people, without the digits that only a computer needs: it is rounded to 6 significant digits
/// or, if that is closer, to 2 decimal places. Machine-readable fields contain the exact number instead.
///
/// A number is not rounded if its rounded value would compare differently with a bound.
///
/// ```
/// use portcullis::types::Rounded;
///
/// assert_eq!(Rounded::new(100.29999999999998).to_string(), "100.3");
/// assert_eq!(Rounded::new(1234567.891).to_string(), "1234567.89");
/// assert_eq!(Rounded::new(0.5499999999).compared_with(&[0.55]).to_string(), "0.5499999999");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rounded<'a> {
    value: f64,
    bounds: &'a [f64],
}

impl<'a> Rounded<'a> {
    /// Creates the text of a number that is not compared with a bound.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self { value, bounds: &[] }
    }

    /// Sets the bounds with which the number is compared.
    #[must_use]
    pub const fn compared_with(self, bounds: &'a [f64]) -> Self {
        Self { bounds, ..self }
    }

    /// Returns the rounded number; `None` if the rounded number and the exact one compare differently with a bound.
    fn rounded(&self) -> Option<f64> {
        let value = self.value;
        let digits: f64 = format!("{value:.5e}").parse().ok()?;
        let places: f64 = format!("{value:.2}").parse().ok()?;
        let is_closer = (places - value).abs() < (digits - value).abs();
        let rounded = if is_closer { places } else { digits };
        let is_on_side = |bound: &f64| value.partial_cmp(bound) == rounded.partial_cmp(bound);
        self.bounds.iter().all(is_on_side).then_some(rounded)
    }
}

impl fmt::Display for Rounded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.value.to_string();
        if exact.len() <= SHORT {
            return f.write_str(&exact);
        }
        let shown = self.rounded().unwrap_or(self.value);
        let text = shown.to_string();
        if text.len() > PLAIN_MAX {
            write!(f, "{shown:e}")
        } else {
            f.write_str(&text)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_few_digits() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.5, "-0.5"),
            (0.502_499_979_166_874_9, "0.5025"),
            (1.839_999_999_999_998_5, "1.84"),
            (33.333_333_333_333_336, "33.3333"),
            (90_269.999_999_999_93, "90270"),
            (102_345.678, "102345.68"),
            (1_234_567.891, "1234567.89"),
            (0.000_012_345_678, "0.0000123457"),
            (0.300_000_011_920_928_96, "0.3"),
            (1e300, "1e300"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(Rounded::new(value).to_string(), expected);
        }
    }

    #[test]
    fn a_difference_from_a_bound_is_shown() {
        let shown = |value, bound| Rounded::new(value).compared_with(&[9.0, bound]).to_string();
        assert_eq!(shown(8.000_000_000_000_002, 8.0), "8.000000000000002");
        assert_eq!(shown(8.000_000_000_000_002, 7.0), "8");
        assert_eq!(shown(0.549_999_999_9, 0.55), "0.5499999999");
        assert_eq!(shown(0.550_000_000_1, 0.55), "0.5500000001");
    }

    proptest! {
        #[test]
        fn the_text_is_close_to_the_number_and_on_its_side_of_each_bound(
            value in prop::num::f64::NORMAL | prop::num::f64::ZERO,
            bound in prop::num::f64::NORMAL,
            factor in 0.999_999..1.000_001,
        ) {
            for bound in [bound, value, value * factor] {
                let text = Rounded::new(value).compared_with(&[bound]).to_string();
                let shown: f64 = text.parse().unwrap();
                prop_assert_eq!(shown.partial_cmp(&bound), value.partial_cmp(&bound), "{}", text);
                prop_assert!((shown - value).abs() <= value.abs() * 1e-5, "{}", text);
            }
        }
    }
}
