//! Exact amounts: prices, quantities, money and rates.
//!
//! A price, a quantity or a rate is a decimal number with at most 28 decimal places and about 28 significant digits
//! ([`Decimal`]). The product of a price and a quantity is a whole number of 10⁻⁵⁶ USD, so profit, which is a difference of
//! such products, is exact. Fees, margins and funding are rounded up to the next multiple of 10⁻⁵⁶ USD, to the
//! disadvantage of the trader.

use std::{fmt, ops::Neg};

use arrow_buffer::i256;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use thiserror::Error;

/// The maximum number of decimal places of a price, a quantity or a rate.
const PLACES_MAX: u32 = Decimal::MAX_SCALE;

/// The number of decimal places of money.
const MONEY_PLACES: usize = 56;

/// The number of significant digits of a quantity that is not a multiple of a lot size.
const SIGNIFICANT_DIGITS: u32 = 15;

/// The error for an amount that is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "an amount exceeds the range of exact arithmetic (about 5·10^20 USD or 7·10^28 units); check candle prices and intent sizes"
)]
pub struct AmountOverflow;

/// A price in USD per unit, greater than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(Decimal);

/// A quantity in units of a symbol, greater than or equal to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(Decimal);

/// An amount in USD, as a multiple of 10⁻⁵⁶; negative for a loss or a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i256);

/// A rate: a share of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(Decimal);

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
    #[error("not greater than 0")]
    NotPositive,
}

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
        product(scaled(self.0)?, scaled(quantity.0)?).map(Money)
    }
}

impl Quantity {
    /// Returns the quantity that `amount` buys at `price`, rounded down to 15 significant digits.
    pub(super) fn bought(amount: Money, price: Price) -> Result<Self, AmountOverflow> {
        // The scale of an amount is the product of the scales of a price and a quantity.
        let units = amount.0.checked_div(scaled(price.0)?);
        significant(units.ok_or(AmountOverflow)?)
    }

    /// Returns this many quarters of the quantity, rounded down to 15 significant digits.
    pub(super) fn quarters(self, quarters: i128) -> Result<Self, AmountOverflow> {
        let product = product(scaled(self.0)?, i256::from_i128(quarters))?;
        significant(quotient(product, i256::from_i128(4))?.0)
    }

    /// Rounds the quantity of an intent down to 15 significant digits; `None` if the result is not positive.
    pub(super) fn truncate(units: f64) -> Option<Self> {
        let quantity = significant(scaled(denoted(units)?).ok()?).ok()?;
        (quantity.0 > Decimal::ZERO).then_some(quantity)
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
        product(scaled(usd)?, power(PLACES_MAX)?).map(Self)
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
    }

    /// Divides the amount by a leverage and rounds up.
    pub(super) fn over(self, leverage: f64) -> Result<Self, AmountOverflow> {
        let leverage = denoted(leverage).ok_or(AmountOverflow)?;
        let divisor = i256::from_i128(leverage.mantissa());
        self.ratio(power(leverage.scale())?, divisor)
            .map(rounded_up)
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
        // A quotient by 10^53 is always in the range of an i128.
        let half_cents = half_cents.ok().and_then(i256::to_i128).unwrap_or_default();
        let cents = half_cents.unsigned_abs().div_ceil(2);
        let sign = if half_cents < 0 && cents > 0 { "-" } else { "" };
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

/// Parses decimal text that is greater than 0.
fn positive(text: &str) -> Result<Decimal, UnitError> {
    match decimal(text)? {
        number if number > Decimal::ZERO => Ok(number),
        _ => Err(UnitError::NotPositive),
    }
}

/// Parses decimal text, with or without an exponent, without loss.
fn decimal(text: &str) -> Result<Decimal, UnitError> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let (is_negative, unsigned) = match number.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, number),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut digits = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !digits.all(|digit| digit.is_ascii_digit()) {
        return Err(UnitError::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.trim_start_matches('0');
    let mut places =
        i64::try_from(fraction.len()).map_err(|_| UnitError::TooManyDigits)? - exponent;
    let too_large = match places {
        ..=0 => UnitError::TooLarge,
        _ => UnitError::TooManyDigits,
    };
    let mut mantissa = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let shifted = mantissa.checked_mul(10);
        let sum = shifted.and_then(|shifted| shifted.checked_add(i128::from(digit - b'0')));
        mantissa = sum.ok_or(too_large)?;
    }
    if mantissa == 0 {
        return Ok(Decimal::ZERO);
    }
    while places > 0 && mantissa % 10 == 0 {
        (mantissa, places) = (mantissa / 10, places - 1);
    }
    while places < 0 {
        let shifted = mantissa.checked_mul(10).ok_or(UnitError::TooLarge)?;
        (mantissa, places) = (shifted, places + 1);
    }
    let places = u32::try_from(places).ok().filter(|it| *it <= PLACES_MAX);
    let signed = if is_negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, places.ok_or(UnitError::TooFine)?)
        .map_err(|_| too_large)
}

