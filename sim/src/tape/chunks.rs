//! Splitting of a byte stream into chunks of whole lines.

use std::{
    io::{self, Read},
    mem,
};

use memchr::{memchr, memchr_iter, memrchr};

use super::{Lines, buffers::Buffers, format::read_some, lines::BOM};

/// Number of bytes that a buffer may hold in addition to the longest line: a byte order mark, a
/// carriage return, and one byte to detect a line that is too long.
const BESIDE_BYTES: usize = BOM.len() + 2;

/// A part of a tape that consists of whole lines. Dropping a chunk returns its buffer to the
/// reader.
#[derive(Debug)]
pub struct Chunk {
    buffer: Vec<u8>,
    filled: usize,
    tape: usize,
    first_line: u64,
    line_count: u64,
    is_too_long: bool,
    line_bytes_max: usize,
    home: Buffers,
}

impl Chunk {
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

    /// Returns the raw lines with their line endings; empty for a line that was too long to keep.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// Returns an iterator over the records, which are all lines that are not blank.
    #[must_use]
    pub fn lines(&self) -> Lines<'_> {
        if self.is_too_long {
            Lines::too_long(self.first_line)
        } else {
            Lines::new(self.bytes(), self.first_line, self.line_bytes_max)
        }
    }

    /// Returns the number of records, without checking the text of the lines if none of them can be blank.
    pub(crate) fn record_count(&self) -> u64 {
        let bytes = self.bytes();
        let may_be_blank = |at: usize| bytes.get(at).is_some_and(|byte| !byte.is_ascii_graphic());
        if may_be_blank(0) || memchr_iter(b'\n', bytes).any(|end| may_be_blank(end + 1)) {
            return u64::try_from(self.lines().count()).unwrap_or(u64::MAX);
        }
        self.line_count
    }

    #[cfg(test)]
    pub(super) fn buffer_bytes(&self) -> usize {
        self.buffer.capacity()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.home.give(mem::take(&mut self.buffer));
    }
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
        self.chunk(buffer, end, lines.max(1), false)
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
                return Ok(self.chunk(Vec::new(), 0, 1, true));
            }
        }
    }

    fn chunk(&mut self, buffer: Vec<u8>, filled: usize, lines: usize, is_too_long: bool) -> Chunk {
        let first_line = self.next_line;
        let lines = u64::try_from(lines).unwrap_or(u64::MAX);
        self.next_line = first_line.saturating_add(lines);
        Chunk {
            buffer,
            filled,
            tape: self.tape,
            first_line,
            line_count: lines,
            is_too_long,
            line_bytes_max: self.line_bytes_max,
            home: self.home.clone(),
        }
    }
}

impl<R> Drop for Chunks<R> {
    fn drop(&mut self) {
        self.home.give(mem::take(&mut self.buffer));
    }
}
