//! Errors of the log.

use std::{io, path::Path};

use portcullis::types::Shown;
use thiserror::Error;

use crate::{fault::Fault, position::StreamPosition};

/// The reason why a log could not be opened, written or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LogError {
    /// An operation on a file failed, for example because the disk is full.
    #[error("`{path}`: {why}")]
    Io {
        /// The path.
        path: String,
        /// The error of the operating system.
        why: String,
    },
    /// Another process writes to the log.
    #[error("another process writes to the log in `{directory}`; stop it first")]
    Locked {
        /// The directory of the log.
        directory: String,
    },
    /// The directory is not that of a log.
    #[error(
        "`{directory}` contains no log, but other files such as `{found}`; use an empty directory"
    )]
    Foreign {
        /// The directory.
        directory: String,
        /// The name of a file in it.
        found: String,
    },
    /// The directory contains no log.
    #[error("`{directory}` contains no log; check the path")]
    Absent {
        /// The directory.
        directory: String,
    },
    /// The log has a fault that an interrupted write cannot cause.
    #[error("the log is damaged: {0}; verify it, and continue in a new directory")]
    Damaged(Fault),
    /// An entry cannot be a row.
    #[error("the entry at position {position} cannot be written: {why}")]
    InvalidEntry {
        /// The position of the entry.
        position: StreamPosition,
        /// The reason.
        why: String,
    },
    /// An entry is not after the last row, and the log does not contain it.
    #[error(
        "the entry at position {position} is not in the log, but the log already contains later entries up to {last}; \
         the stream was replaced, or its entries are not in order"
    )]
    NotInOrder {
        /// The position of the entry.
        position: StreamPosition,
        /// The last position in the log.
        last: StreamPosition,
    },
    /// The log contains another answer for the position of an entry.
    #[error(
        "the log contains another answer for position {position}; the stream was replaced or edited"
    )]
    Conflict {
        /// The position of the entry.
        position: StreamPosition,
    },
}

impl LogError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io {
            path: shown(path),
            why: error.to_string(),
        }
    }
}

/// Returns a path for messages.
pub(crate) fn shown(path: &Path) -> String {
    Shown(path.display()).whole()
}