fn parse_exponent(text: &str) -> Result<i64, UnitError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(UnitError::NotANumber);
    }
    let out_of_range = match text.starts_with('-') {
        true => UnitError::TooFine,
        false => UnitError::TooLarge,
    };
    let exponent = text.parse::<i32>().map_err(|_| out_of_range)?;
    Ok(exponent.into())
}

/// Returns the decimal number that an `f64` denotes: the shortest one whose nearest `f64` it is. Decimal places beyond
/// the 28th are rounded.
fn denoted(value: f64) -> Option<Decimal> {
    value.to_string().parse().ok()
}

/// Returns the nearest `f64`.
fn float(value: Decimal) -> f64 {
    // The text is a decimal number, so it always parses.
    value.array_string().as_ref().parse().unwrap_or(f64::NAN)
}

/// Returns a number as a multiple of 10⁻²⁸.
fn scaled(value: Decimal) -> Result<i256, AmountOverflow> {
    whole(value, PLACES_MAX)
}

/// Returns a number as a multiple of 10^-`places`; `places` is at least the number of its decimal places.
fn whole(value: Decimal, places: u32) -> Result<i256, AmountOverflow> {
    let factor = power(places.saturating_sub(value.scale()))?;
    product(i256::from_i128(value.mantissa()), factor)
}

/// Returns 10^`exponent`.
fn power(exponent: u32) -> Result<i256, AmountOverflow> {
    let power = i256::from_i128(10).checked_pow(exponent);
    power.ok_or(AmountOverflow)
}

fn product(a: i256, b: i256) -> Result<i256, AmountOverflow> {
    a.checked_mul(b).ok_or(AmountOverflow)
}

/// Divides and returns the quotient, rounded towards 0, and the rest.
fn quotient(dividend: i256, divisor: i256) -> Result<(i256, i256), AmountOverflow> {
    let whole = dividend.checked_div(divisor).ok_or(AmountOverflow)?;
    let rest = dividend.checked_rem(divisor).ok_or(AmountOverflow)?;
    Ok((whole, rest))
}

fn rounded_up((whole, rest): (i256, i256)) -> Money {
    let up = if rest.is_positive() {
        i256::ONE
    } else {
        i256::ZERO
    };
    Money(whole.wrapping_add(up))
}

