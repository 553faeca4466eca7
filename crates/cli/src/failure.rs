//! Failures of commands and their exit statuses.

use std::{fmt, io, process::ExitCode};

use portcullis_service::{recorder::RecordError, runtime::ClockError};
use portcullis_sim::{
    diff::DiffError,
    replay::{ReplayError, parts::PartsError},
};

use crate::named::NamedError;

/// The reason why a command did not succeed. It decides the exit status.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The result is negative, such as an invalid policy or a failed proof: exit status 1.
    Negative(String),
    /// The usage is wrong, an input is unreadable, or an output cannot be written: exit status 2.
    Error(String),
    /// The reader of the output closed the pipe of a command without a verdict, such as `generate`: no message, exit
    /// status 0. A command with a verdict drops its output instead ([`UntilClosed`]).
    ///
    /// [`UntilClosed`]: crate::until_closed::UntilClosed
    BrokenPipe,
}

impl Failure {
    /// Creates a failure with exit status 2.
    pub(crate) fn error(message: impl fmt::Display) -> Self {
        Self::Error(message.to_string())
    }

    /// Creates a failure for a write error.
    pub(crate) fn write(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        let is_named = error
            .get_ref()
            .is_some_and(|error| error.is::<NamedError>());
        let to = if is_named { "" } else { ":" };
        Self::Error(format!("cannot write{to} {error}"))
    }

    /// Returns the message for standard error, if any.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Negative(message) | Self::Error(message) => Some(message),
            Self::BrokenPipe => None,
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::BrokenPipe => ExitCode::SUCCESS,
            Self::Negative(_) => ExitCode::from(1),
            Self::Error(_) => ExitCode::from(2),
        }
    }
}

impl From<ClockError> for Failure {
    fn from(error: ClockError) -> Self {
        Self::error(error)
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        if let ReplayError::Write(error) = &error {
            return Self::write(error);
        }
        Self::error(error)
    }
}

impl From<PartsError> for Failure {
    fn from(error: PartsError) -> Self {
        if let PartsError::Replay(error) = error {
            return error.into();
        }
        Self::error(error)
    }
}

impl From<DiffError> for Failure {
    fn from(error: DiffError) -> Self {
        if let DiffError::Write(error) = &error {
            return Self::write(error);
        }
        Self::error(error)
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        if let RecordError::Write(error) = &error {
            return Self::write(error);
        }
        Self::error(error)
    }
}
