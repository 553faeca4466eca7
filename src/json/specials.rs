//! A SIMD scan for the bytes that a JSON string must escape.

use wide::u8x16;

/// The number of bytes per block. A `u64` mask has one bit for each byte.
const BLOCK: usize = 64;

/// An iterator over the positions of quotes, backslashes and control characters, in order.
pub(super) struct Specials<'a> {
    bytes: &'a [u8],
    /// A mask of the current block, with one bit for each position that is still to be returned.
    places: u64,
    /// The start of the current block.
    base: usize,
}

impl<'a> Specials<'a> {
    #[inline(always)]
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            places: places_from(bytes, 0),
            base: 0,
        }
    }

    /// Returns the next position. If there is none, returns a position at or after the end of the
    /// text.
    #[inline(always)]
    pub(super) fn next(&mut self) -> usize {
        if self.places == 0 {
            self.refill();
        }
        // If no bit is left, `trailing_zeros` is 64, and the sum is a position after the end.
        let place = usize::try_from(self.places.trailing_zeros()).unwrap_or(BLOCK);
        self.places &= self.places.wrapping_sub(1);
        self.base.wrapping_add(place)
    }

    #[inline(never)]
    fn refill(&mut self) {
        while self.places == 0 && self.base < self.bytes.len() {
            self.base = self.base.wrapping_add(BLOCK);
            self.places = places_from(self.bytes, self.base);
        }
    }
}

/// Returns the mask of the block that starts at `base`. The last block may be shorter than the others.
#[inline(always)]
fn places_from(bytes: &[u8], base: usize) -> u64 {
    let rest = bytes.get(base..).unwrap_or_default();
    if let Some(block) = rest.first_chunk() {
        return places_of(block);
    }
    // If less than one block is left, the last 64 bytes are scanned, and the bits of bytes that
    // were already scanned are shifted out.
    if let Some(block) = bytes.last_chunk() {
        return places_of(block).unbounded_shr(shift(BLOCK - rest.len()));
    }
    let mut block = [b' '; BLOCK];
    for (to, from) in block.iter_mut().zip(rest) {
        *to = *from;
    }
    places_of(&block)
}

fn shift(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[inline(always)]
fn places_of(block: &[u8; BLOCK]) -> u64 {
    let (sixteens, _) = block.as_chunks::<16>();
    let shifted = sixteens.iter().zip([0, 16, 32, 48]);
    shifted.fold(0, |all, (sixteen, shift)| all | places(*sixteen) << shift)
}

#[inline(always)]
fn places(sixteen: [u8; 16]) -> u64 {
    let bytes = u8x16::from(sixteen);
    let control = u8x16::splat(0x1f);
    let special = bytes.simd_eq(u8x16::splat(b'"'))
        | bytes.simd_eq(u8x16::splat(b'\\'))
        | bytes.min(control).simd_eq(bytes);
    u64::from(special.to_bitmask())
}
