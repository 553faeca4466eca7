//! Reading of the Thrift compact protocol, in which Parquet stores its footer and its page headers.
//!
//! Nothing is stored: a value is returned or skipped. So a footer or header can be checked before anything is allocated
//! for its contents.

use std::io::{self, Read};

/// The maximum nesting of structs, lists and maps.
const LEVELS_MAX: u8 = 32;

/// The types of values that are read.
pub(super) mod kind {
    pub(in super::super) const TRUE: u8 = 1;
    pub(in super::super) const FALSE: u8 = 2;
    pub(in super::super) const I32: u8 = 5;
    pub(in super::super) const LIST: u8 = 9;
    pub(in super::super) const STRUCT: u8 = 12;
}

/// A reader that counts its bytes.
pub(super) struct Thrift<R> {
    from: R,
    consumed: u64,
}

/// A field of a struct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) id: i64,
    pub(super) kind: u8,
}

impl<R: Read> Thrift<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, consumed: 0 }
    }

    /// Returns the number of bytes that were read or skipped.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte)?;
        self.consumed += 1;
        Ok(u8::from_le_bytes(byte))
    }

    fn unsigned(&mut self) -> io::Result<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        match self.byte()? {
            last @ (0 | 1) => Ok(number | u64::from(last) << 63),
            _ => Err(invalid("an integer is longer than 64 bits")),
        }
    }

    /// Reads a signed integer of any width.
    pub(super) fn signed(&mut self) -> io::Result<i64> {
        let zigzag = self.unsigned()?;
        Ok((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    /// Reads the beginning of the next field of a struct. `last` is the id of the previous field, at first 0. Returns
    /// `None` at the end of the struct.
    pub(super) fn field(&mut self, last: &mut i64) -> io::Result<Option<Field>> {
        let begin = self.byte()?;
        let (delta, kind) = (begin >> 4, begin & 0xf);
        if kind == 0 {
            return Ok(None);
        }
        *last = match delta {
            0 => self.signed()?,
            delta => last.saturating_add(i64::from(delta)),
        };
        Ok(Some(Field { id: *last, kind }))
    }

    /// Reads the beginning of a list. Returns the type and the number of its elements.
    pub(super) fn list(&mut self) -> io::Result<(u8, u64)> {
        let begin = self.byte()?;
        let count = match begin >> 4 {
            15 => self.unsigned()?,
            count => u64::from(count),
        };
        Ok((begin & 0xf, count))
    }

    /// Skips a value.
    pub(super) fn skip(&mut self, kind: u8) -> io::Result<()> {
        self.skip_below(kind, LEVELS_MAX)
    }

    fn skip_below(&mut self, kind: u8, levels: u8) -> io::Result<()> {
        let Some(levels) = levels.checked_sub(1) else {
            return Err(invalid("it is nested too deeply"));
        };
        match kind {
            kind::TRUE | kind::FALSE => Ok(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.unsigned().map(|_| ()),
            7 => self.skip_bytes(8),
            8 => {
                let bytes = self.unsigned()?;
                self.skip_bytes(bytes)
            }
            9 | 10 => {
                let (kind, count) = self.list()?;
                self.skip_all(&[kind], count, levels)
            }
            11 => match self.unsigned()? {
                0 => Ok(()),
                count => {
                    let kinds = self.byte()?;
                    self.skip_all(&[kinds >> 4, kinds & 0xf], count, levels)
                }
            },
            kind::STRUCT => {
                let mut last = 0;
                while let Some(field) = self.field(&mut last)? {
                    self.skip_below(field.kind, levels)?;
                }
                Ok(())
            }
            13 => self.skip_bytes(16),
            _ => Err(invalid("a value has an unknown type")),
        }
    }

    /// Skips the elements of a list or a map.
    fn skip_all(&mut self, kinds: &[u8], count: u64, levels: u8) -> io::Result<()> {
        // No list of Parquet contains booleans. Programs disagree on their encoding.
        if count > 0 && kinds.iter().any(|kind| *kind <= kind::FALSE) {
            return Err(invalid("a list contains booleans"));
        }
        for _ in 0..count {
            for kind in kinds {
                self.skip_below(*kind, levels)?;
            }
        }
        Ok(())
    }

    fn skip_bytes(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.from.by_ref().take(bytes), &mut io::sink())?;
        self.consumed = self.consumed.saturating_add(skipped);
        match skipped == bytes {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(bytes: &[u8], kind: u8) -> Result<u64, String> {
        let mut thrift = Thrift::new(bytes);
        thrift.skip(kind).map_err(|error| error.to_string())?;
        Ok(thrift.consumed())
    }

    #[test]
    fn integers_have_at_most_64_bits() {
        let signed = |bytes: &[u8]| Thrift::new(bytes).signed().ok();
        assert_eq!(signed(&[0x00]), Some(0));
        assert_eq!(signed(&[0x01]), Some(-1));
        assert_eq!(signed(&[0xac, 0x02]), Some(150));
        let mut longest = [0xff; 10];
        longest[9] = 0x01;
        assert_eq!(signed(&longest), Some(i64::MIN));
        longest[9] = 0x02;
        assert_eq!(signed(&longest), None);
        assert_eq!(signed(&[0x80]), None);
    }

    #[test]
    fn a_value_is_skipped_to_its_end() {
        // Field 1: i32, field 2: list of two binaries, field 17 (with its full id): a struct without fields.
        let bytes = [
            0x15, 0x02, 0x19, 0x28, 1, b'a', 0, 0x0c, 0x22, 0x00, 0x00, 0xff,
        ];
        assert_eq!(skipped(&bytes, kind::STRUCT), Ok(11));
    }

    #[test]
    fn a_hostile_value_is_an_error_and_not_an_allocation() {
        let deep = [0x1c; 100_000];
        let errors = [
            skipped(&deep, kind::STRUCT).unwrap_err(),
            // A list of 2^60 structs, booleans and binaries.
            skipped(
                &[0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
                kind::LIST,
            )
            .unwrap_err(),
            skipped(
                &[0xf2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
                kind::LIST,
            )
            .unwrap_err(),
            skipped(&[0xff, 0xff, 0xff, 0xff, 0x0f, b'a'], 8).unwrap_err(),
            skipped(&[0x1e], kind::STRUCT).unwrap_err(),
        ];
        assert_eq!(
            errors,
            [
                "it is nested too deeply",
                "failed to fill whole buffer",
                "a list contains booleans",
                "unexpected end of file",
                "a value has an unknown type",
            ]
        );
    }
}
