//! The lines of a chunk.

use std::io::{self, Write};

use memchr::memchr;

use super::table::Rows;

/// The byte order mark that a tape may start with. It does not belong to the first line.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// One record: a line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line<'a> {
    /// The line number, counted from 1 within its tape. Blank lines are counted.
    pub number: u64,
    /// The content of the line.
    pub content: LineContent<'a>,
}

impl<'a> Line<'a> {
    /// Creates a line of text without its line ending.
    pub(crate) const fn new(number: u64, text: &'a str) -> Self {
        Self {
            number,
            content: LineContent::Text(text),
        }
    }

    /// Returns the text, unless it is too long or not UTF-8.
    pub(crate) const fn text(&self) -> Option<&'a str> {
        match self.content {
            LineContent::Text(text) => Some(text),
            LineContent::NotUtf8 { .. } | LineContent::TooLong => None,
        }
    }
}

/// The content of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineContent<'a> {
    /// Text without the line ending.
    Text(&'a str),
    /// Bytes that are not valid UTF-8.
    NotUtf8 {
        /// All bytes of the line.
        bytes: &'a [u8],
        /// The position of the first invalid byte, counted in bytes from 1.
        column: u64,
    },
    /// A line of more than [`RECORD_BYTES_MAX`](portcullis::record::RECORD_BYTES_MAX) bytes, whose content was
    /// discarded.
    TooLong,
}

/// An iterator over the records of a chunk, in order.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: Option<Rest<'a>>,
    number: u64,
    bytes_max: usize,
}

/// The part of a chunk that is not yet split into lines.
#[derive(Debug, Clone, Copy)]
enum Rest<'a> {
    /// Valid UTF-8.
    Text(&'a str),
    /// Bytes of which some are not valid UTF-8.
    Bytes(&'a [u8]),
    /// One line whose content was discarded because it is too long.
    Gone,
    /// The rows of a table, from the row with this index on.
    Rows(&'a Rows, usize),
}

impl<'a> Lines<'a> {
    /// Creates an iterator over whole lines. `first_line` is the number of the first line.
    pub(super) fn new(bytes: &'a [u8], first_line: u64, bytes_max: usize) -> Self {
        let bytes = match bytes.strip_prefix(BOM) {
            Some(after) if first_line == 1 => after,
            _ => bytes,
        };
        // One UTF-8 check covers all lines; only a chunk that fails it is checked line by line.
        let rest = simdutf8::basic::from_utf8(bytes).map_or(Rest::Bytes(bytes), Rest::Text);
        Self {
            rest: Some(rest),
            number: first_line,
            bytes_max,
        }
    }

    /// Creates an iterator over a single line that was too long to keep.
    pub(super) const fn too_long(number: u64) -> Self {
        Self {
            rest: Some(Rest::Gone),
            number,
            bytes_max: 0,
        }
    }

    /// Creates an iterator over the rows of a table.
    pub(super) const fn of_rows(rows: &'a Rows, first_row: u64) -> Self {
        Self {
            rest: Some(Rest::Rows(rows, 0)),
            number: first_row,
            bytes_max: 0,
        }
    }

    /// Removes one line and its line ending from the rest and returns it.
    fn split(&mut self) -> Option<LineContent<'a>> {
        match self.rest? {
            Rest::Text("") | Rest::Bytes([]) => {
                self.rest = None;
                None
            }
            Rest::Text(text) => {
                let end = memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
                // A line feed is one byte in UTF-8, so both indexes are on character boundaries.
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
            Rest::Rows(rows, row) => {
                (row < rows.len()).then_some(())?;
                self.rest = Some(Rest::Rows(rows, row + 1));
                Some(of_row(rows, row))
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

/// A record of a chunk: a line, or a row of a table that may not have been written as a line yet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Record<'a> {
    Line(Line<'a>),
    Row(Row<'a>),
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(super) rows: &'a Rows,
    pub(crate) index: usize,
    /// The number of the row, counted from 1 within its tape.
    pub(super) number: u64,
}

impl<'a> Record<'a> {
    /// Returns the record as a line.
    pub(crate) fn line(self) -> Line<'a> {
        match self {
            Self::Line(line) => line,
            Self::Row(row) => Line {
                number: row.number,
                content: of_row(row.rows, row.index),
            },
        }
    }
}

/// An iterator over the records of a chunk, in order.
#[derive(Debug)]
pub(crate) struct Records<'a>(pub(super) Lines<'a>);

impl<'a> Records<'a> {
    /// Returns the bytes from the next line on, which may not be valid UTF-8; `None` if the records are not lines.
    #[inline(always)]
    pub(crate) fn rest(&self) -> Option<&'a [u8]> {
        match self.0.rest? {
            Rest::Text(text) => Some(text.as_bytes()),
            Rest::Bytes(bytes) => Some(bytes),
            Rest::Gone | Rest::Rows(..) => None,
        }
    }

    /// Removes the first `len` bytes of [`Self::rest`], which contain no line feed, and the line ending after them, and
    /// returns them as a line. Returns `None`, and removes nothing, if they are not a line of valid UTF-8.
    #[inline(always)]
    pub(crate) fn take_line(&mut self, len: usize) -> Option<Line<'a>> {
        let (rest, line) = match self.0.rest? {
            Rest::Text(text) => {
                let (line, after) = text.split_at_checked(len)?;
                let end = line_ending(after.as_bytes())?;
                (Rest::Text(after.get(end..)?), line)
            }
            Rest::Bytes(bytes) => {
                let (line, after) = bytes.split_at_checked(len)?;
                let line = simdutf8::basic::from_utf8(line).ok()?;
                (Rest::Bytes(after.get(line_ending(after)?..)?), line)
            }
            Rest::Gone | Rest::Rows(..) => return None,
        };
        (len <= self.0.bytes_max).then_some(())?;
        let number = self.0.number;
        self.0.number = number.saturating_add(1);
        self.0.rest = Some(rest);
        Some(Line::new(number, line))
    }
}

/// Returns the length of the line ending at the beginning of the bytes after a line; `None` if there is none.
#[inline(always)]
const fn line_ending(after: &[u8]) -> Option<usize> {
    match after {
        [] => Some(0),
        [b'\r'] | [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        let Some(Rest::Rows(rows, index)) = self.0.rest else {
            return self.0.next().map(Record::Line);
        };
        (index < rows.len()).then_some(())?;
        let number = self.0.number;
        self.0.rest = Some(Rest::Rows(rows, index + 1));
        self.0.number = number.saturating_add(1);
        Some(Record::Row(Row {
            rows,
            index,
            number,
        }))
    }
}

/// Writes a record as a line of a tape, so that a reader returns the same bytes. `is_first` is true for the first line.
///
/// # Errors
/// Returns an error if writing fails.
pub fn write_line(to: &mut dyn Write, record: &[u8], is_first: bool) -> io::Result<()> {
    // A reader removes one byte order mark from the beginning of a tape, and one carriage return from the end of a
    // line.
    if is_first && record.starts_with(BOM) {
        to.write_all(BOM)?;
    }
    to.write_all(record)?;
    if record.ends_with(b"\r") {
        to.write_all(b"\r")?;
    }
    to.write_all(b"\n")
}

/// Returns the content of a row.
fn of_row(rows: &Rows, row: usize) -> LineContent<'_> {
    rows.line(row).map_or(LineContent::TooLong, checked)
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
