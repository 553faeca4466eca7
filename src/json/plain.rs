//! The fast reader: one pass over the bytes of an object, for records that machines write.
//!
//! It accepts a subset of JSON. All other texts, valid or not, must be read by the general parser.
//! For every text that it accepts, both readers return the same fields.

use super::{fields::Fields, number, raw_field::SeenAs, specials::Specials};

/// Maximum nesting depth that this reader accepts.
const DEPTH_MAX: u32 = 8;

/// Fills `fields` from the JSON object in `text`.
///
/// Returns `None` if the general parser must read the text; the contents of `fields` are then unspecified.
#[inline]
pub(super) fn scan<'a, F: Fields<'a>>(text: &'a str, fields: &mut F) -> Option<()> {
    let bytes = text.as_bytes();
    let mut cursor = Cursor {
        bytes,
        at: 0,
        specials: Specials::of(bytes),
    };
    cursor.take(b'{')?;
    if cursor.behind_space()? != b'}' {
        loop {
            cursor.opening()?;
            let start = cursor.at;
            cursor.at = cursor.specials.next();
            let field = fields.field(bytes.get(start..cursor.at)?);
            cursor.take(b'"')?;
            cursor.colon()?;
            let first = cursor.behind_space()?;
            let start = cursor.at;
            let seen_as = cursor.value(first, DEPTH_MAX)?;
            if let Some(field) = field
                && field.fill(text.get(start..cursor.at)?, seen_as)
            {
                fields.note_duplicate();
            }
            match cursor.behind_space()? {
                b',' => cursor.at += 1,
                _ => break,
            }
        }
    }
    cursor.take(b'}')?;
    (cursor.at == bytes.len()).then_some(())
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The positions of special bytes, from the start of the next string on.
    specials: Specials<'a>,
}

impl Cursor<'_> {
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    fn take(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Skips spaces and returns the next byte. For any other white space, the general parser is
    /// needed.
    #[inline(always)]
    fn behind_space(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[inline(always)]
    fn colon(&mut self) -> Option<()> {
        (self.behind_space()? == b':').then_some(())?;
        self.at += 1;
        Some(())
    }

    /// Reads the opening quote of a string.
    #[inline(always)]
    fn opening(&mut self) -> Option<()> {
        let place = self.specials.next();
        if place != self.at {
            self.behind_space()?;
        }
        (place == self.at).then_some(())?;
        self.take(b'"')
    }

    /// Reads a string. For `\u` escapes, the general parser is needed, because some of them are
    /// invalid.
    #[inline(always)]
    fn string(&mut self) -> Option<SeenAs> {
        self.opening()?;
        self.at = self.specials.next();
        if self.peek()? == b'"' {
            self.at += 1;
            return Some(SeenAs::PlainText);
        }
        self.escaped()
    }

    /// Reads the rest of a string from its first backslash.
    #[inline(never)]
    fn escaped(&mut self) -> Option<SeenAs> {
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(SeenAs::Value);
                }
                b'\\' => self.at += 1,
                _ => return None,
            }
            match self.peek()? {
                b'"' | b'\\' => {
                    self.specials.next();
                }
                b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                _ => return None,
            }
            self.at = self.specials.next();
        }
    }

    #[inline(always)]
    fn value(&mut self, first: u8, depth: u32) -> Option<SeenAs> {
        match first {
            b'"' => self.string(),
            b'-' if self.bytes.get(self.at + 1) == Some(&b'I') => {
                self.word(b"-Infinity", SeenAs::Value)
            }
            b'-' | b'0'..=b'9' => number::read(self.bytes, &mut self.at),
            b'N' => self.word(b"NaN", SeenAs::Value),
            b'I' => self.word(b"Infinity", SeenAs::Value),
            b't' => self.word(b"true", SeenAs::Value),
            b'f' => self.word(b"false", SeenAs::Value),
            b'n' => self.word(b"null", SeenAs::Null),
            b'{' | b'[' => self.nested(first, depth),
            _ => None,
        }
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8], seen_as: SeenAs) -> Option<SeenAs> {
        let rest = self.bytes.get(self.at..)?;
        rest.starts_with(word).then(|| self.at += word.len())?;
        Some(seen_as)
    }

    #[inline(never)]
    fn nested(&mut self, opening: u8, depth: u32) -> Option<SeenAs> {
        let depth = depth.checked_sub(1)?;
        let is_object = opening == b'{';
        let closing = if is_object { b'}' } else { b']' };
        self.at += 1;
        let mut first = self.behind_space()?;
        if first != closing {
            loop {
                if is_object {
                    self.string()?;
                    self.colon()?;
                    first = self.behind_space()?;
                }
                self.value(first, depth)?;
                match self.behind_space()? {
                    b',' => self.at += 1,
                    _ => break,
                }
                first = self.behind_space()?;
            }
        }
        self.take(closing)?;
        Some(SeenAs::Value)
    }
}
