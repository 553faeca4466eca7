//! Range checks that the number types share, and the macro that defines the positive ones.

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

#[cold]
fn why_not_positive(value: f64) -> NumberError {
    finite(value)
        .err()
        .unwrap_or(NumberError::NotPositive(value))
}

/// Defines a newtype over a finite `f64` greater than zero, with one checked constructor.
macro_rules! positive_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// Checks the value and creates the number. There is no other constructor.
            ///
            /// # Errors
            /// Returns an error if the value is not finite or not greater than zero.
            #[inline]
            pub fn new(value: f64) -> Result<Self, $crate::types::NumberError> {
                $crate::types::number::positive(value).map(Self)
            }

            /// Returns the value as a plain `f64`.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use positive_number;
