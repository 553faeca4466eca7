//! Amounts in USD: one type for notionals, and one type for margins.

use super::{Leverage, NumberError, number::positive_number};

positive_number! {
    /// The notional value of a position, in USD. Finite and greater than zero.
    Notional
}

positive_number! {
    /// The margin of a position, in USD. Finite and greater than zero.
    Margin
}

impl Notional {
    /// Computes the margin: `notional / leverage`.
    ///
    /// # Errors
    /// Returns an error if the quotient overflows to infinity or underflows to zero.
    pub fn margin(self, leverage: Leverage) -> Result<Margin, NumberError> {
        Margin::new(self.get() / leverage.get())
    }
}

impl Margin {
    /// Computes the notional: `margin × leverage`.
    ///
    /// # Errors
    /// Returns an error if the product overflows to infinity or underflows to zero.
    pub fn notional(self, leverage: Leverage) -> Result<Notional, NumberError> {
        Notional::new(self.get() * leverage.get())
    }
}
