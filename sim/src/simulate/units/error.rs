//! Errors of amounts.

use rust_decimal::Decimal;
use thiserror::Error;

/// The maximum number of decimal places of a price, a quantity or a rate.
pub(super) const PLACES_MAX: u32 = Decimal::MAX_SCALE;

/// The error for an amount that is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "an amount exceeds the range of exact arithmetic (about 5·10^20 USD or 7·10^28 units); check candle prices and intent sizes"
)]
pub struct AmountOverflow;

/// An error in the text of a price, an amount or a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnitError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// The number has more decimal places than are stored.
    #[error("more than {PLACES_MAX} decimal places")]
    TooFine,
    /// The number has more significant digits than are stored.
    #[error("more than 28 significant digits")]
    TooManyDigits,
    /// The number is out of range.
    #[error("too large")]
    TooLarge,
    /// The number is zero or negative.
    #[error("must be greater than 0")]
    NotPositive,
}
