//! The fraction type.

use thiserror::Error;

/// A part of a whole: greater than 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize)]
#[serde(transparent)]
pub struct Fraction(f64);

/// The error for a number that is not a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("`{0}` is not greater than 0 and at most 1")]
pub struct FractionError(f64);

impl Fraction {
    /// Checks the value; there is no other constructor.
    ///
    /// # Errors
    /// Returns an error if the value is NaN, not greater than 0, or greater than 1.
    pub fn new(value: f64) -> Result<Self, FractionError> {
        // NaN fails both comparisons.
        if value > 0.0 && value <= 1.0 {
            Ok(Self(value))
        } else {
            Err(FractionError(value))
        }
    }

    /// Returns the plain number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl std::fmt::Display for Fraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}
