//! Errors of writing that name the output.

use std::{
    error::Error,
    fmt,
    io::{self, Write},
};

/// A writer whose errors are [`NamedError`].
pub(crate) struct Named<W> {
    name: String,
    writer: W,
}

impl<W> Named<W> {
    pub(crate) const fn new(name: String, writer: W) -> Self {
        Self { name, writer }
    }

    fn named(&self, error: io::Error) -> io::Error {
        let name = self.name.clone();
        io::Error::new(error.kind(), NamedError { name, error })
    }
}

impl<W: Write> Write for Named<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes);
        written.map_err(|error| self.named(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| self.named(error))
    }
}

/// An error of writing to a named output. `Display` writes the name and the error.
#[derive(Debug)]
pub(crate) struct NamedError {
    name: String,
    error: io::Error,
}

impl fmt::Display for NamedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.error)
    }
}

impl Error for NamedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
