//! Amounts of money, told apart by what they measure.

use super::{Leverage, NumberError, number::positive_number};

positive_number! {
    /// What a position is worth, in USD: finite, greater than zero.
    Notional
}

positive_number! {
    /// What is put up for a position, in USD: finite, greater than zero.
    Margin
}

impl Notional {
    /// margin = notional / leverage.
    ///
    /// # Errors
    /// A quotient that is not finite, or that is zero in floating point.
    pub fn margin(self, leverage: Leverage) -> Result<Margin, NumberError> {
        Margin::new(self.get() / leverage.get())
    }
}

impl Margin {
    /// notional = margin × leverage.
    ///
    /// # Errors
    /// A product that is not finite, or that is zero in floating point.
    pub fn notional(self, leverage: Leverage) -> Result<Notional, NumberError> {
        Notional::new(self.get() * leverage.get())
    }
}
