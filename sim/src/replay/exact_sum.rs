//! Exact sums of numbers.

use std::{cmp::Ordering, fmt};

use serde::{Serialize, Serializer};

/// The number of words of 32 bits that hold any sum of up to 2^63 numbers.
const WORDS: usize = 68;

/// The number of additions after which the words are reduced to 32 bits. A word can overflow only after more additions.
const ADDITIONS_MAX: u32 = 1 << 30;

const WORD: u64 = 0xffff_ffff;
/// The number of bits of an `f64` for its fraction.
const FRACTION_BITS: u32 = 52;
const FRACTION: u64 = (1 << FRACTION_BITS) - 1;

/// The exact sum of finite numbers. It is rounded only when it is read, so that it does not depend on the order of the
/// numbers, nor on how they are divided into partial sums.
#[derive(Clone, Copy)]
pub struct ExactSum {
    /// The sum in units of 2^-1074, the smallest positive `f64`. The words are the digits of the sum in base 2^32,
    /// lowest first. Between two reductions, a word may be negative or have more than 32 bits.
    words: [i64; WORDS],
    /// The number of additions since the words were reduced to 32 bits.
    additions: u32,
}

impl Default for ExactSum {
    fn default() -> Self {
        Self {
            words: [0; WORDS],
            additions: 0,
        }
    }
}

impl ExactSum {
    /// Adds a number. A number that is not finite is ignored.
    pub fn add(&mut self, number: f64) {
        if !number.is_finite() {
            return;
        }
        if self.additions >= ADDITIONS_MAX {
            self.reduce();
        }
        self.additions += 1;
        let bits = number.abs().to_bits();
        let (exponent, fraction) = (bits >> FRACTION_BITS, bits & FRACTION);
        let (digits, shift) = match exponent {
            0 => (fraction, 0),
            _ => (fraction | (1 << FRACTION_BITS), exponent - 1),
        };
        let digits = u128::from(digits) << (shift % 32);
        let start = usize::try_from(shift / 32).unwrap_or(WORDS);
        let words = self.words.iter_mut().skip(start);
        for (word, place) in words.zip([0, 32, 64]) {
            let part = i64::try_from((digits >> place) & u128::from(WORD)).unwrap_or_default();
            *word += if number < 0.0 { -part } else { part };
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Self) {
        let mut other = *other;
        other.reduce();
        self.reduce();
        for (word, more) in self.words.iter_mut().zip(other.words) {
            *word += more;
        }
        self.additions = 1;
    }

    /// Returns the sum, rounded to the nearest number, and to an even one if two are equally near. The result is
    /// infinite if the sum exceeds the range of `f64`.
    #[must_use]
    pub fn value(&self) -> f64 {
        let mut sum = *self;
        sum.reduce();
        let is_negative = sum.words.last().is_some_and(|word| *word < 0);
        if is_negative {
            for word in &mut sum.words {
                *word = -*word;
            }
            sum.reduce();
        }
        let size = sum.rounded();
        if is_negative { -size } else { size }
    }

    /// Carries what exceeds 32 bits from each word to the next, so that only the highest word may be negative.
    fn reduce(&mut self) {
        let mut carry = 0;
        if let Some((highest, words)) = self.words.split_last_mut() {
            for word in words {
                let sum = *word + carry;
                carry = sum >> 32;
                *word = sum & WORD.cast_signed();
            }
            *highest += carry;
        }
        self.additions = 0;
    }

    /// Returns the value of a reduced sum that is not negative.
    fn rounded(&self) -> f64 {
        let words = (0_u64..).zip(self.words.iter().map(|word| word.cast_unsigned()));
        let highest = words.clone().filter(|(_, word)| *word != 0).last();
        let Some((highest, _)) = highest else {
            return 0.0;
        };
        // The highest three words have more bits than an `f64`. For the rounding, it only matters whether all lower
        // words are 0.
        let lowest = highest.saturating_sub(2);
        let (mut digits, mut is_more) = (0, false);
        for (place, word) in words {
            if place < lowest {
                is_more |= word != 0;
            } else if place <= highest {
                digits |= u128::from(word) << (32 * (place - lowest));
            }
        }
        let excess = (128 - digits.leading_zeros()).saturating_sub(FRACTION_BITS + 1);
        let (rest, mut digits) = (digits % (1 << excess), digits >> excess);
        // The order of the rest and half a unit of the lowest digit that is kept.
        let order = (2 * rest).cmp(&(1 << excess));
        let order = if is_more {
            order.then(Ordering::Greater)
        } else {
            order
        };
        let rounds_up = match order {
            Ordering::Less => false,
            Ordering::Equal => digits % 2 == 1,
            Ordering::Greater => true,
        };
        digits += u128::from(rounds_up && excess > 0);
        // The exponent is that of the lowest digit. The highest digit, or a carry beyond it, is added to the exponent.
        let exponent = 32 * lowest + u64::from(excess);
        let bits = (exponent << FRACTION_BITS) + u64::try_from(digits).unwrap_or(u64::MAX >> 1);
        f64::from_bits(bits.min(f64::INFINITY.to_bits()))
    }
}

impl fmt::Debug for ExactSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExactSum").field(&self.value()).finish()
    }
}

