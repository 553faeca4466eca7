//! Exact amounts: prices, quantities, money and rates as scaled integers.
//!
//! A price is a whole number of 10⁻⁸ USD and a quantity a whole number of 10⁻⁸ units, so their product is a whole
//! number of 10⁻¹⁶ USD. Profit is a difference of such products and therefore exact. Fees, margins and funding are
//! rounded up to the next multiple of 10⁻¹⁶ USD, to the disadvantage of the trader.

use std::{fmt, ops::Neg};

use serde::{Serialize, Serializer};
use thiserror::Error;

const PRICE_DIGITS: usize = 8;
const QUANTITY_DIGITS: usize = 8;
const MONEY_DIGITS: usize = PRICE_DIGITS + QUANTITY_DIGITS;

/// The error for an amount that is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "an amount exceeds the range of exact arithmetic (about 10^13 USD); check candle prices and intent sizes"
)]
pub struct AmountOverflow;

/// A price in USD per unit, greater than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(i128);

/// A quantity in units of a symbol, greater than or equal to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

/// An amount in USD; negative for a loss or a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i128);

/// A rate: a share of an amount, as a multiple of 10⁻⁹.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(i128);

const RATE_DIGITS: usize = 9;
const RATE_WHOLE: i128 = 1_000_000_000;

/// An error in the text of a price, an amount or a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnitError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// The text has more decimal places than the unit.
    #[error("more than {0} decimal places")]
    TooFine(usize),
    /// The number is out of range.
    #[error("too large")]
    TooLarge,
    /// The number is zero or negative.
    #[error("not greater than 0")]
    NotPositive,
}

impl Price {
    /// Parses decimal text without an exponent.
    ///
    /// # Errors
    /// Returns an error if the text is not a positive decimal number, or if it has more than eight decimal places.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        match decimal(text, PRICE_DIGITS, ExtraDigits::Reject)? {
            price if price > 0 => Ok(Self(price)),
            _ => Err(UnitError::NotPositive),
        }
    }

    /// Rounds a price of the engine to the nearest multiple of 10⁻⁸ USD; `None` if the result is
    /// not positive.
    pub(super) fn nearest(value: f64) -> Option<Self> {
        let text = format!("{value:.PRICE_DIGITS$}");
        let price = decimal(&text, PRICE_DIGITS, ExtraDigits::Reject).ok()?;
        (price > 0).then_some(Self(price))
    }

    /// Returns the price in USD per unit as the nearest `f64`, the number type of the engine.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0, PRICE_DIGITS)
    }

    /// Returns the value of `quantity` units at this price.
    pub(super) fn times(self, quantity: Quantity) -> Result<Money, AmountOverflow> {
        self.0
            .checked_mul(quantity.0)
            .map(Money)
            .ok_or(AmountOverflow)
    }
}

impl Quantity {
    /// Returns the quantity that `amount` buys at `price`, rounded down.
    pub(super) const fn bought(amount: Money, price: Price) -> Self {
        // The scale of an amount is the product of the scales of a price and a quantity.
        match amount.0.checked_div(price.0) {
            Some(units) => Self(units),
            None => Self(0),
        }
    }

    /// Returns this many quarters of the quantity, rounded down.
    pub(super) fn quarters(self, quarters: i128) -> Result<Self, AmountOverflow> {
        let product = self.0.checked_mul(quarters).ok_or(AmountOverflow)?;
        Ok(Self(product / 4))
    }

    /// Truncates the quantity of an intent to eight decimal places; `None` if the result is not positive.
    pub(super) fn truncate(units: f64) -> Option<Self> {
        let units = decimal(&units.to_string(), QUANTITY_DIGITS, ExtraDigits::Truncate).ok()?;
        (units > 0).then_some(Self(units))
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn less(self, part: Self) -> Self {
        Self(self.0.saturating_sub(part.0))
    }

    /// Returns the quantity in units as the nearest `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0, QUANTITY_DIGITS)
    }
}

