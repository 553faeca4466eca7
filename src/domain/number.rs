//! The rule that every positive quantity of the field obeys.

use thiserror::Error;

/// Why a number is not a leverage, an amount, a price or an R multiple.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum NumberError {
    /// An infinity.
    #[error("`{0}` is not finite")]
    NotFinite(f64),
    /// Zero or less.
    #[error("`{0}` is not greater than 0")]
    NotPositive(f64),
    /// NaN, or text that no number can be read from.
    #[error("not a number")]
    NotANumber,
}

/// The value, if it is finite.
pub(crate) fn finite(value: f64) -> Result<f64, NumberError> {
    if value.is_nan() {
        Err(NumberError::NotANumber)
    } else if value.is_finite() {
        Ok(value)
    } else {
        Err(NumberError::NotFinite(value))
    }
}

/// The value, if it is finite and greater than zero.
#[inline]
pub(crate) fn positive(value: f64) -> Result<f64, NumberError> {
    // A NaN fails both comparisons, and an infinity the second.
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

/// Defines a newtype over a finite `f64` greater than zero, with one checked door.
macro_rules! positive_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// The one door.
            ///
            /// # Errors
            /// A value that is not finite, or not greater than zero.
            #[inline]
            pub fn new(value: f64) -> Result<Self, $crate::domain::NumberError> {
                $crate::domain::number::positive(value).map(Self)
            }

            /// The bare number.
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
