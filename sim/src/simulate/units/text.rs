//! Decimal numbers from text and from floats.

use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use super::error::{PLACES_MAX, UnitError};

/// Parses decimal text that is greater than 0.
pub(super) fn positive(text: &str) -> Result<Decimal, UnitError> {
    match decimal(text)? {
        number if number > Decimal::ZERO => Ok(number),
        _ => Err(UnitError::NotPositive),
    }
}

/// Parses decimal text, with or without an exponent, without loss.
pub(super) fn decimal(text: &str) -> Result<Decimal, UnitError> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let (is_negative, unsigned) = match number.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, number),
    };
    if exponent == 0 && is_plain(unsigned) {
        return Decimal::from_str_exact(number).map_err(|_| UnitError::NotANumber);
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(UnitError::NotANumber);
    }
    let significant = digits.trim_matches('0');
    if significant.is_empty() {
        return Ok(Decimal::ZERO);
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let length = |count: usize| i64::try_from(count).map_err(|_| UnitError::TooManyDigits);
    let places = length(fraction.len())? - length(zeros)? - exponent;
    let (places, appended) = match u32::try_from(places) {
        Ok(places) if places > PLACES_MAX => return Err(UnitError::TooFine),
        Ok(places) => (places, 0),
        Err(_) => (0, u32::try_from(-places).map_err(|_| UnitError::TooLarge)?),
    };
    let out_of_range = match places {
        0 => UnitError::TooLarge,
        _ => UnitError::TooManyDigits,
    };
    let mantissa: Option<i128> = significant.parse().ok();
    let power = 10_i128.checked_pow(appended);
    let mantissa = mantissa.and_then(|mantissa| mantissa.checked_mul(power?));
    let mantissa = mantissa.ok_or(out_of_range)?;
    let signed = if is_negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, places).map_err(|_| out_of_range)
}

/// Returns true if the text consists of digits and at most one decimal point, and every such number can be stored.
fn is_plain(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    !whole.is_empty() && text.len() <= 28 && is_number(whole) && is_number(fraction)
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
pub(super) fn denoted(value: f64) -> Option<Decimal> {
    value.to_string().parse().ok()
}

/// Returns the nearest `f64`.
pub(super) fn float(value: Decimal) -> f64 {
    // A mantissa of at most 15 digits and a power of ten up to 10^22 are exact as `f64`, so their quotient is the
    // nearest `f64`.
    if value.mantissa().unsigned_abs() < 1_000_000_000_000_000
        && value.scale() <= 22
        && let Some(nearest) = value.to_f64()
    {
        return nearest;
    }
    // The text is a decimal number, so it always parses.
    value.array_string().as_ref().parse().unwrap_or(f64::NAN)
}
