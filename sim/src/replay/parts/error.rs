//! Errors of a divided replay.

use std::{fmt::Display, io};

use portcullis::exit::OwnershipError;
use thiserror::Error;

use crate::{replay::ReplayError, tape::TapeError};

/// An error of a divided replay.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PartsError {
    /// A file cannot be divided or read.
    #[error("cannot plan or replay a part of `{0}`: {1}")]
    Input(String, io::Error),
    /// A file is not the one for which the plan was made.
    #[error(
        "`{0}` has changed since the plan was made (size, time of change or ETag); make a new plan, or copy the file \
         with its time, as `cp -p` and `rsync -t` do"
    )]
    InputChanged(String),
    /// A file contains other records than the plan states.
    #[error(
        "part {number} has other records, policies or harvests than the plan states ({what}); make a new plan"
    )]
    ContentChanged {
        /// The number of the part.
        number: usize,
        /// The value that differs.
        what: &'static str,
    },
    /// The plan has no part with this number.
    #[error(
        "the plan has {parts} parts, so there is no part {number}; give a number from 1 to {parts}"
    )]
    NoPart {
        /// The number that was given.
        number: usize,
        /// The number of parts.
        parts: usize,
    },
    /// A plan or a part was written in another format, or by another version of the engine.
    #[error(
        "{file} has format {format} and was written by version {engine}; this is version {} with format {}, so make a \
         new plan",
        super::ENGINE,
        super::FORMAT
    )]
    Version {
        /// The kind or the name of the file.
        file: String,
        /// The format of the file.
        format: u32,
        /// The version of the engine that wrote it.
        engine: String,
    },
    /// A value of a plan or a part is not valid.
    #[error("the plan or the part is damaged: {0}")]
    Damaged(String),
    /// Two parts do not belong to the same replay.
    #[error("{left} and {right} cannot be merged: {why}")]
    Mismatch {
        /// The name of the earlier part.
        left: String,
        /// The name of the later part.
        right: String,
        /// The difference.
        why: &'static str,
    },
    /// A tape cannot be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The replay of a part failed.
    #[error(transparent)]
    Replay(ReplayError),
}

impl PartsError {
    pub(super) fn damaged(error: impl Display) -> Self {
        Self::Damaged(error.to_string())
    }

    /// Creates the error for a tape that cannot be read while the plan is made. There are no answers yet.
    pub(super) fn while_planning(error: ReplayError) -> Self {
        match error {
            ReplayError::Tape { error, .. } => error.into(),
            ReplayError::Write(_)
            | ReplayError::Threads { .. }
            | ReplayError::Miscounted { .. } => error.into(),
        }
    }

    /// Returns an error if a file was written in another format, or by another version of the engine.
    pub(super) fn check_version(file: &str, format: u32, engine: &str) -> Result<(), Self> {
        if format == super::FORMAT && engine == super::ENGINE {
            return Ok(());
        }
        Err(Self::Version {
            file: file.to_owned(),
            format,
            engine: engine.to_owned(),
        })
    }
}

impl From<ReplayError> for PartsError {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

impl From<OwnershipError> for PartsError {
    fn from(error: OwnershipError) -> Self {
        Self::damaged(error)
    }
}
