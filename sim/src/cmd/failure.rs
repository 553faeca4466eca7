//! How a command ends when it does not end well.

use std::{fmt, io};

/// Why a command did not do all it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The answer is no: exit status 1.
    No(String),
    /// Wrong usage or unreadable input: exit status 2.
    Unusable(String),
    /// Whoever read the output has gone: quiet, exit status 0.
    ReaderGone,
}

impl Failure {
    /// Wrong usage or unreadable input.
    pub(super) fn unusable(why: impl fmt::Display) -> Self {
        Self::Unusable(why.to_string())
    }

    /// Output that cannot be written.
    pub(super) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::Unusable(format!("cannot write: {error}"))
        }
    }

    /// What to say on standard error.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::No(text) | Self::Unusable(text) => Some(text),
            Self::ReaderGone => None,
        }
    }
}

/// Writes to standard output.
pub(super) fn print(text: impl fmt::Display) -> Result<(), Failure> {
    print_to(&mut io::stdout().lock(), text)
}

/// Writes to whatever stands in for it.
pub(super) fn print_to(out: &mut dyn io::Write, text: impl fmt::Display) -> Result<(), Failure> {
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

/// Writes a value as JSON to standard output.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    print_json_to(&mut io::stdout().lock(), value)
}

/// Writes a value as JSON to whatever stands in for it.
pub(super) fn print_json_to(
    out: &mut dyn io::Write,
    value: &impl serde::Serialize,
) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::unusable)?;
    print_to(out, format_args!("{text}\n"))
}
