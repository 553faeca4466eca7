//! Range checks that the number types share, and the macro that defines the positive ones.

use std::num::NonZeroU64;

use thiserror::Error;

/// The reason why a number is not a valid leverage, amount, price or R multiple.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum NumberError {
    /// The number is an infinity.
    #[error("`{0}` is not finite")]
    NotFinite(f64),
    /// The number is zero or negative.
    #[error("`{0}` is not greater than 0")]
    NotPositive(f64),
    /// The number is NaN, or the text is not a number.
    #[error("not a number")]
    NotANumber,
}

/// Returns the value if it is finite.
pub(crate) fn finite(value: f64) -> Result<f64, NumberError> {
    if value.is_nan() {
        Err(NumberError::NotANumber)
    } else if value.is_finite() {
        Ok(value)
    } else {
        Err(NumberError::NotFinite(value))
    }
}

/// Returns the value if it is finite and greater than zero.
#[inline]
pub(crate) fn positive(value: f64) -> Result<f64, NumberError> {
    // NaN fails both comparisons, and infinity fails the second one.
    if value > 0.0 && value <= f64::MAX {
        Ok(value)
    } else {
        Err(why_not_positive(value))
    }
}

/// Returns the bits of the value if it is finite and greater than zero.
#[inline]
pub(crate) fn positive_bits(value: f64) -> Result<NonZeroU64, NumberError> {
    // The bits of negative numbers, infinity and NaN are greater than those of `f64::MAX`.
    match NonZeroU64::new(value.to_bits()) {
        Some(bits) if bits.get() <= f64::MAX.to_bits() => Ok(bits),
        Some(_) | None => Err(why_not_positive(value)),
    }
}

#[cold]
fn why_not_positive(value: f64) -> NumberError {
    finite(value)
        .err()
        .unwrap_or(NumberError::NotPositive(value))
}

/// Defines a newtype over a finite `f64` greater than zero, with one checked constructor. An `Option` of it has the size of
/// an `f64`.
macro_rules! positive_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        // The bits of the number. They are not 0, because only the bits of +0 are. The bits of numbers greater than zero
        // have the same order as the numbers.
        #[derive(Clone, Copy, PartialEq, PartialOrd)]
        pub struct $name(std::num::NonZeroU64);

        impl $name {
            /// Checks the value and creates the number. There is no other constructor.
            ///
            /// # Errors
            /// Returns an error if the value is not finite or not greater than zero.
            #[inline]
            pub fn new(value: f64) -> Result<Self, $crate::types::NumberError> {
                $crate::types::number::positive_bits(value).map(Self)
            }

            /// Returns the value as a plain `f64`.
            #[must_use]
            pub const fn get(self) -> f64 {
                f64::from_bits(self.0.get())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.get()).finish()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.get(), f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.get())
            }
        }
    };
}
pub(crate) use positive_number;

#[cfg(test)]
mod tests {
    use proptest::{num::f64::ANY, prelude::*};

    use crate::types::{NumberError, Price};

    /// Generates any number, and often one at the edge of the numbers greater than 0.
    fn number() -> impl Strategy<Value = f64> {
        let edges = [
            0.0,
            f64::from_bits(1),
            f64::MIN_POSITIVE,
            1.0,
            f64::MAX,
            f64::INFINITY,
        ];
        let edge = proptest::sample::select(edges.to_vec());
        prop_oneof![ANY, edge.clone(), edge.prop_map(|x| -x), Just(f64::NAN)]
    }

    proptest! {
        #[test]
        fn exactly_finite_numbers_greater_than_zero_are_accepted(x in number()) {
            let price = Price::new(x);
            prop_assert_eq!(price.is_ok(), x > 0.0 && x.is_finite(), "{}", x);
            match price {
                Ok(price) => prop_assert_eq!(price.get().to_bits(), x.to_bits()),
                Err(NumberError::NotANumber) => prop_assert!(x.is_nan()),
                Err(NumberError::NotFinite(value)) => prop_assert!(value == x && x.is_infinite()),
                Err(NumberError::NotPositive(value)) => prop_assert!(value == x && x <= 0.0),
            }
        }

        #[test]
        fn positive_numbers_have_the_order_of_their_values(one in number(), other in number()) {
            if let (Ok(first), Ok(second)) = (Price::new(one), Price::new(other)) {
                prop_assert_eq!(first.partial_cmp(&second), one.partial_cmp(&other));
                prop_assert_eq!(first == second, one == other);
            }
        }
    }

    #[test]
    fn an_optional_number_needs_no_additional_space() {
        assert_eq!(size_of::<Option<Price>>(), size_of::<f64>());
        let price = Price::new(0.5).unwrap();
        assert_eq!(format!("{price:?} {price}"), "Price(0.5) 0.5");
        assert_eq!(serde_json::to_string(&price).unwrap(), "0.5");
    }
}
