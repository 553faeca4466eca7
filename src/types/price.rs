//! The price and quantity types.

use super::{NumberError, number::positive_number, usd::Notional};

positive_number! {
    /// A price in USD per unit of the symbol. Finite and greater than zero.
    Price
}

positive_number! {
    /// A quantity in units of the symbol. Finite and greater than zero.
    Quantity
}

impl Quantity {
    /// Computes the notional: `quantity × price`.
    ///
    /// # Errors
    /// Returns an error if the product overflows to infinity or underflows to zero.
    pub fn notional(self, price: Price) -> Result<Notional, NumberError> {
        Notional::new(self.get() * price.get())
    }
}

impl Notional {
    /// Computes the quantity: `notional / price`.
    ///
    /// # Errors
    /// Returns an error if the quotient overflows to infinity or underflows to zero.
    pub fn quantity(self, price: Price) -> Result<Quantity, NumberError> {
        Quantity::new(self.get() / price.get())
    }
}
