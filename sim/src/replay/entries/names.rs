//! Numbers of short names.

use std::collections::HashMap;

/// The longest name that is kept, in bytes.
const BYTES_MAX: usize = 16;

/// A name of at most 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// The bytes, padded with zeros. A plain text has no zero byte, so that different names differ.
    padded: u128,
    len: usize,
}

impl Name {
    /// Returns the first `len` bytes as a name; `None` if they are too many.
    #[inline(always)]
    pub(super) fn read(bytes: &[u8], len: usize) -> Option<Self> {
        let padded = match bytes.first_chunk::<BYTES_MAX>() {
            Some(head) => {
                let unused = BYTES_MAX.checked_sub(len)?;
                let mask = u128::MAX.checked_shr(u32::try_from(8 * unused).ok()?);
                u128::from_le_bytes(*head) & mask.unwrap_or_default()
            }
            None => {
                let mut padded = [0; BYTES_MAX];
                padded.get_mut(..len)?.copy_from_slice(bytes.get(..len)?);
                u128::from_le_bytes(padded)
            }
        };
        Some(Self { padded, len })
    }

    /// Passes the name to a function.
    fn with<T>(self, function: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let bytes = self.padded.to_le_bytes();
        function(std::str::from_utf8(bytes.get(..self.len)?).ok()?)
    }
}

/// The numbers of the names that occurred.
#[derive(Debug)]
pub(super) struct Names {
    numbers: HashMap<u128, u32, foldhash::fast::FixedState>,
    /// Names that occurred recently, at the places that their bytes determine.
    recent: [(u128, u32); RECENT],
}

/// The number of places for recent names.
const RECENT: usize = 256;
/// Bytes that are not valid UTF-8, which no name has.
const NO_NAME: u128 = u128::MAX;

impl Default for Names {
    fn default() -> Self {
        Self {
            numbers: HashMap::default(),
            recent: [(NO_NAME, 0); RECENT],
        }
    }
}

impl Names {
    /// Returns the number of a name. `find` is called for the first occurrence. Returns `None` for a name that `find`
    /// does not accept.
    #[inline(always)]
    pub(super) fn number(
        &mut self,
        name: Name,
        find: impl FnOnce(&str) -> Option<u32>,
    ) -> Option<u32> {
        let recent = self.recent.get_mut(place(name.padded))?;
        if recent.0 == name.padded {
            return Some(recent.1);
        }
        let number = match self.numbers.get(&name.padded) {
            Some(number) => *number,
            None => {
                let number = name.with(find)?;
                self.numbers.insert(name.padded, number);
                number
            }
        };
        *recent = (name.padded, number);
        Some(number)
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.recent.fill((NO_NAME, 0));
    }
}

/// Returns the place of a recent name.
#[inline(always)]
fn place(padded: u128) -> usize {
    let (low, high) = (padded & u128::from(u64::MAX), padded >> 64);
    let mixed = u64::try_from(low ^ high).unwrap_or_default();
    usize::try_from(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_does_not_depend_on_what_follows() {
        for name in ["", "B", "BTCUSDT", "0123456789abcdef"] {
            let len = name.len();
            let alone = Name::read(name.as_bytes(), len);
            assert!(alone.is_some(), "{name}");
            let followed = format!("{name}\",\"side\":\"BUY\"");
            assert_eq!(Name::read(followed.as_bytes(), len), alone, "{name}");
            assert_eq!(alone.unwrap().with(|text| Some(text == name)), Some(true));
        }
        assert_eq!(Name::read(b"0123456789abcdefg", 17), None);
        assert_eq!(Name::read(b"short", 6), None);
    }

    #[test]
    fn a_name_keeps_its_number_until_all_are_cleared() {
        let mut names = Names::default();
        let name = Name::read(b"BTCUSDT", 7).unwrap();
        assert_eq!(names.number(name, |_| None), None);
        assert_eq!(names.number(name, |_| Some(5)), Some(5));
        assert_eq!(names.number(name, |_| Some(7)), Some(5));
        names.clear();
        assert_eq!(names.number(name, |_| Some(7)), Some(7));
    }
}
