//! Where the bytes stand that a JSON string cannot hold as they are.

use wide::u8x16;

/// So many bytes are looked at together, a bit for each.
const BLOCK: usize = 64;

/// The places of quotes, backslashes and control characters, in order.
pub(super) struct Specials<'a> {
    bytes: &'a [u8],
    /// A bit for each place of the block at hand that is still to be given out.
    places: u64,
    /// Where that block begins.
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

    /// The next place; the end where there is none.
    #[inline(always)]
    pub(super) fn next(&mut self) -> usize {
        if self.places == 0 {
            self.refill();
        }
        // At most 64, which stands for none and is behind the end.
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

/// Of the block that begins at `base`, as far as there is one.
#[inline(always)]
fn places_from(bytes: &[u8], base: usize) -> u64 {
    let rest = bytes.get(base..).unwrap_or_default();
    if let Some(block) = rest.first_chunk() {
        return places_of(block);
    }
    // The last bytes, and those before them that were looked at already.
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
