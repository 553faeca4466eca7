//! What can keep two sets of answers from being compared.

use std::io;

use thiserror::Error;

use super::Answers;
use crate::tape::TapeError;

/// Why a comparison ended early; one line that says where, and what is wrong there.
#[derive(Debug, Error)]
pub enum DiffError {
    /// A tape, or a file of answers, cannot be read to its end.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// A file of some other kind.
    #[error(
        "`{file}` holds {found} data: answers are JSON lines, plain or compressed with gzip or zstd, or Parquet"
    )]
    Unsupported {
        /// The file's name.
        file: String,
        /// What its first bytes say.
        found: &'static str,
    },
    /// A line is no row, or not the one that is due.
    #[error("{place}{why}")]
    Row {
        /// Where.
        place: String,
        /// What is wrong, behind a colon or a column.
        why: String,
    },
    /// Two rows of one number are about different records.
    #[error(
        "{place}: `{column}` of record {n} is `{found}`, and `{others}` in {other}: they are not answers to the same tape"
    )]
    Apart {
        /// Where.
        place: String,
        /// The number of the record.
        n: u64,
        /// The column that shows it.
        column: &'static str,
        /// What stands there.
        found: String,
        /// Where the other row stands.
        other: String,
        /// What stands in that.
        others: String,
    },
    /// One side has no answer to a record.
    #[error(
        "{ended} ends after record {records}, and {longer} goes on: they are not answers to the same tape"
    )]
    Ends {
        /// Which side.
        ended: String,
        /// Its last record; 0 where it has none.
        records: u64,
        /// The other side.
        longer: String,
    },
    /// Flips cannot be written.
    #[error("cannot write flips: {0}")]
    Write(io::Error),
    /// The counts do not add up to the records read.
    #[error(
        "{compared} of {read} records were compared: this is a bug, please report it with the input"
    )]
    Miscounted {
        /// Records read that were to be compared.
        read: u64,
        /// Records counted.
        compared: u64,
    },
}

impl DiffError {
    pub(super) fn ends(ended: &dyn Answers, records: u64, longer: &dyn Answers) -> Self {
        Self::Ends {
            ended: ended.name(),
            records,
            longer: longer.name(),
        }
    }
}
