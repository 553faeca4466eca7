//! Money that adds up: whole numbers, and nothing rounded but in the open.
//!
//! A price is a whole number of 10⁻⁸ USD, a quantity of 10⁻⁸ units, and so what they are worth together is a whole number
//! of 10⁻¹⁶ USD. Profit is a difference of such products and exact. What is a share of something (a fee, a margin) is
//! rounded up to the next 10⁻¹⁶ USD, which is against whoever trades.

use std::{fmt, ops::Neg};

use serde::{Serialize, Serializer};
use thiserror::Error;

const PRICE_DIGITS: usize = 8;
const QUANTITY_DIGITS: usize = 8;
const MONEY_DIGITS: usize = PRICE_DIGITS + QUANTITY_DIGITS;

/// An amount beyond what can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "an amount is beyond what can be counted exactly (about 10^13 USD); is a price or a size of the tape right?"
)]
pub struct TooMuch;

/// USD for one unit; greater than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(i128);

/// Units of what is traded; greater than or equal to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

/// An amount in USD, negative where it is lost or owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i128);

/// A share: so many parts in 10⁹.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(i128);

const RATE_DIGITS: usize = 9;
const RATE_WHOLE: i128 = 1_000_000_000;

/// Why a text is no number of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnitError {
    /// No decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// Finer than the unit.
    #[error("more than {0} digits behind the point")]
    TooFine(usize),
    /// More than anything that is traded.
    #[error("too large")]
    TooLarge,
    /// Zero or less.
    #[error("not greater than 0")]
    NotPositive,
}

impl Price {
    /// From decimal text.
    ///
    /// # Errors
    /// No positive decimal number, or one with more than eight digits behind the point.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        match decimal(text, PRICE_DIGITS, Finer::Refused)? {
            price if price > 0 => Ok(Self(price)),
            _ => Err(UnitError::NotPositive),
        }
    }

    /// The nearest to what the engine gives; `None` where that is nothing.
    pub(super) fn nearest(value: f64) -> Option<Self> {
        let text = format!("{value:.PRICE_DIGITS$}");
        let price = decimal(&text, PRICE_DIGITS, Finer::Refused).ok()?;
        (price > 0).then_some(Self(price))
    }

    /// As floating point, which the engine works in.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0, PRICE_DIGITS)
    }

    /// What so many units are worth.
    pub(super) fn times(self, quantity: Quantity) -> Result<Money, TooMuch> {
        self.0.checked_mul(quantity.0).map(Money).ok_or(TooMuch)
    }
}

impl Quantity {
    /// As many as an amount buys at a price, rounded down.
    pub(super) const fn bought(amount: Money, price: Price) -> Self {
        // The digits of the amount are those of the price and of a quantity.
        match amount.0.checked_div(price.0) {
            Some(units) => Self(units),
            None => Self(0),
        }
    }

    /// So many quarters of it, rounded down.
    pub(super) fn quarters(self, quarters: i128) -> Result<Self, TooMuch> {
        let product = self.0.checked_mul(quarters).ok_or(TooMuch)?;
        Ok(Self(product / 4))
    }

    /// From what an intent asks, cut off to what can be counted; `None` where nothing is left.
    pub(super) fn cut_off(units: f64) -> Option<Self> {
        let units = decimal(&units.to_string(), QUANTITY_DIGITS, Finer::CutOff).ok()?;
        (units > 0).then_some(Self(units))
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn less(self, part: Self) -> Self {
        Self(self.0.saturating_sub(part.0))
    }

    /// As floating point.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0, QUANTITY_DIGITS)
    }
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From decimal text.
    ///
    /// # Errors
    /// No positive decimal number, or one with more than sixteen digits behind the point.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        match decimal(text, MONEY_DIGITS, Finer::Refused)? {
            amount if amount > 0 => Ok(Self(amount)),
            _ => Err(UnitError::NotPositive),
        }
    }

    /// From what the engine gives, rounded down to what can be counted.
    pub(super) fn floor(usd: f64) -> Result<Self, TooMuch> {
        let amount = decimal(&usd.to_string(), MONEY_DIGITS, Finer::CutOff);
        amount.map(Self).map_err(|_| TooMuch)
    }

    /// Their sum.
    ///
    /// # Errors
    /// An amount beyond what can be counted.
    pub fn plus(self, other: Self) -> Result<Self, TooMuch> {
        self.0.checked_add(other.0).map(Self).ok_or(TooMuch)
    }

    /// Their difference.
    ///
    /// # Errors
    /// An amount beyond what can be counted.
    pub fn minus(self, other: Self) -> Result<Self, TooMuch> {
        self.0.checked_sub(other.0).map(Self).ok_or(TooMuch)
    }

    /// A share of it, rounded up: what is paid to the next larger, what is received (a negative share) to the next smaller.
    pub(super) fn share(self, rate: Rate) -> Result<Self, TooMuch> {
        let product = self.0.checked_mul(rate.0).ok_or(TooMuch)?;
        let (whole, rest) = (product / RATE_WHOLE, product % RATE_WHOLE);
        Ok(Self(whole + i128::from(rest > 0)))
    }

    /// Over a leverage, rounded up.
    pub(super) fn over(self, leverage: f64) -> Result<Self, TooMuch> {
        let leverage = decimal(&leverage.to_string(), RATE_DIGITS, Finer::CutOff);
        let leverage = leverage.ok().filter(|it| *it > 0).ok_or(TooMuch)?;
        let scaled = self.0.checked_mul(RATE_WHOLE).ok_or(TooMuch)?;
        let (whole, rest) = (scaled / leverage, scaled % leverage);
        Ok(Self(whole + i128::from(rest > 0)))
    }

    /// The part of it that belongs to a part of a quantity, rounded down to parts in 10⁹.
    pub(super) fn part(self, part: Quantity, of: Quantity) -> Result<Self, TooMuch> {
        let scaled = part.0.checked_mul(RATE_WHOLE).ok_or(TooMuch)?;
        let rate = scaled.checked_div(of.0).ok_or(TooMuch)?;
        let product = self.0.checked_mul(rate).ok_or(TooMuch)?;
        Ok(Self(product / RATE_WHOLE))
    }

    /// As floating point, for a reader.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0, MONEY_DIGITS)
    }
}

