//! The lines of a chunk.

use memchr::memchr;

/// What a tape may begin with and what is no part of its first line.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// One record: a line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counts from 1 within its tape; blank lines count.
    pub number: u64,
    /// What stands there.
    pub content: LineContent<'a>,
}

/// What stands in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineContent<'a> {
    /// Text, without the end of the line.
    Text(&'a str),
    /// Bytes that are no text.
    NotUtf8 {
        /// All of them.
        bytes: &'a [u8],
        /// Where the first of them stands; counts from 1, in bytes.
        column: u64,
    },
    /// More than [`LINE_BYTES_MAX`](super::LINE_BYTES_MAX) bytes, which nobody kept.
    TooLong,
}

/// The records of a chunk, in their order.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: Option<Rest<'a>>,
    number: u64,
    bytes_max: usize,
}

/// What is still to be split.
#[derive(Debug, Clone, Copy)]
enum Rest<'a> {
    /// All of it is known to be UTF-8.
    Text(&'a str),
    /// Some of it is not.
    Bytes(&'a [u8]),
    /// A line that was thrown away.
    Gone,
}

impl<'a> Lines<'a> {
    /// Of whole lines, the first of which has the number given.
    pub(super) fn new(bytes: &'a [u8], first_line: u64, bytes_max: usize) -> Self {
        let bytes = match bytes.strip_prefix(BOM) {
            Some(after) if first_line == 1 => after,
            _ => bytes,
        };
        // One pass for all lines; only a chunk that fails it is looked at line by line.
        let rest = simdutf8::basic::from_utf8(bytes).map_or(Rest::Bytes(bytes), Rest::Text);
        Self {
            rest: Some(rest),
            number: first_line,
            bytes_max,
        }
    }

    /// Of one line that was too long to keep.
    pub(super) const fn too_long(number: u64) -> Self {
        Self {
            rest: Some(Rest::Gone),
            number,
            bytes_max: 0,
        }
    }

    /// Takes one line off the rest, its end too.
    fn split(&mut self) -> Option<LineContent<'a>> {
        match self.rest? {
            Rest::Text("") | Rest::Bytes([]) => {
                self.rest = None;
                None
            }
            Rest::Text(text) => {
                let end = memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
                // The end of a line is one byte, so these are borders of characters.
                let line = text.get(..end).unwrap_or_default();
                let after = text.get(end..).unwrap_or_default();
                self.rest = Some(Rest::Text(after.strip_prefix('\n').unwrap_or(after)));
                let line = line.strip_suffix('\r').unwrap_or(line);
                Some(if line.len() > self.bytes_max {
                    LineContent::TooLong
                } else {
                    LineContent::Text(line)
                })
            }
            Rest::Bytes(bytes) => {
                let end = memchr(b'\n', bytes).unwrap_or(bytes.len());
                let (line, after) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
                self.rest = Some(Rest::Bytes(after.strip_prefix(b"\n").unwrap_or(after)));
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                Some(if line.len() > self.bytes_max {
                    LineContent::TooLong
                } else {
                    checked(line)
                })
            }
            Rest::Gone => {
                self.rest = None;
                Some(LineContent::TooLong)
            }
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        loop {
            let content = self.split()?;
            let number = self.number;
            self.number = number.saturating_add(1);
            if !is_blank(content) {
                return Some(Line { number, content });
            }
        }
    }
}

fn checked(line: &[u8]) -> LineContent<'_> {
    match simdutf8::compat::from_utf8(line) {
        Ok(text) => LineContent::Text(text),
        Err(error) => LineContent::NotUtf8 {
            bytes: line,
            column: u64::try_from(error.valid_up_to())
                .unwrap_or(u64::MAX)
                .saturating_add(1),
        },
    }
}

fn is_blank(content: LineContent<'_>) -> bool {
    match content {
        LineContent::Text(text) => {
            !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
        }
        LineContent::NotUtf8 { .. } | LineContent::TooLong => false,
    }
}
