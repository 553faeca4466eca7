//! Splitting of a byte stream into chunks of whole lines.

use std::{
    io::{self, Read},
    mem,
    ops::Range,
};

use memchr::{memchr, memchr_iter, memmem::Finder, memrchr};

use super::{
    Lines,
    buffers::Buffers,
    format::read_some,
    lines::{BOM, Record, Records, Row},
    table::Rows,
};

/// Number of bytes that a buffer may hold in addition to the longest line: a byte order mark, a
/// carriage return, and one byte to detect a line that is too long.
const BESIDE_BYTES: usize = BOM.len() + 2;

/// A part of a tape that consists of whole records. Dropping a chunk returns its buffer to the reader.
#[derive(Debug)]
pub struct Chunk {
    content: Content,
    tape: usize,
    first_line: u64,
    line_count: u64,
}

#[derive(Debug)]
enum Content {
    Lines(Buffer),
    /// A line that was too long to keep.
    TooLong,
    Rows(Rows),
}

/// Whole lines.
#[derive(Debug)]
struct Buffer {
    buffer: Vec<u8>,
    filled: usize,
    line_bytes_max: usize,
    home: Buffers,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.give(mem::take(&mut self.buffer));
    }
}

impl Chunk {
    /// Creates a chunk of the rows of a table.
    pub(crate) fn of_rows(rows: Rows, tape: usize, first_line: u64) -> Self {
        Self {
            tape,
            first_line,
            line_count: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            content: Content::Rows(rows),
        }
    }

    /// Creates a chunk of one line that is too long.
    pub(super) const fn too_long(tape: usize, first_line: u64) -> Self {
        Self {
            content: Content::TooLong,
            tape,
            first_line,
            line_count: 1,
        }
    }

    /// Returns the index of the tape among all tapes, counted from 0.
    #[must_use]
    pub const fn tape(&self) -> usize {
        self.tape
    }

    /// Returns the number of the first line, counted from 1 within its tape. Blank lines are
    /// counted.
    #[must_use]
    pub const fn first_line(&self) -> u64 {
        self.first_line
    }

    /// Returns the number of lines. Blank lines are counted.
    pub(crate) const fn line_count(&self) -> u64 {
        self.line_count
    }

