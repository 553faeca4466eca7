//! Reading at any position of a tape.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    ops::Range,
};

/// A tape of known size that can be read at any position.
pub(crate) trait ReadAt: fmt::Debug + Send + Sync {
    /// Returns the size in bytes.
    fn bytes(&self) -> io::Result<u64>;

    /// Reads some bytes from a position. Returns the number of bytes, which is 0 only at the end.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for File {
    fn bytes(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }

    #[cfg(unix)]
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, at)
    }

    #[cfg(windows)]
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, at)
    }
}

/// A reader of a range.
pub(crate) struct RangeReader<'a> {
    from: &'a dyn ReadAt,
    range: Range<u64>,
}

impl<'a> RangeReader<'a> {
    pub(crate) const fn new(from: &'a dyn ReadAt, range: Range<u64>) -> Self {
        Self { from, range }
    }
}

impl Read for RangeReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.range.end.saturating_sub(self.range.start);
        let count = usize::try_from(rest).map_or(buffer.len(), |rest| rest.min(buffer.len()));
        let buffer = buffer.get_mut(..count).unwrap_or_default();
        if buffer.is_empty() {
            // At the end of the range, the next block of an object would be requested for nothing.
            return Ok(0);
        }
        let count = self.from.read_at(self.range.start, buffer)?;
        self.range.start += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }
}
