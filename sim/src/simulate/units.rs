//! Exact amounts: prices, quantities, money and rates.
//!
//! A price, a quantity or a rate is a decimal number with at most 28 decimal places and about 28 significant digits
//! ([`Decimal`]). The product of a price and a quantity is a whole number of 10⁻⁵⁶ USD, so profit, which is a
//! difference of such products, is exact. Fees, margins and funding are rounded up to the next multiple of 10⁻⁵⁶ USD,
//! to the disadvantage of the trader.

mod error;
mod scaled;
mod text;

use std::{fmt, ops::Neg};

use arrow_buffer::i256;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use error::PLACES_MAX;
pub use error::{AmountOverflow, UnitError};
use scaled::{
    decimal_of, dropped_digits, power, product, product_of, quotient, rounded_up, scaled, whole,
};
use text::{decimal, denoted, float, positive};

/// The number of decimal places of money.
const MONEY_PLACES: usize = 56;

/// A price in USD per unit, greater than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(Decimal);

/// A quantity in units of a symbol, greater than or equal to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(Decimal);

/// The size of which every quantity of a position is a multiple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lot(Decimal);

/// An amount in USD, as a multiple of 10⁻⁵⁶; negative for a loss or a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i256);

/// A rate: a share of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(Decimal);

impl Price {
    /// Parses decimal text, with or without an exponent: `0.00000105` or `1.05e-06`.
    ///
    /// # Errors
    /// Returns an error if the text is not a positive decimal number, or if it has more than 28 decimal places or
    /// significant digits. Zeros at the end of the decimal places do not count.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        positive(text).map(Self)
    }

    /// Returns the decimal price that an `f64` of the engine denotes; `None` if the result is not positive.
    pub(super) fn stated(value: f64) -> Option<Self> {
        denoted(value)
            .filter(|price| *price > Decimal::ZERO)
            .map(Self)
    }

    /// Rounds a price that the engine has computed to 15 significant digits, which removes the rounding errors of the
    /// computation; `None` if the result is not positive.
    pub(super) fn computed(value: f64) -> Option<Self> {
        Self::stated(format!("{value:.14e}").parse().ok()?)
    }

    /// Returns the price moved up by a share of it, or down if the share is negative; `None` if the result is not
    /// positive.
    pub(super) fn moved(self, share: f64) -> Option<Self> {
        let factor = Decimal::ONE.checked_add(denoted(share)?)?;
        let price = self.0.checked_mul(factor)?;
        (price > Decimal::ZERO).then_some(Self(price))
    }

    /// Returns the distance to another price as a share of this price; `None` if the share is out of range.
    pub(super) fn distance_share(self, other: Self) -> Option<f64> {
        let distance = self.0.checked_sub(other.0)?.abs();
        distance.checked_div(self.0).map(float)
    }

    /// Returns the price in USD per unit as the nearest `f64`, the number type of the engine.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0)
    }

    /// Returns the value of `quantity` units at this price.
    pub(super) fn times(self, quantity: Quantity) -> Result<Money, AmountOverflow> {
        product_of(self.0, quantity.0).map(Money)
    }
}

impl Lot {
    /// Returns the lot size that the market allows; `None` if it is not positive, or out of range.
    pub(super) fn of_size(units: f64) -> Option<Self> {
        denoted(units)
            .filter(|size| *size > Decimal::ZERO)
            .map(Self)
    }

    /// Returns the place value of the 15th significant digit of a quantity. It is the lot size of a position if no lot
    /// size is given.
    pub(super) fn of_last_digit(quantity: Quantity) -> Result<Self, AmountOverflow> {
        let units = scaled(quantity.0)?;
        let dropped = dropped_digits(units).unwrap_or_default();
        decimal_of(power(dropped)?).map(Self)
    }
}

impl Quantity {
    /// Returns the quantity that `amount` buys at `price`, rounded down to whole lots.
    pub(super) fn bought(
        amount: Money,
        price: Price,
        lot: Option<Lot>,
    ) -> Result<Self, AmountOverflow> {
        // The scale of an amount is the product of the scales of a price and a quantity.
        let units = amount.0.checked_div(scaled(price.0)?);
        Self::in_lots(units.ok_or(AmountOverflow)?, lot)
    }

    /// Returns the quantity that an `f64` of the engine denotes, rounded down to whole lots.
    pub(super) fn stated(units: f64, lot: Option<Lot>) -> Result<Self, AmountOverflow> {
        let units = denoted(units).ok_or(AmountOverflow)?;
        Self::in_lots(scaled(units)?, lot)
    }

    /// Returns a part of the quantity, rounded down to whole lots.
    pub(super) fn fraction(self, share: f64, lot: Lot) -> Result<Self, AmountOverflow> {
        let share = denoted(share).ok_or(AmountOverflow)?;
        let units = product(scaled(self.0)?, i256::from_i128(share.mantissa()))?;
        let (units, _) = quotient(units, power(share.scale())?)?;
        Self::in_lots(units, Some(lot))
    }

