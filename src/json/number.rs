//! Parsing of JSON numbers.

use super::raw_field::SeenAs;

/// Reads the number at `at` and moves `at` to the first byte after it. Returns `None` if there is no valid number.
#[inline(always)]
pub(super) fn read(bytes: &[u8], at: &mut usize) -> Option<SeenAs> {
    let is_negative = bytes.get(*at)? == &b'-';
    if is_negative {
        *at += 1;
    }
    let start = *at;
    let mut digits = 0;
    let whole = read_digits(bytes, at, &mut digits)?;
    if whole > 1 && bytes.get(start) == Some(&b'0') {
        return None;
    }
    let mut fraction = 0;
    if bytes.get(*at) == Some(&b'.') {
        *at += 1;
        fraction = read_digits(bytes, at, &mut digits)?;
    }
    if let Some(b'e' | b'E') = bytes.get(*at) {
        *at += 1;
        if let Some(b'+' | b'-') = bytes.get(*at) {
            *at += 1;
        }
        read_digits(bytes, at, &mut 0)?;
        return Some(SeenAs::Value);
    }
    let number = exact(is_negative, digits, whole + fraction, fraction);
    Some(number.map_or(SeenAs::Value, SeenAs::Number))
}

/// Reads one or more digits and returns their count. Appends the digits to the decimal number in
/// `before`; on overflow, the number wraps around.
#[inline(always)]
fn read_digits(bytes: &[u8], at: &mut usize, before: &mut u64) -> Option<usize> {
    let start = *at;
    while let Some(byte @ b'0'..=b'9') = bytes.get(*at) {
        let digit = u64::from(byte & 0x0f);
        *before = before.wrapping_mul(10).wrapping_add(digit);
        *at += 1;
    }
    (*at > start).then(|| *at - start)
}

/// Maximum number of decimal digits with which an `f64` represents every integer exactly.
const EXACT_DIGITS: usize = 15;

/// The powers of ten up to 10^15. An `f64` represents each of them exactly.
const POWERS: [f64; EXACT_DIGITS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Computes `digits / 10^fraction`, or returns `None` if there are more than [`EXACT_DIGITS`]
/// digits.
///
/// Both operands are exact, so their quotient is correctly rounded and equal to the result of
/// [`str::parse`] (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
#[inline(always)]
fn exact(is_negative: bool, digits: u64, count: usize, fraction: usize) -> Option<f64> {
    if count > EXACT_DIGITS {
        return None;
    }
    let high = f64::from(u32::try_from(digits >> 32).ok()?);
    let low = f64::from(u32::try_from(digits & u64::from(u32::MAX)).ok()?);
    let size = (high * 4_294_967_296.0 + low) / POWERS.get(fraction)?;
    Some(if is_negative { -size } else { size })
}
