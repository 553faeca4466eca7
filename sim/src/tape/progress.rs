//! The progress of reading tapes.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// The number of bytes that were read, for a progress bar. Bytes are counted before decompression. Another thread can
/// also stop the reader.
#[derive(Debug, Default)]
pub struct Progress {
    consumed: AtomicU64,
    total: Option<u64>,
    is_stopped: AtomicBool,
}

impl Progress {
    pub(super) const fn new(total: Option<u64>) -> Self {
        Self {
            consumed: AtomicU64::new(0),
            total,
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Stops the reader: instead of its next chunk, it returns [`TapeError::Stopped`](super::TapeError::Stopped).
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.consumed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns the number of bytes read so far. It can include bytes that are still in the buffer of a decompressor and
    /// not yet in a chunk.
    pub fn consumed(&self) -> u64 {
        self.consumed.load(Ordering::Relaxed)
    }

    /// Returns the total size of all tapes in bytes, or `None` if one of them (standard input, a pipe) has no size.
    pub const fn total(&self) -> Option<u64> {
        self.total
    }
}

/// A reader that adds the bytes it reads to a [`Progress`].
pub(super) struct Counted<R> {
    inner: R,
    progress: Arc<Progress>,
}

impl<R> Counted<R> {
    pub(super) const fn new(inner: R, progress: Arc<Progress>) -> Self {
        Self { inner, progress }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let count_wide = u64::try_from(count).unwrap_or(u64::MAX);
        self.progress.add(count_wide);
        Ok(count)
    }
}