impl Money {
    /// Zero USD.
    pub const ZERO: Self = Self(0);

    /// Parses decimal text without an exponent.
    ///
    /// # Errors
    /// Returns an error if the text is not a positive decimal number, or if it has more than sixteen decimal places.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        match decimal(text, MONEY_DIGITS, ExtraDigits::Reject)? {
            amount if amount > 0 => Ok(Self(amount)),
            _ => Err(UnitError::NotPositive),
        }
    }

    /// Truncates an amount of the engine to sixteen decimal places.
    pub(super) fn floor(usd: f64) -> Result<Self, AmountOverflow> {
        let amount = decimal(&usd.to_string(), MONEY_DIGITS, ExtraDigits::Truncate);
        amount.map(Self).map_err(|_| AmountOverflow)
    }

    /// Returns the sum.
    ///
    /// # Errors
    /// Returns an error if the sum is out of range.
    pub fn plus(self, other: Self) -> Result<Self, AmountOverflow> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountOverflow)
    }

    /// Returns the difference.
    ///
    /// # Errors
    /// Returns an error if the difference is out of range.
    pub fn minus(self, other: Self) -> Result<Self, AmountOverflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountOverflow)
    }

    /// Returns a share of the amount, rounded up. Therefore a payment is rounded to a larger
    /// amount, and a receipt (a negative rate) to a smaller one.
    pub(super) fn share(self, rate: Rate) -> Result<Self, AmountOverflow> {
        let product = self.0.checked_mul(rate.0).ok_or(AmountOverflow)?;
        let (whole, rest) = (product / RATE_WHOLE, product % RATE_WHOLE);
        Ok(Self(whole + i128::from(rest > 0)))
    }

    /// Divides the amount by a leverage and rounds up.
    pub(super) fn over(self, leverage: f64) -> Result<Self, AmountOverflow> {
        let leverage = decimal(&leverage.to_string(), RATE_DIGITS, ExtraDigits::Truncate);
        let leverage = leverage.ok().filter(|it| *it > 0).ok_or(AmountOverflow)?;
        let scaled = self.0.checked_mul(RATE_WHOLE).ok_or(AmountOverflow)?;
        let (whole, rest) = (scaled / leverage, scaled % leverage);
        Ok(Self(whole + i128::from(rest > 0)))
    }

    /// Returns the share `part / of` of the amount. The share is rounded down to a multiple of
    /// 10⁻⁹, the result to a multiple of 10⁻¹⁶ USD.
    pub(super) fn part(self, part: Quantity, of: Quantity) -> Result<Self, AmountOverflow> {
        let scaled = part.0.checked_mul(RATE_WHOLE).ok_or(AmountOverflow)?;
        let rate = scaled.checked_div(of.0).ok_or(AmountOverflow)?;
        let product = self.0.checked_mul(rate).ok_or(AmountOverflow)?;
        Ok(Self(product / RATE_WHOLE))
    }

    /// Returns the amount in USD as the nearest `f64`, for output.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0, MONEY_DIGITS)
    }
}

impl Rate {
    /// Parses a share between -1 and 1 from decimal text: 0.0004 is 4 basis points.
    ///
    /// # Errors
    /// Returns an error if the text is not a decimal number between -1 and 1, or if it has more than nine decimal
    /// places.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        match decimal(text, RATE_DIGITS, ExtraDigits::Reject)? {
            rate if rate.abs() <= RATE_WHOLE => Ok(Self(rate)),
            _ => Err(UnitError::TooLarge),
        }
    }

    /// Returns true if the rate is below 0.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Returns the rate as the nearest `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0, RATE_DIGITS)
    }
}

impl Neg for Rate {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

/// Formats the amount with two decimal places, rounded to the nearest cent.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CENT: u128 = 100_000_000_000_000;
        let cents = (self.0.unsigned_abs() + CENT / 2) / CENT;
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:02}", cents / 100, cents % 100);
        f.pad(&text)
    }
}