    /// Rounds a multiple of 10⁻²⁸ units down to whole lots with at most 15 significant digits.
    fn in_lots(units: i256, lot: Option<Lot>) -> Result<Self, AmountOverflow> {
        let lot = lot.map_or(Ok(i256::ONE), |lot| scaled(lot.0))?;
        let (lots, _) = quotient(units, lot)?;
        let units = product(lots, lot)?;
        let last_digit = power(dropped_digits(units).unwrap_or_default())?;
        let (digits, _) = quotient(units, last_digit)?;
        decimal_of(product(digits, last_digit)?).map(Self)
    }

    /// Returns true if the quantity is below a minimum of the market, in units.
    pub(super) fn is_below(self, min: f64) -> bool {
        denoted(min).is_none_or(|min| self.0 < min)
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Returns the quantity less a part of it, or 0 if the part is larger.
    pub(super) fn less(self, part: Self) -> Self {
        Self(self.0.saturating_sub(part.0).max(Decimal::ZERO))
    }

    /// Returns the quantity in units as the nearest `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0)
    }
}

impl Money {
    /// Zero USD.
    pub const ZERO: Self = Self(i256::ZERO);

    /// Parses decimal text, with or without an exponent.
    ///
    /// # Errors
    /// Returns an error if the text is not a positive decimal number, or if it has more than 28 decimal places or
    /// significant digits.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        Self::new(positive(text)?).map_err(|_| UnitError::TooLarge)
    }

    /// Returns the amount that an `f64` of the engine denotes.
    pub(super) fn stated(usd: f64) -> Result<Self, AmountOverflow> {
        Self::new(denoted(usd).ok_or(AmountOverflow)?)
    }

    fn new(usd: Decimal) -> Result<Self, AmountOverflow> {
        product_of(usd, Decimal::ONE).map(Self)
    }

    /// Returns true if the amount is below a minimum of the market, in USD.
    pub(super) fn is_below(self, min_usd: f64) -> bool {
        Self::stated(min_usd).map_or(true, |min| self < min)
    }

    /// Returns true if the amount is above a limit, in USD.
    pub(super) fn is_above(self, max_usd: f64) -> bool {
        Self::stated(max_usd).is_ok_and(|max| self > max)
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
        self.ratio(scaled(rate.0)?, power(PLACES_MAX)?)
            .map(rounded_up)
            .map(Money)
    }

    /// Divides the amount by a leverage and rounds up.
    pub(super) fn over(self, leverage: f64) -> Result<Self, AmountOverflow> {
        let leverage = denoted(leverage).ok_or(AmountOverflow)?;
        let divisor = i256::from_i128(leverage.mantissa());
        self.ratio(power(leverage.scale())?, divisor)
            .map(rounded_up)
            .map(Money)
    }

    /// Returns the share `part / of` of the amount, rounded down.
    pub(super) fn part(self, part: Quantity, of: Quantity) -> Result<Self, AmountOverflow> {
        let places = part.0.scale().max(of.0.scale());
        let (whole, _) = self.ratio(whole(part.0, places)?, whole(of.0, places)?)?;
        Ok(Self(whole))
    }

    /// Returns `self × numerator / denominator` as a whole number and a rest with the sign of the result.
    ///
    /// The amount is divided first, so that only the result has to be in range.
    fn ratio(self, numerator: i256, denominator: i256) -> Result<(i256, i256), AmountOverflow> {
        let (whole, rest) = quotient(self.0, denominator)?;
        let (fraction, rest) = quotient(product(rest, numerator)?, denominator)?;
        let whole = product(whole, numerator)?.checked_add(fraction);
        Ok((whole.ok_or(AmountOverflow)?, rest))
    }

    /// Returns the amount in USD as the nearest `f64`, for output.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        let text = self.0.to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        // The text consists of digits and an exponent, so it always parses.
        format!("{sign}{digits}e-{MONEY_PLACES}")
            .parse()
            .unwrap_or(f64::NAN)
    }
}

impl Rate {
    /// Parses a share between -1 and 1 from decimal text: 0.0004 is 4 basis points.
    ///
    /// # Errors
    /// Returns an error if the text is not a decimal number between -1 and 1, or if it has more than 28 decimal places.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        match decimal(text)? {
            rate if rate.abs() <= Decimal::ONE => Ok(Self(rate)),
            _ => Err(UnitError::TooLarge),
        }
    }

    /// Returns true if the rate is below 0.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    /// Returns the rate as the nearest `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        float(self.0)
    }
}

impl Neg for Rate {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.wrapping_neg())
    }
}

/// Formats the amount with two decimal places, rounded to the nearest cent.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half_cents = power(53).and_then(|tenth| {
            let half_cent = product(tenth, i256::from_i128(5))?;
            quotient(self.0, half_cent).map(|(halves, _)| halves)
        });
        // A quotient by 5·10^53 is always in the range of an i128.
        let half_cents = half_cents.ok().and_then(i256::to_i128).unwrap_or_default();
        let cents = half_cents.unsigned_abs().div_ceil(2);
        let sign = if half_cents < 0 { "-" } else { "" };
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
    let percent = rate.0.saturating_mul(Decimal::ONE_HUNDRED).normalize();
    format!("{percent} %")
}

#[cfg(test)]
mod tests;
