//! A number that one or more fields state.

/// The largest relative difference between two numbers that count as equal.
const EQUAL: f64 = 1e-9;

/// A number, the field that states it, and a second field that states another number.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Stated {
    value: Option<(f64, &'static str)>,
    conflict: Option<(&'static str, &'static str)>,
    /// True if the numbers of two fields differ, whether or not they are usable.
    is_mixed: bool,
}

impl Stated {
    /// Adds the price of an order. A price of 0 means a market order, so 0 and a price contradict each other.
    pub(super) fn add_price(&mut self, number: f64, field: &'static str) {
        match self.value {
            Some((earlier, first)) if (earlier == 0.0) != (number == 0.0) => {
                self.conflict = Some((first, field));
            }
            Some(_) | None => self.add(number, field),
        }
    }

    /// Adds the number of a field; NaN if it is unreadable. An unusable number is kept, so that a usable number under
    /// another spelling of the field does not hide it.
    pub(super) fn add(&mut self, number: f64, field: &'static str) {
        let earlier = self.number();
        self.is_mixed |= earlier.is_some_and(|earlier| !is_equal(earlier, number));
        match self.value {
            None => self.value = Some((number, field)),
            Some((earlier, _)) if !is_usable(earlier) => {}
            Some(_) if !is_usable(number) => self.value = Some((number, field)),
            Some((earlier, first)) if !is_equal(earlier, number) => {
                self.conflict = Some((first, field));
            }
            Some(_) => {}
        }
    }

    /// Returns the number and its field. If the number of one field is unusable, returns that number and field.
    pub(super) const fn value(&self) -> Option<(f64, &'static str)> {
        self.value
    }

    /// Returns the number.
    pub(super) fn number(&self) -> Option<f64> {
        self.value.map(|(number, _)| number)
    }

    /// Returns true if a number is stated and at least one of the fields is not 0.
    pub(super) fn is_other_than_zero(&self) -> bool {
        self.number()
            .is_some_and(|number| number != 0.0 || self.is_mixed)
    }

    /// Returns two fields that state different numbers.
    pub(super) const fn conflict(&self) -> Option<(&'static str, &'static str)> {
        self.conflict
    }
}

/// Returns true if the number is finite and greater than 0.
fn is_usable(number: f64) -> bool {
    number > 0.0 && number <= f64::MAX
}

fn is_equal(one: f64, other: f64) -> bool {
    one == other || (one - other).abs() <= EQUAL * one.abs().max(other.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_must_agree() {
        let state = |numbers: &[f64]| {
            let mut stated = Stated::default();
            for (number, field) in numbers.iter().zip(["quantity", "qty", "Qty"]) {
                stated.add(*number, field);
            }
            stated
        };
        assert_eq!(state(&[0.1, 0.1 + 1e-12]).conflict(), None);
        assert_eq!(state(&[0.47, 0.024]).conflict(), Some(("quantity", "qty")));
        assert_eq!(
            state(&[1.0, 1.0, 2.0]).conflict(),
            Some(("quantity", "Qty"))
        );
        for (numbers, expected) in [
            (&[][..], false),
            (&[0.0], false),
            (&[0.0, -0.0], false),
            (&[0.0, 5.0], true),
            (&[5.0, 0.0], true),
            (&[f64::NAN, 0.0], true),
            (&[f64::NAN], true),
        ] {
            assert_eq!(state(numbers).is_other_than_zero(), expected, "{numbers:?}");
        }
        assert!(state(&[1.0, f64::NAN]).number().is_some_and(f64::is_nan));
        assert!(state(&[f64::NAN, 1.0]).number().is_some_and(f64::is_nan));
        for unusable in [f64::INFINITY, 0.0, -1.0] {
            assert_eq!(state(&[5.0, unusable]).number(), Some(unusable));
            assert_eq!(state(&[unusable, 5.0]).number(), Some(unusable));
        }
    }
}
