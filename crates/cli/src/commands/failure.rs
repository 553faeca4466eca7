//! Failures of commands, and printing to standard output.

use std::{fmt, io};

use portcullis_service::runtime::ClockError;

/// The reason why a command failed. It decides the exit status.
#[derive(Debug)]
pub enum Failure {
    /// The result is negative, such as an invalid policy or a failed proof: exit status 1.
    No(String),
    /// The usage is wrong, or an input is unreadable: exit status 2.
    Unusable(String),
    /// The reader of the output closed the pipe: no message, exit status 0.
    ReaderGone,
}

impl Failure {
    /// Creates a failure for wrong usage or unreadable input.
    pub(super) fn unusable(why: impl fmt::Display) -> Self {
        Self::Unusable(why.to_string())
    }

    /// Creates a failure for a write error.
    pub(super) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::Unusable(format!("cannot write: {error}"))
        }
    }

    /// Returns the message for standard error, if any.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::No(text) | Self::Unusable(text) => Some(text),
            Self::ReaderGone => None,
        }
    }
}

impl From<ClockError> for Failure {
    fn from(error: ClockError) -> Self {
        Self::unusable(error)
    }
}

/// Writes text to standard output.
pub(super) fn print(text: impl fmt::Display) -> Result<(), Failure> {
    print_to(&mut io::stdout().lock(), text)
}

/// Writes text to `out` and flushes it.
pub(super) fn print_to(out: &mut dyn io::Write, text: impl fmt::Display) -> Result<(), Failure> {
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

/// Writes a value as JSON to standard output.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    print_json_to(&mut io::stdout().lock(), value)
}

/// Writes a value as JSON to `out`.
pub(super) fn print_json_to(
    out: &mut dyn io::Write,
    value: &impl serde::Serialize,
) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::unusable)?;
    print_to(out, format_args!("{text}\n"))
}
