//! The symbol type.

use std::{fmt, hash, str};

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::Shown;

/// Maximum length of a symbol, in bytes.
const BYTES_MAX: usize = 32;

/// A traded instrument under the name that the venue uses, with ASCII letters in upper case.
///
/// A symbol is 1 to 32 bytes of UTF-8 without white space or control characters.
///
/// Two symbols that differ only in the case of ASCII letters are the same symbol.
// The bytes are padded with zeros. No symbol contains a zero byte, so two symbols are equal if and
// only if all their bytes are equal. The bytes are stored as two halves, because most symbols fit
// into the first half and hashing can then skip the second.
#[derive(Clone, Copy, Eq)]
pub struct Symbol([[u8; BYTES_MAX / 2]; 2]);

/// The reason why a text is not a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SymbolError {
    /// The text is empty.
    #[error("a symbol must not be empty")]
    Empty,
    /// The text is longer than 32 bytes.
    #[error("a symbol has at most {BYTES_MAX} bytes; this one has {0}")]
    TooLong(usize),
    /// The text contains white space or a control character.
    #[error(
        "a symbol must not contain white space or control characters; this one contains `{}` (U+{:04X})",
        Shown(.0), u32::from(*.0)
    )]
    Forbidden(char),
}

impl Symbol {
    /// Converts ASCII letters to upper case and checks the text.
    ///
    /// # Errors
    /// Returns an error if the text is empty, is longer than 32 bytes, or contains white space or a control
    /// character.
    pub fn new(text: &str) -> Result<Self, SymbolError> {
        if text.is_empty() {
            return Err(SymbolError::Empty);
        }
        let mut halves = [[0; BYTES_MAX / 2]; 2];
        let Some(room) = halves.as_flattened_mut().get_mut(..text.len()) else {
            return Err(SymbolError::TooLong(text.len()));
        };
        let mut plain = true;
        for (to, from) in room.iter_mut().zip(text.bytes()) {
            plain &= from.is_ascii_graphic();
            *to = from.to_ascii_uppercase();
        }
        if !plain && let Some(c) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(SymbolError::Forbidden(c));
        }
        Ok(Self(halves))
    }

    /// Returns the normalised text of the symbol.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let bytes = self.0.as_flattened();
        let text = bytes.split(|b| *b == 0).next().unwrap_or(bytes);
        // The text is always UTF-8, because the constructor accepts a `str` and only converts ASCII
        // letters to upper case.
        str::from_utf8(text).unwrap_or_default()
    }
}

impl Symbol {
    /// Returns the bytes as two numbers. The second number is 0 for a symbol of at most 16 bytes.
    #[inline]
    pub(crate) const fn halves(&self) -> [u128; 2] {
        let [low, high] = self.0;
        [u128::from_le_bytes(low), u128::from_le_bytes(high)]
    }
}

// Faster than the comparison of the bytes, for which the compiler calls a function.
impl PartialEq for Symbol {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let ([low, high], [other_low, other_high]) = (self.halves(), other.halves());
        ((low ^ other_low) | (high ^ other_high)) == 0
    }
}

impl hash::Hash for Symbol {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        let [low, high] = self.halves();
        state.write_u128(low);
        // `Hash` stays consistent with `Eq`: equal symbols take the same branch.
        if high != 0 {
            state.write_u128(high);
        }
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Symbol {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({self})")
    }
}

/// Writes the text, but escapes characters that are invisible or change the writing direction. The
/// text of a symbol with such characters does not parse to the same symbol; use [`Symbol::as_str`]
/// to store a symbol.
impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.as_str();
        if text.is_ascii() {
            f.pad(text)
        } else {
            f.pad(&Shown(text).to_string())
        }
    }
}

impl str::FromStr for Symbol {
    type Err = SymbolError;

    fn from_str(text: &str) -> Result<Self, SymbolError> {
        Self::new(text)
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_letters_are_upper_cased() {
        assert_eq!(Symbol::new("btcusdt").unwrap().as_str(), "BTCUSDT");
        assert_eq!(
            Symbol::new("币安人生usdt").unwrap().as_str(),
            "币安人生USDT"
        );
        assert_eq!(Symbol::new("a").unwrap(), Symbol::new("A").unwrap());
        let longest = "x".repeat(32);
        assert_eq!(
            Symbol::new(&longest).unwrap().as_str(),
            longest.to_uppercase()
        );
    }

    #[test]
    fn direction_marks_are_escaped_in_display() {
        let symbol = Symbol::new("btc\u{202e}tdsu").unwrap();
        assert_eq!(symbol.as_str(), "BTC\u{202e}TDSU");
        assert_eq!(symbol.to_string(), "BTC\\u{202e}TDSU");
        assert_eq!(format!("{:<6}|", Symbol::new("币").unwrap()), "币     |");
    }

    #[test]
    fn invalid_symbols_are_rejected() {
        assert_eq!(Symbol::new(""), Err(SymbolError::Empty));
        assert_eq!(Symbol::new(&"x".repeat(33)), Err(SymbolError::TooLong(33)));
        assert_eq!(Symbol::new("BTC USDT"), Err(SymbolError::Forbidden(' ')));
        assert_eq!(Symbol::new("BTC\0"), Err(SymbolError::Forbidden('\0')));
        assert_eq!(
            Symbol::new("BTC\u{a0}"),
            Err(SymbolError::Forbidden('\u{a0}'))
        );
        assert_eq!(
            Symbol::new("BTC\u{7f}"),
            Err(SymbolError::Forbidden('\u{7f}'))
        );
    }
}