    /// Returns the raw lines with their line endings; empty for the rows of a table, and for a line that was too long
    /// to keep.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Lines(lines) => lines.buffer.get(..lines.filled).unwrap_or_default(),
            Content::TooLong | Content::Rows(_) => &[],
        }
    }

    /// Returns the rows, if the tape is a table.
    pub(crate) const fn rows(&self) -> Option<&Rows> {
        match &self.content {
            Content::Rows(rows) => Some(rows),
            Content::Lines(_) | Content::TooLong => None,
        }
    }

    /// Returns the record of a row.
    pub(crate) fn record_of_row(&self, index: usize) -> Option<Record<'_>> {
        let rows = self.rows()?;
        let number = self.first_line.saturating_add(u64::try_from(index).ok()?);
        Some(Record::Row(Row {
            rows,
            index,
            number,
        }))
    }

    /// Returns true if any text that can contain the kind of a record (an event type) passes the test.
    pub(crate) fn any_kind(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        match &self.content {
            Content::Rows(rows) => rows.any_kind(test),
            Content::Lines(_) | Content::TooLong => test(self.bytes()),
        }
    }

    /// Returns an iterator over the records, which are all rows, or all lines that are not blank. Rows are written as
    /// lines of JSON.
    #[must_use]
    pub fn lines(&self) -> Lines<'_> {
        match &self.content {
            Content::Lines(_) => Lines::new(self.bytes(), self.first_line, self.line_bytes_max()),
            Content::TooLong => Lines::too_long(self.first_line),
            Content::Rows(rows) => Lines::of_rows(rows, self.first_line),
        }
    }

    /// Returns an iterator over the records, without writing rows as lines.
    pub(crate) fn records(&self) -> Records<'_> {
        Records(self.lines())
    }

    /// Returns the number of records, without checking the text of the lines if none of them can be blank.
    pub(crate) fn record_count(&self) -> u64 {
        match self.content {
            Content::Lines(_) => self.count(0..self.bytes().len(), self.first_line).1,
            Content::TooLong | Content::Rows(_) => self.line_count,
        }
    }

    /// Returns the lines that contain one of several texts. The texts must not match a blank line.
    pub(crate) fn lines_with(&self, texts: &[Finder<'_>]) -> FoundLines {
        let bytes = self.bytes();
        let find = |finder: &Finder<'_>, from: usize| {
            let rest = bytes.get(from..)?;
            finder.find(rest).map(|place| from + place)
        };
        let mut found: Vec<Option<usize>> = texts.iter().map(|text| find(text, 0)).collect();
        let (mut buffer, mut before) = (Vec::new(), Vec::new());
        let (mut at, mut next_line, mut records) = (0, self.first_line, 0);
        let mut first_line = None;
        while let Some(place) = found.iter().flatten().min().copied() {
            let skipped = bytes.get(at..place).unwrap_or_default();
            let start = at + memrchr(b'\n', skipped).map_or(0, |end| end + 1);
            let end = memchr(b'\n', bytes.get(place..).unwrap_or_default());
            let end = end.map_or(bytes.len(), |end| place + end + 1);
            let (skipped_lines, skipped_records) = self.count(at..start, next_line);
            (next_line, records) = (next_line + skipped_lines, records + skipped_records);
            first_line.get_or_insert(next_line);
            buffer.extend_from_slice(bytes.get(start..end).unwrap_or_default());
            before.push(records);
            (at, next_line, records) = (end, next_line + 1, records + 1);
            for (text, place) in texts.iter().zip(&mut found) {
                if place.is_some_and(|place| place < end) {
                    *place = find(text, end);
                }
            }
        }
        let (_, rest) = self.count(at..bytes.len(), next_line);
        let chunk = Self {
            tape: self.tape,
            first_line: first_line.unwrap_or(self.first_line),
            line_count: u64::try_from(before.len()).unwrap_or(u64::MAX),
            content: Content::Lines(Buffer {
                filled: buffer.len(),
                buffer,
                line_bytes_max: self.line_bytes_max(),
                home: Buffers::new(0),
            }),
        };
        FoundLines {
            chunk,
            before,
            records: match self.content {
                Content::Lines(_) | Content::Rows(_) => records + rest,
                Content::TooLong => 1,
            },
        }
    }

    /// Returns the number of lines in a range of the bytes, and the number of records among them. `first_line` is the
    /// number of the first of these lines.
    fn count(&self, range: Range<usize>, first_line: u64) -> (u64, u64) {
        let bytes = self.bytes().get(range).unwrap_or_default();
        let may_be_blank = |at: usize| bytes.get(at).is_some_and(|byte| !byte.is_ascii_graphic());
        let (mut lines, mut has_blank) = (0, may_be_blank(0));
        for end in memchr_iter(b'\n', bytes) {
            lines += 1;
            has_blank |= may_be_blank(end + 1);
        }
        // Only the last line of a tape can lack its line ending.
        lines += u64::from(bytes.last().is_some_and(|last| *last != b'\n'));
        if !has_blank {
            return (lines, lines);
        }
        let records = Lines::new(bytes, first_line, self.line_bytes_max()).count();
        (lines, u64::try_from(records).unwrap_or(u64::MAX))
    }

    const fn line_bytes_max(&self) -> usize {
        match &self.content {
            Content::Lines(lines) => lines.line_bytes_max,
            Content::TooLong | Content::Rows(_) => 0,
        }
    }

    #[cfg(test)]
    pub(super) fn buffer_bytes(&self) -> usize {
        match &self.content {
            Content::Lines(lines) => lines.buffer.capacity(),
            Content::TooLong | Content::Rows(_) => 0,
        }
    }
}

/// The lines of a chunk that contain certain texts.
#[derive(Debug)]
pub(crate) struct FoundLines {
    /// The lines.
    pub(crate) chunk: Chunk,
    /// How many records of the whole chunk precede each of them.
    pub(crate) before: Vec<u64>,
    /// The number of records of the whole chunk.
    pub(crate) records: u64,
}

/// A reader that splits the bytes of a tape into chunks.
pub(super) struct Chunks<R> {
    from: R,
    tape: usize,
    line_bytes_max: usize,
    /// The bytes that were read and not yet returned. The first of them is always the first byte of
    /// a line.
    buffer: Vec<u8>,
    filled: usize,
    /// The number of leading bytes in `buffer` that are known to contain no line ending.
    searched: usize,
    next_line: u64,
    is_at_end: bool,
    home: Buffers,
}