/// Rounds a quantity in multiples of 10⁻²⁸ units down to 15 significant digits.
fn significant(units: i256) -> Result<Quantity, AmountOverflow> {
    let Some(log) = units.checked_ilog10() else {
        return Ok(Quantity(Decimal::ZERO));
    };
    let dropped = (log + 1).saturating_sub(SIGNIFICANT_DIGITS);
    let (mantissa, _) = quotient(units, power(dropped)?)?;
    let mantissa = product(mantissa, power(dropped.saturating_sub(PLACES_MAX))?)?;
    let places = PLACES_MAX.saturating_sub(dropped);
    let quantity = mantissa
        .to_i128()
        .and_then(|mantissa| Decimal::try_from_i128_with_scale(mantissa, places).ok());
    Ok(Quantity(quantity.ok_or(AmountOverflow)?.normalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    #[test]
    fn text_is_parsed_exactly() {
        for (text, same) in [
            ("92404.24", "92404.2400"),
            ("0.00000105", "1.05e-06"),
            ("0.00000105", "1.05E-6"),
            ("0.00000105", "105000e-11"),
            ("120000", "1.2e+5"),
            ("100000000000", "1000000000000000000000000000000e-19"),
            ("1.00000001", "00001.000000010"),
            ("3", "3.000000000000000000000000000000000000"),
        ] {
            assert_eq!(Price::parse(text), Price::parse(same), "{same}");
        }
        assert_eq!(price("0.00000000000000000000000001").to_f64(), 1e-26);
        assert_eq!(price("90269.99999999999").to_f64(), 90_269.999_999_999_99);
        assert!(price("1.00000000000000000000001") > price("1"));
    }

    #[test]
    fn the_fault_of_text_is_named() {
        for (text, fault) in [
            ("0", UnitError::NotPositive),
            ("-1", UnitError::NotPositive),
            ("0e999", UnitError::NotPositive),
            ("1e-29", UnitError::TooFine),
            ("1e-99999999999", UnitError::TooFine),
            ("0.00000000000000000000000000001", UnitError::TooFine),
            ("12345678901234567890.12345678901", UnitError::TooManyDigits),
            ("1e29", UnitError::TooLarge),
            ("1e99999999999", UnitError::TooLarge),
            (
                "1000000000000000000000000000000000000000000",
                UnitError::TooLarge,
            ),
        ] {
            assert_eq!(Price::parse(text), Err(fault), "{text}");
        }
        for text in [
            "", ".5", "-", "1e", "e5", "1e5e5", "1e5.5", "1e+-5", "nan", "inf", "1,5", " 1", "1_0",
            "+1", "0x1",
        ] {
            assert_eq!(Price::parse(text), Err(UnitError::NotANumber), "{text}");
        }
        assert_eq!(Money::parse("-1"), Err(UnitError::NotPositive));
        assert_eq!(Money::parse("1e21"), Err(UnitError::TooLarge));
        assert_eq!(Rate::parse("1.1"), Err(UnitError::TooLarge));
    }

    #[test]
    fn products_of_all_digits_are_exact() {
        let units = Quantity::truncate(123_456_789.012_345).unwrap();
        let worth = price("1.234567890123456789").times(units).unwrap();
        let digits = "152415787532387529353764595060205";
        assert_eq!(
            worth.0.to_string(),
            format!("{digits}{}", "0".repeat(56 - 18 - 6))
        );
    }

    #[test]
    fn quantities_have_fifteen_digits() {
        let bought = |usd, at| Quantity::bought(Money::parse(usd).unwrap(), price(at)).unwrap();
        assert_eq!(bought("1000", "0.00000105").to_f64(), 952_380_952.380_952);
        assert_eq!(bought("10", "3").to_f64(), 3.333_333_333_333_33);
        assert_eq!(bought("20", "3").to_f64(), 6.666_666_666_666_66);
        assert_eq!(bought("10", "1e20").to_f64(), 1e-19);
        assert_eq!(bought("1e20", "1e-8").to_f64(), 1e28);
        assert!(bought("1e-20", "1e20").is_zero());
        let amount = Money::parse("1e20").unwrap();
        assert_eq!(
            Quantity::bought(amount, price("1e-10")),
            Err(AmountOverflow)
        );
        let units = Quantity::truncate(0.300_000_000_000_000_04).unwrap();
        assert_eq!(units.to_f64(), 0.3);
        assert_eq!(units.quarters(3).unwrap().to_f64(), 0.225);
        assert_eq!(Quantity::truncate(1e-30), None);
    }

    #[test]
    fn shares_are_rounded_against_the_trader() {
        let unit = Money(i256::ONE);
        let money = |units| Money(i256::from_i128(units));
        assert_eq!(unit.share(Rate::parse("0.0004").unwrap()), Ok(unit));
        assert_eq!(unit.share(Rate::parse("-0.0004").unwrap()), Ok(Money::ZERO));
        assert_eq!(
            money(30_000).share(Rate::parse("0.0004").unwrap()),
            Ok(money(12))
        );
        assert_eq!(money(3).over(2.0), Ok(money(2)));
        assert_eq!(money(3).over(1.5), Ok(money(2)));
        let [one, three] = [1.0, 3.0].map(|units| Quantity::truncate(units).unwrap());
        assert_eq!(money(10).part(one, three), Ok(money(3)));
        let ten = Money::parse("10").unwrap();
        assert_eq!(ten.over(1e-20), Err(AmountOverflow));
        assert_eq!(ten.over(0.0), Err(AmountOverflow));
        assert_eq!(
            ten.over(0.25),
            Money::parse("40").map_err(|_| AmountOverflow)
        );
    }

    #[test]
    fn prices_are_moved_and_compared_as_decimals() {
        let entry = price("0.00000105");
        assert_eq!(entry.moved(-0.004), Some(price("0.0000010458")));
        assert_eq!(entry.moved(-1.0), None);
        assert_eq!(entry.distance_share(price("0.0000010458")), Some(0.004));
        assert_eq!(price("2").distance_share(price("3")), Some(0.5));
        assert_eq!(price("1e-20").distance_share(price("1e20")), None);
        assert_eq!(Price::stated(0.000_000_114), Some(price("0.000000114")));
        assert_eq!(
            Price::computed(100.299_999_999_999_98),
            Some(price("100.3"))
        );
        assert_eq!(Price::stated(f64::NAN), None);
        assert_eq!(Price::stated(-1.0), None);
    }

    #[test]
    fn amounts_are_shown_to_the_nearest_cent() {
        assert_eq!(Money::parse("1.005").unwrap().to_string(), "1.01");
        assert_eq!(Money::parse("1.0049").unwrap().to_string(), "1.00");
        assert_eq!((-Money::parse("0.004").unwrap()).to_string(), "0.00");
        assert_eq!((-Money::parse("12.5").unwrap()).to_string(), "-12.50");
        assert_eq!((-Money::parse("12.5").unwrap()).to_f64(), -12.5);
        assert_eq!(percent(Rate::parse("0.0004").unwrap()), "0.04 %");
        assert_eq!(percent(Rate::parse("-0.0").unwrap()), "0 %");
    }
}
