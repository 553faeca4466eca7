//! Reading of numbers without a sign and an exponent, several digits at a time.

/// The number of bytes of a block.
const BLOCK: usize = 8;

/// The powers of ten that an `f64` represents exactly and that the numbers need.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Reads the number of at most 15 digits at the beginning of a text, and returns its length. An `f64` represents the
/// digits and the power of ten exactly, so that their quotient is correctly rounded (Clinger, "How to Read Floating
/// Point Numbers Accurately", 1990).
#[inline(always)]
pub(super) fn read_number(text: &[u8]) -> Option<(f64, usize)> {
    let head = text.first_chunk().map(|head| Block::new(*head));
    let (digits, whole, fraction) = match head.and_then(|head| head.number(text.get(BLOCK))) {
        Some(number) => number,
        None => long_number(text)?,
    };
    if whole == 0 || (whole > 1 && text.first() == Some(&b'0')) {
        return None;
    }
    let number = exact(digits);
    match fraction {
        None => Some((number, whole)),
        Some(0) => None,
        Some(fraction) => Some((
            number / POWERS.get(fraction)?,
            whole.wrapping_add(1).wrapping_add(fraction),
        )),
    }
}

/// The digits of a number, the count of those before the decimal point, and the count of those behind it.
type Digits = (u64, usize, Option<usize>);

/// Reads a number of any length; `None` if it has more than 15 digits.
#[inline(never)]
fn long_number(text: &[u8]) -> Option<Digits> {
    let mut digits = 0;
    let whole = read_digits(text, &mut digits);
    let mut fraction = None;
    if text.get(whole) == Some(&b'.') {
        fraction = Some(read_digits(text.get(whole + 1..)?, &mut digits));
    }
    (whole + fraction.unwrap_or(0) < POWERS.len()).then_some((digits, whole, fraction))
}

/// Appends the leading digits of a text to a number, and returns their count. With more than 19 digits, the number
/// overflows and is not valid.
#[inline(always)]
pub(super) fn read_digits(text: &[u8], number: &mut u64) -> usize {
    let mut count: usize = 0;
    if let Some(head) = text.first_chunk() {
        let head = Block::new(*head);
        if head.above_9() == 0 {
            *number = number.wrapping_mul(100_000_000);
            *number = number.wrapping_add(head.value(BLOCK));
            count = BLOCK;
        }
    }
    for byte in text.get(count..).unwrap_or_default() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        count = count.wrapping_add(1);
    }
    count
}

/// Returns a number below 2^52 as an `f64`.
#[inline(always)]
fn exact(number: u64) -> f64 {
    // The bits of 2^52 + n are those of 2^52 with n in the mantissa.
    const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
    f64::from_bits(TWO_TO_52.to_bits() | number) - TWO_TO_52
}

/// Eight bytes of a text, with the values 0 to 9 for digits. The first byte is the lowest one.
#[derive(Debug, Clone, Copy)]
struct Block(u64);

impl Block {
    #[inline(always)]
    const fn new(bytes: [u8; BLOCK]) -> Self {
        Self(u64::from_le_bytes(bytes) ^ u64::from_le_bytes([b'0'; BLOCK]))
    }

    /// Returns the high bits of the bytes that are not digits. They are valid up to the first byte that is neither a
    /// digit nor a point.
    #[inline(always)]
    const fn above_9(self) -> u64 {
        // A byte above 9 has its high bit set, or gets it by the addition. The sum of a digit or a point has no carry.
        let sums = self.0.wrapping_add(u64::from_le_bytes([0x76; BLOCK]));
        (sums | self.0) & u64::from_le_bytes([0x80; BLOCK])
    }

    /// Reads the number at the beginning of the block; `None` if it may be longer than the block. `next` is the byte
    /// after the block.
    #[inline(always)]
    fn number(self, next: Option<&u8>) -> Option<Digits> {
        const POINT: u64 = 0x1e; // b'.' ^ b'0'
        let above_9 = self.above_9();
        let whole = bytes_before(above_9);
        (whole < BLOCK).then_some(())?;
        let (mask, point) = (ones(whole), self.0.unbounded_shr(bits(whole)) & 0xff);
        if point != POINT {
            return Some((self.value(whole), whole, None));
        }
        let end = bytes_before(above_9 & above_9.wrapping_sub(1));
        if end == BLOCK && next.is_none_or(u8::is_ascii_digit) {
            return None;
        }
        let without_point = Self((self.0 & mask) | ((self.0 >> 8) & !mask));
        let digits = end.wrapping_sub(1);
        let fraction = digits.wrapping_sub(whole);
        Some((without_point.value(digits), whole, Some(fraction)))
    }

    /// Returns the value of the first `count` bytes, which are digits.
    #[inline(always)]
    fn value(self, count: usize) -> u64 {
        // The digits become the last bytes, behind zeros.
        let digits = self.0.unbounded_shl(bits(BLOCK.wrapping_sub(count)));
        let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
        let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
        fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff
    }
}

/// Returns the number of bytes below the lowest high bit.
#[inline(always)]
fn bytes_before(high_bits: u64) -> usize {
    usize::try_from(high_bits.trailing_zeros() / 8).unwrap_or(BLOCK)
}

#[inline(always)]
fn bits(bytes: usize) -> u32 {
    u32::try_from(bytes.wrapping_mul(8)).unwrap_or(u32::MAX)
}

/// Returns ones in the lowest bytes.
#[inline(always)]
fn ones(bytes: usize) -> u64 {
    !u64::MAX.unbounded_shl(bits(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_leading_digits_of_a_text_are_appended_to_a_number(
            digits in "[0-9]{0,16}", rest in "([^0-9].{0,20})?", before in 1_u64..100,
        ) {
            let mut number = before;
            let text = format!("{digits}{rest}");
            prop_assert_eq!(read_digits(text.as_bytes(), &mut number), digits.len());
            prop_assert_eq!(Ok(number), format!("{before}{digits}").parse());
        }

        #[test]
        fn a_number_of_at_most_15_digits_is_read(
            number in "(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?", rest in "([^0-9.].{0,20})?",
        ) {
            let read = read_number(format!("{number}{rest}").as_bytes());
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            let expected = (digits <= 15).then(|| (number.parse().unwrap(), number.len()));
            prop_assert_eq!(read, expected);
        }

        /// A number ends at the first byte that it cannot contain.
        #[test]
        fn any_text_is_read_as_its_longest_beginning_that_is_a_number(text in "[0-9./:\\-eE+ ,\u{80}-\u{ff}]{0,20}") {
            let whole = text.bytes().take_while(u8::is_ascii_digit).count();
            let rest = &text[whole..];
            let fraction = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
            let len = whole + fraction.map_or(0, |fraction| fraction + 1);
            let is_number = whole > 0
                && (whole == 1 || !text.starts_with('0'))
                && fraction != Some(0)
                && whole + fraction.unwrap_or(0) <= 15;
            let expected = is_number.then(|| (text[..len].parse().unwrap(), len));
            prop_assert_eq!(read_number(text.as_bytes()), expected);
        }
    }
}