impl<R: Read> Chunks<R> {
    /// Creates a reader of lines. `first_line` is the number of the first one.
    pub(super) fn new(
        from: R,
        tape: usize,
        first_line: u64,
        home: Buffers,
        line_bytes_max: usize,
    ) -> Self {
        Self {
            from,
            tape,
            line_bytes_max,
            buffer: home.take(),
            filled: 0,
            searched: 0,
            next_line: first_line,
            is_at_end: false,
            home,
        }
    }

    /// Returns the number of the last line that was returned; 0 before the first.
    pub(super) const fn last_line(&self) -> u64 {
        self.next_line.saturating_sub(1)
    }

    /// Returns the next chunk as soon as one whole line is available, or `None` at the end of the tape.
    pub(super) fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        loop {
            let fresh = self.buffer.get(self.searched..self.filled);
            let line_end = fresh.and_then(|fresh| memrchr(b'\n', fresh));
            if let Some(place) = line_end {
                return Ok(Some(self.cut(self.searched + place + 1)));
            }
            self.searched = self.filled;
            if self.is_at_end {
                return Ok((self.filled > 0).then(|| self.cut(self.filled)));
            }
            if self.filled >= self.line_bytes_max.saturating_add(BESIDE_BYTES) {
                return self.skip_line().map(Some);
            }
            self.fill()?;
        }
    }

    /// Reads once and appends to the buffer, which grows if it is full.
    fn fill(&mut self) -> io::Result<()> {
        if self.filled == self.buffer.len() {
            let bytes_max = self.line_bytes_max.saturating_add(BESIDE_BYTES);
            let bytes = self.filled.saturating_mul(2).min(bytes_max);
            self.buffer.reserve_exact(bytes.saturating_sub(self.filled));
            self.buffer.resize(bytes, 0);
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let count = read_some(&mut self.from, room)?;
        self.filled += count;
        self.is_at_end = count == 0;
        Ok(())
    }

    /// Returns the bytes before `end` as a chunk and moves the rest into another buffer.
    fn cut(&mut self, end: usize) -> Chunk {
        let mut next = self.home.take();
        let rest = self.buffer.get(end..self.filled).unwrap_or_default();
        if next.len() < rest.len() {
            next.resize(rest.len(), 0);
        }
        if let Some(to) = next.get_mut(..rest.len()) {
            to.copy_from_slice(rest);
        }
        self.filled = rest.len();
        self.searched = rest.len();
        let lines = memchr_iter(b'\n', self.buffer.get(..end).unwrap_or_default()).count();
        let buffer = mem::replace(&mut self.buffer, next);
        let content = Content::Lines(Buffer {
            buffer,
            filled: end,
            line_bytes_max: self.line_bytes_max,
            home: self.home.clone(),
        });
        self.chunk(content, lines.max(1))
    }

    /// Discards the rest of a line that is too long.
    fn skip_line(&mut self) -> io::Result<Chunk> {
        // Replacing the enlarged buffer frees its memory.
        self.buffer = self.home.take();
        self.filled = 0;
        self.searched = 0;
        loop {
            let count = read_some(&mut self.from, &mut self.buffer)?;
            self.is_at_end = count == 0;
            let read = self.buffer.get(..count).unwrap_or_default();
            let end = memchr(b'\n', read).map(|place| place + 1);
            if let Some(end) = end {
                self.buffer.copy_within(end..count, 0);
                self.filled = count - end;
            }
            if end.is_some() || self.is_at_end {
                return Ok(self.chunk(Content::TooLong, 1));
            }
        }
    }

    fn chunk(&mut self, content: Content, lines: usize) -> Chunk {
        let first_line = self.next_line;
        let line_count = u64::try_from(lines).unwrap_or(u64::MAX);
        self.next_line = first_line.saturating_add(line_count);
        Chunk {
            content,
            tape: self.tape,
            first_line,
            line_count,
        }
    }
}

impl<R> Drop for Chunks<R> {
    fn drop(&mut self) {
        self.home.give(mem::take(&mut self.buffer));
    }
}
