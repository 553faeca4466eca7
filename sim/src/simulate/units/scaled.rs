//! Arithmetic on scaled integers of 256 bits. Every result is exact, or an error.

use arrow_buffer::i256;
use rust_decimal::Decimal;

use super::error::{AmountOverflow, PLACES_MAX};

/// The number of significant digits of a quantity that is not a multiple of a lot size.
const SIGNIFICANT_DIGITS: u32 = 15;

/// Returns a number as a multiple of 10⁻²⁸.
pub(super) fn scaled(value: Decimal) -> Result<i256, AmountOverflow> {
    whole(value, PLACES_MAX)
}

/// Returns a number as a multiple of 10^-`places`; `places` is at least the number of its decimal places.
pub(super) fn whole(value: Decimal, places: u32) -> Result<i256, AmountOverflow> {
    let factor = power(places.saturating_sub(value.scale()))?;
    product(i256::from_i128(value.mantissa()), factor)
}

/// Returns 10^`exponent`.
pub(super) fn power(exponent: u32) -> Result<i256, AmountOverflow> {
    let low = exponent.min(PLACES_MAX);
    let power = |exponent| 10_i128.checked_pow(exponent).ok_or(AmountOverflow);
    // Most exponents need no arithmetic of 256 bits.
    match exponent.saturating_sub(low) {
        0 => power(low).map(i256::from_i128),
        rest => product(power(low)?.into(), power(rest)?.into()),
    }
}

/// Returns the product of two numbers as a multiple of 10⁻⁵⁶.
pub(super) fn product_of(a: Decimal, b: Decimal) -> Result<i256, AmountOverflow> {
    let (one, other) = (a.mantissa(), b.mantissa());
    let digits = match one.checked_mul(other) {
        Some(product) => product.into(),
        None => product(one.into(), other.into())?,
    };
    let places = a.scale().saturating_add(b.scale());
    product(digits, power((2 * PLACES_MAX).saturating_sub(places))?)
}

pub(super) fn product(a: i256, b: i256) -> Result<i256, AmountOverflow> {
    a.checked_mul(b).ok_or(AmountOverflow)
}

/// Divides and returns the quotient, rounded towards 0, and the rest.
pub(super) fn quotient(dividend: i256, divisor: i256) -> Result<(i256, i256), AmountOverflow> {
    let whole = dividend.checked_div(divisor).ok_or(AmountOverflow)?;
    let rest = dividend.checked_rem(divisor).ok_or(AmountOverflow)?;
    Ok((whole, rest))
}

pub(super) fn rounded_up((whole, rest): (i256, i256)) -> i256 {
    let up = if rest.is_positive() {
        i256::ONE
    } else {
        i256::ZERO
    };
    whole.wrapping_add(up)
}

/// Returns the number of digits of a multiple of 10⁻²⁸ units beyond the 15th significant one; `None` for 0.
pub(super) fn dropped_digits(units: i256) -> Option<u32> {
    let digits = units.checked_ilog10()? + 1;
    Some(digits.saturating_sub(SIGNIFICANT_DIGITS))
}

/// Returns a multiple of 10⁻²⁸ as a decimal number.
pub(super) fn decimal_of(units: i256) -> Result<Decimal, AmountOverflow> {
    // A quantity has few significant digits, so its last digits are zeros.
    let mut places = PLACES_MAX;
    let mut units = units;
    while places > 0 {
        let (tenth, rest) = quotient(units, i256::from_i128(10))?;
        if rest != i256::ZERO {
            break;
        }
        (units, places) = (tenth, places - 1);
    }
    let number = units
        .to_i128()
        .and_then(|units| Decimal::try_from_i128_with_scale(units, places).ok());
    number.ok_or(AmountOverflow)
}
