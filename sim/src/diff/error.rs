//! Errors of a comparison.

use std::io;

use thiserror::Error;

use crate::tape::TapeError;

/// An error that ended a comparison early. The message is one line with the location and the cause.
#[derive(Debug, Error)]
pub enum DiffError {
    /// A tape, or a file of answers, cannot be read to its end.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The file has an unsupported format.
    #[error(
        "`{file}` contains {found} data; answers are JSON lines, plain or compressed with gzip or zstd, or Parquet"
    )]
    Unsupported {
        /// The name of the file.
        file: String,
        /// The format that the first bytes indicate.
        found: &'static str,
    },
    /// A line is not a valid row, or not the row that was expected next.
    #[error("{place}{why}")]
    Row {
        /// The name of the answers, and the line of the row or the number of its record.
        place: String,
        /// The cause, with a leading colon or column number.
        why: String,
    },
    /// Two rows with the same number answer different records.
    #[error(
        "{place}: `{column}` of record {n} is `{found}`, but `{others}` in {other}: the answers belong to different tapes"
    )]
    DifferentRecords {
        /// The location of the row.
        place: String,
        /// The number of the record.
        n: u64,
        /// The column that differs.
        column: &'static str,
        /// The value in this row.
        found: String,
        /// The location of the other row.
        other: String,
        /// The value in the other row.
        others: String,
    },
    /// One side has fewer answers than the other.
    #[error(
        "{ended} ends after record {records}, but {longer} has more: the answers belong to different tapes"
    )]
    Ends {
        /// The name of the shorter side.
        ended: String,
        /// The last record of the shorter side; 0 if it has none.
        records: u64,
        /// The name of the longer side.
        longer: String,
    },
    /// The flips cannot be written.
    #[error("cannot write flips: {0}")]
    Write(io::Error),
    /// The threads cannot be started.
    #[error("cannot start {threads} threads: {error}; try `--threads 1`")]
    Threads {
        /// The number of worker threads.
        threads: usize,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The counts do not add up to the records read.
    #[error(
        "{compared} of {read} records were compared; this is a bug, please report it with the input"
    )]
    Miscounted {
        /// The number of records that were read and had to be compared.
        read: u64,
        /// The number of records that were counted.
        compared: u64,
    },
}
