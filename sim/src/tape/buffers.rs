//! A pool of reusable byte buffers.

use std::sync::{Arc, Mutex, PoisonError};

/// The largest number of idle buffers that the pool keeps.
const IDLE_MAX: usize = 32;

/// A pool of buffers of one size. Clones share the same pool.
#[derive(Debug, Clone)]
pub(super) struct Buffers {
    bytes: usize,
    idle: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Buffers {
    /// Creates an empty pool. Each buffer has at least one byte, even if `bytes` is 0.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes: bytes.max(1),
            idle: Arc::default(),
        }
    }

    /// Returns a buffer of the pool's size. Its content is unspecified.
    pub(super) fn take(&self) -> Vec<u8> {
        self.idle().pop().unwrap_or_else(|| vec![0; self.bytes])
    }

    /// Returns a buffer to the pool. A buffer that grew for a long line is freed and not kept.
    pub(super) fn give(&self, buffer: Vec<u8>) {
        let mut idle = self.idle();
        if buffer.len() == self.bytes && idle.len() < IDLE_MAX {
            idle.push(buffer);
        }
    }

    #[cfg(test)]
    pub(super) fn idle_bytes(&self) -> Vec<usize> {
        self.idle().iter().map(Vec::capacity).collect()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
