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
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<u128, u32, foldhash::fast::FixedState>,
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
        if let Some(number) = self.numbers.get(&name.padded) {
            return Some(*number);
        }
        let number = name.with(find)?;
        self.numbers.insert(name.padded, number);
        Some(number)
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
    }
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
