//! Errors of a replay.

use std::io;

use thiserror::Error;

use crate::tape::TapeError;

/// An error that ended a run early. The answers so far are written, but there is no digest.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The tape cannot be read to its end.
    #[error("{error}; {records} records were answered")]
    Tape {
        /// The error of the tape.
        error: TapeError,
        /// The number of answers that were written before the error.
        records: u64,
    },
    /// The answers cannot be written.
    #[error("cannot write answers: {0}")]
    Write(io::Error),
    /// The threads cannot be started.
    #[error("cannot start {threads} threads: {error}; try `--threads 1`")]
    Threads {
        /// The number of worker threads.
        threads: usize,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The answers do not add up to the records read.
    #[error("{answered} answers to {read} records; this is a bug, please report it with the tape")]
    Miscounted {
        /// The number of records read.
        read: u64,
        /// The number of answers.
        answered: u64,
    },
}