impl Serialize for ExactSum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.value())
    }
}

impl PartialEq for ExactSum {
    fn eq(&self, other: &Self) -> bool {
        let (mut one, mut other) = (*self, *other);
        one.reduce();
        other.reduce();
        one.words == other.words
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec, num::f64::NORMAL, num::f64::SUBNORMAL, num::f64::ZERO, prelude::*,
    };

    use super::*;

    fn sum(numbers: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        numbers.iter().for_each(|number| sum.add(*number));
        sum
    }

    /// Returns any finite number, or one of a narrow range, in which rounding matters.
    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            NORMAL | SUBNORMAL | ZERO,
            -1e3..1e3,
            Just(f64::MAX),
            Just(f64::MIN_POSITIVE)
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        #[test]
        fn the_sum_of_two_numbers_is_that_of_the_processor(one in number(), other in number()) {
            prop_assert_eq!(sum(&[one, other]).value(), one + other);
        }

        #[test]
        fn what_is_added_can_be_subtracted(numbers in vec(number(), 0..9), rest in number()) {
            let opposites = numbers.iter().map(|number| -number);
            let all: Vec<f64> = numbers.iter().copied().chain([rest]).chain(opposites).collect();
            prop_assert_eq!(sum(&all).value(), rest);
        }

        #[test]
        fn neither_order_nor_parts_change_a_sum(numbers in vec(number(), 0..40), cut in 0..40_usize) {
            let (left, right) = numbers.split_at(cut.min(numbers.len()));
            let mut parts = sum(right);
            parts.merge(&sum(left));
            prop_assert_eq!(parts, sum(&numbers));
            let reversed: Vec<f64> = numbers.iter().rev().copied().collect();
            prop_assert_eq!(sum(&reversed).value().to_bits(), parts.value().to_bits());
        }
    }

    #[test]
    fn sums_are_rounded_once() {
        let half = f64::EPSILON / 2.0;
        for (numbers, expected) in [
            (vec![], 0.0),
            (vec![0.1; 10], 1.0),
            (vec![1.0, half], 1.0),
            (vec![1.0, half, 5e-324], 1.0 + f64::EPSILON),
            (vec![1.0 + f64::EPSILON, half], 1.0 + 2.0 * f64::EPSILON),
            (vec![1.0 + f64::EPSILON, half, -5e-324], 1.0 + f64::EPSILON),
            (vec![f64::MAX, f64::MAX, -f64::MAX], f64::MAX),
            (vec![f64::MAX, f64::MAX], f64::INFINITY),
            (vec![-f64::MAX, -f64::MAX], f64::NEG_INFINITY),
            (vec![2.5, f64::NAN, f64::INFINITY], 2.5),
        ] {
            assert_eq!(sum(&numbers).value(), expected, "{numbers:?}");
        }
        let mut many = ExactSum {
            additions: ADDITIONS_MAX - 1,
            ..ExactSum::default()
        };
        (0..3).for_each(|_| many.add(0.5));
        assert_eq!((many.value(), many.additions), (1.5, 2));
    }
}
