//! Prices and quantities.

use super::{NumberError, number::positive_number, usd::Notional};

positive_number! {
    /// USD for one unit: finite, greater than zero.
    Price
}

positive_number! {
    /// Units of the symbol: finite, greater than zero.
    Quantity
}

impl Quantity {
    /// notional = quantity × price.
    ///
    /// # Errors
    /// A product that is not finite, or that is zero in floating point.
    pub fn notional(self, price: Price) -> Result<Notional, NumberError> {
        Notional::new(self.get() * price.get())
    }
}

impl Notional {
    /// quantity = notional / price.
    ///
    /// # Errors
    /// A quotient that is not finite, or that is zero in floating point.
    pub fn quantity(self, price: Price) -> Result<Quantity, NumberError> {
        Quantity::new(self.get() / price.get())
    }
}
