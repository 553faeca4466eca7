//! The R multiple type.

use super::{NumberError, number::finite};

/// A profit or a threshold in units of the risk taken at entry. Finite; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize)]
#[serde(transparent)]
pub struct RMultiple(f64);

impl RMultiple {
    /// Checks the value and creates the R multiple. There is no other constructor.
    ///
    /// # Errors
    /// Returns an error if the value is not finite.
    pub fn new(value: f64) -> Result<Self, NumberError> {
        finite(value).map(Self)
    }

    /// Returns the value as a plain `f64`.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl std::fmt::Display for RMultiple {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}
