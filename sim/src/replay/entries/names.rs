//! Numbers of short names.

use std::collections::HashMap;

/// The longest name that is kept, in bytes.
const BYTES_MAX: usize = 16;

/// The numbers of the names that occurred, each of at most 16 bytes.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<u128, u32, foldhash::fast::FixedState>,
}

impl Names {
    /// Returns the number of a name. `find` is called for the first occurrence. Returns `None` for a name that is too long
    /// or that `find` does not accept.
    #[inline(always)]
    pub(super) fn number(&mut self, name: &str, find: impl FnOnce() -> Option<u32>) -> Option<u32> {
        // A name has no zero byte, so that the padding does not make two names equal.
        let mut padded = [0; BYTES_MAX];
        padded
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        let key = u128::from_le_bytes(padded);
        if let Some(number) = self.numbers.get(&key) {
            return Some(*number);
        }
        let number = find()?;
        self.numbers.insert(key, number);
        Some(number)
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
    }
}