impl Rate {
    /// From decimal text, as a share of one: 0.0004 is 4 basis points. A share of more than one is none.
    ///
    /// # Errors
    /// No decimal number between -1 and 1, or one with more than nine digits behind the point.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        match decimal(text, RATE_DIGITS, Finer::Refused)? {
            rate if rate.abs() <= RATE_WHOLE => Ok(Self(rate)),
            _ => Err(UnitError::TooLarge),
        }
    }

    /// Whether it is below 0.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// As floating point.
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

/// In dollars and cents, to the nearest.
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

/// A share in per cent, as text.
pub(super) fn hundredfold(rate: Rate) -> String {
    let text = float(rate.0, RATE_DIGITS - 2).to_string();
    if text == "-0" { "0".to_owned() } else { text }
}

/// What becomes of digits that are finer than a unit.
#[derive(Clone, Copy, PartialEq)]
enum Finer {
    Refused,
    CutOff,
}

/// Decimal text without an exponent as a whole number of 10^-`digits`.
fn decimal(text: &str, digits: usize, finer: Finer) -> Result<i128, UnitError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return Err(UnitError::NotANumber);
    }
    let fraction = match finer {
        Finer::Refused => fraction.trim_end_matches('0'),
        Finer::CutOff => fraction.get(..digits).unwrap_or(fraction),
    };
    if fraction.len() > digits {
        return Err(UnitError::TooFine(digits));
    }
    let text = format!("{whole}{fraction:0<digits$}");
    let size: i128 = text.parse().map_err(|_| UnitError::TooLarge)?;
    Ok(if negative { -size } else { size })
}

/// The nearest floating point number.
fn float(units: i128, digits: usize) -> f64 {
    let size = units.unsigned_abs().to_string();
    let text = format!("{size:0>width$}", width = digits + 1);
    let (whole, fraction) = text
        .split_at_checked(text.len() - digits)
        .unwrap_or((&text, ""));
    let sign = if units < 0 { "-" } else { "" };
    // Digits and a point are always a number.
    format!("{sign}{whole}.{fraction}")
        .parse()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_whole_numbers_and_comes_back() {
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
    fn shares_are_rounded_against_whoever_trades() {
        let price = Price::parse("3").unwrap();
        let amount = Money::parse("10").unwrap();
        let units = Quantity::bought(amount, price);
        assert_eq!(units, Quantity(333_333_333));
        let worth = price.times(units).unwrap();
        assert_eq!(worth, Money(9_999_999_990 * 10_000_000));
        assert_eq!(Money(1).share(Rate::parse("0.0004").unwrap()), Ok(Money(1)));
        assert_eq!(Money(3).over(2.0), Ok(Money(2)));
        assert_eq!(Money(10).part(Quantity(1), Quantity(3)), Ok(Money(3)));
        assert_eq!(amount.over(1e-12), Err(TooMuch));
    }

    #[test]
    fn cents_are_told_to_the_nearest() {
        assert_eq!(Money::parse("1.005").unwrap().to_string(), "1.01");
        assert_eq!((-Money::parse("0.004").unwrap()).to_string(), "0.00");
        assert_eq!((-Money::parse("12.5").unwrap()).to_string(), "-12.50");
    }
}
