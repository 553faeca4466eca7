//! Buffers that go round.

use std::sync::{Arc, Mutex, PoisonError};

/// How many buffers wait for their next use.
const IDLE_MAX: usize = 32;

/// Buffers of one size. Cheap to clone; every clone shares the same buffers.
#[derive(Debug, Clone)]
pub(super) struct Buffers {
    bytes: usize,
    idle: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Buffers {
    /// Of at least one byte each.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes: bytes.max(1),
            idle: Arc::default(),
        }
    }

    /// A buffer of full length; what it holds means nothing.
    pub(super) fn take(&self) -> Vec<u8> {
        self.idle().pop().unwrap_or_else(|| vec![0; self.bytes])
    }

    /// Keeps a buffer for later. One that grew for a long line is given back to the system.
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