macro_rules! serialize_as_number {
    ($($unit:ty),*) => {
        $(impl Serialize for $unit {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.to_f64())
            }
        })*
    };
}
serialize_as_number!(Price, Quantity, Money, Rate);

/// Formats a rate in per cent: `0.04 %`.
pub(crate) fn percent(rate: Rate) -> String {
    let text = float(rate.0, RATE_DIGITS - 2).to_string();
    format!("{} %", if text == "-0" { "0" } else { &text })
}

/// The treatment of decimal places beyond the unit.
#[derive(Clone, Copy, PartialEq)]
enum ExtraDigits {
    Reject,
    Truncate,
}

/// Parses decimal text without an exponent as a whole number of 10^-`digits`.
fn decimal(text: &str, digits: usize, extra: ExtraDigits) -> Result<i128, UnitError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return Err(UnitError::NotANumber);
    }
    let fraction = match extra {
        ExtraDigits::Reject => fraction.trim_end_matches('0'),
        ExtraDigits::Truncate => fraction.get(..digits).unwrap_or(fraction),
    };
    if fraction.len() > digits {
        return Err(UnitError::TooFine(digits));
    }
    let text = format!("{whole}{fraction:0<digits$}");
    let size: i128 = text.parse().map_err(|_| UnitError::TooLarge)?;
    Ok(if negative { -size } else { size })
}

/// Returns the `f64` nearest to `units` × 10^-`digits`.
fn float(units: i128, digits: usize) -> f64 {
    let size = units.unsigned_abs().to_string();
    let text = format!("{size:0>width$}", width = digits + 1);
    let (whole, fraction) = text
        .split_at_checked(text.len() - digits)
        .unwrap_or((&text, ""));
    let sign = if units < 0 { "-" } else { "" };
    // The text consists of digits and a decimal point, so it always parses.
    format!("{sign}{whole}.{fraction}")
        .parse()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_parsed_exactly() {
        assert_eq!(Price::parse("92404.24").unwrap().0, 9_240_424_000_000);
        assert_eq!(Price::parse("0.00000812").unwrap().to_f64(), 0.000_008_12);
        assert_eq!(Price::parse("1.000000010"), Ok(Price(100_000_001)));
        assert_eq!(Price::parse("1.000000001"), Err(UnitError::TooFine(8)));
        assert_eq!(Price::parse("0"), Err(UnitError::NotPositive));
        for text in ["", ".5", "-", "1e5", "nan", "1,5", " 1"] {
            assert_eq!(Price::parse(text), Err(UnitError::NotANumber), "{text}");
        }
        assert_eq!(Money::parse("-1"), Err(UnitError::NotPositive));
    }

    #[test]
    fn shares_are_rounded_against_the_trader() {
        let price = Price::parse("3").unwrap();
        let amount = Money::parse("10").unwrap();
        let units = Quantity::bought(amount, price);
        assert_eq!(units, Quantity(333_333_333));
        let worth = price.times(units).unwrap();
        assert_eq!(worth, Money(9_999_999_990 * 10_000_000));
        assert_eq!(Money(1).share(Rate::parse("0.0004").unwrap()), Ok(Money(1)));
        assert_eq!(Money(3).over(2.0), Ok(Money(2)));
        assert_eq!(Money(10).part(Quantity(1), Quantity(3)), Ok(Money(3)));
        assert_eq!(amount.over(1e-12), Err(AmountOverflow));
    }

    #[test]
    fn amounts_are_shown_to_the_nearest_cent() {
        assert_eq!(Money::parse("1.005").unwrap().to_string(), "1.01");
        assert_eq!((-Money::parse("0.004").unwrap()).to_string(), "0.00");
        assert_eq!((-Money::parse("12.5").unwrap()).to_string(), "-12.50");
    }
}
