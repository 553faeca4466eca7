//! A writer that ignores a closed pipe.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A writer that drops its output once the reader has closed the pipe. A command whose exit status depends on its input
/// then continues to the end of the input, so its exit status is the same as with an open pipe.
pub(crate) struct UntilClosed<W> {
    writer: W,
    is_closed: Closed,
}

/// A flag that is set when a pipe is found to be closed.
#[derive(Clone, Default)]
pub(crate) struct Closed(Arc<AtomicBool>);

impl Closed {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes the writer drop all further output.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<W> UntilClosed<W> {
    pub(crate) fn new(writer: W) -> Self {
        Self {
            writer,
            is_closed: Closed::default(),
        }
    }

    pub(crate) fn closed(&self) -> Closed {
        self.is_closed.clone()
    }

    /// Writes to the pipe, or returns `dropped` if it is closed.
    fn write_with<T>(
        &mut self,
        dropped: T,
        write: impl FnOnce(&mut W) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.is_closed.is_set() {
            return Ok(dropped);
        }
        match write(&mut self.writer) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed.set();
                Ok(dropped)
            }
            written => written,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_with(bytes.len(), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_with((), Write::flush)
    }
}
