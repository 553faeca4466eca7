//! Faults of a log, and what an interrupted write leaves.

use std::fmt;

use thiserror::Error;

use crate::position::StreamPosition;

/// A fault in a log. Each contains the file and the row or the checkpoint, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// A part of a file cannot be read.
    #[error("`{file}`, line {line}, after row {row}: {why}")]
    Unreadable {
        /// The name of the file.
        file: String,
        /// The number of the line, counted from 1.
        line: u64,
        /// The number of the last row before it.
        row: u64,
        /// The reason.
        why: String,
    },
    /// A row does not follow from the digest of the previous row.
    #[error("`{file}`: row {row} does not have its digest; this row or the digest of row {} was edited", row.saturating_sub(1))]
    Edited {
        /// The name of the file.
        file: String,
        /// The number of the row.
        row: u64,
    },
    /// Rows are missing.
    #[error("`{file}`: {}", missing("row", *.first, *.last))]
    MissingRows {
        /// The name of the file in which the loss was found.
        file: String,
        /// The number of the first missing row.
        first: u64,
        /// The number of the last missing row.
        last: u64,
    },
    /// A row is behind a later row, or occurs more than once.
    #[error("`{file}`: row {row} is out of order: it is behind row {after}")]
    OutOfOrder {
        /// The name of the file.
        file: String,
        /// The number of the row.
        row: u64,
        /// The highest number of a row before it.
        after: u64,
    },
    /// The stream position of a row is not after that of the previous row.
    #[error(
        "`{file}`: the stream position {position} of row {row} is not after that of the previous row"
    )]
    PositionOutOfOrder {
        /// The name of the file.
        file: String,
        /// The number of the row.
        row: u64,
        /// The position of the row.
        position: StreamPosition,
    },
    /// Files are missing between other files.
    #[error("{}; {} after row {row}", missing("file", *.first, *.last), if first == last { "it begins" } else { "they begin" })]
    MissingFiles {
        /// The number of the first missing file.
        first: u64,
        /// The number of the last missing file.
        last: u64,
        /// The number of the last row before them.
        row: u64,
    },
    /// A file that must be sealed is not, or does not end with a checkpoint.
    #[error(
        "`{file}` is not complete: it is not sealed, or has no checkpoint at its end, after row {row}"
    )]
    NotSealed {
        /// The name of the file.
        file: String,
        /// The number of its last row.
        row: u64,
    },
    /// A file exists in both forms, with different content.
    #[error("`{file}` and its sealed form differ")]
    FormsDiffer {
        /// The name of the file.
        file: String,
    },
    /// The begin of a file is not the last checkpoint of the previous file.
    #[error(
        "`{file}` does not begin with the last checkpoint of the previous file, which is for row {row}"
    )]
    WrongBegin {
        /// The name of the file.
        file: String,
        /// The number of the last row of the previous file.
        row: u64,
    },
    /// Checkpoints are missing.
    #[error("`{file}`: {}, between row {after} and row {row}", missing("checkpoint", *.first, *.last))]
    MissingCheckpoints {
        /// The name of the file in which the loss was found.
        file: String,
        /// The number of the first missing checkpoint.
        first: u64,
        /// The number of the last missing checkpoint.
        last: u64,
        /// The number of the row of the checkpoint before them.
        after: u64,
        /// The number of the row of the checkpoint after them or, at the end of the log, of the stored checkpoint.
        row: u64,
    },
    /// A checkpoint is behind a later checkpoint, or not directly after its row.
    #[error("`{file}`: checkpoint {checkpoint} is out of order: it is behind row {row}")]
    CheckpointOutOfOrder {
        /// The name of the file.
        file: String,
        /// The number of the checkpoint.
        checkpoint: u64,
        /// The number of the last row before it.
        row: u64,
    },
    /// A checkpoint does not contain the digest of the previous checkpoint.
    #[error("`{file}`: checkpoint {checkpoint}, after row {row}, does not follow from checkpoint {}; one of the two was edited",
        checkpoint.saturating_sub(1))]
    EditedCheckpoint {
        /// The name of the file.
        file: String,
        /// The number of the checkpoint.
        checkpoint: u64,
        /// The number of the last row before it.
        row: u64,
    },
    /// No trusted key signed a checkpoint.
    #[error(
        "`{file}`: no trusted key signed checkpoint {checkpoint}, after row {row}; it was edited, or another key is needed"
    )]
    Signature {
        /// The name of the file.
        file: String,
        /// The expected number of the checkpoint.
        checkpoint: u64,
        /// The number of the last row before it.
        row: u64,
    },
    /// The head of a checkpoint is not that of the rows before it.
    #[error(
        "`{file}`: rows {first} to {last} are not those for which checkpoint {checkpoint} was signed; at least one was edited"
    )]
    Rewritten {
        /// The name of the file.
        file: String,
        /// The number of the checkpoint.
        checkpoint: u64,
        /// The number of the first row after the previous checkpoint.
        first: u64,
        /// The number of the row of the checkpoint.
        last: u64,
    },
    /// The log ends before the stored checkpoint.
    #[error("the log is truncated: {}; the stored checkpoint is for row {last}", missing("row", *.first, *.last))]
    Truncated {
        /// The number of the first missing row.
        first: u64,
        /// The number of the row of the stored checkpoint.
        last: u64,
    },
    /// The log does not contain the stored checkpoint.
    #[error(
        "the stored checkpoint {checkpoint} for row {row} is not that of the log; the log or the stored checkpoint was replaced"
    )]
    StoredDiffers {
        /// The number of the stored checkpoint.
        checkpoint: u64,
        /// The number of its row.
        row: u64,
    },
    /// The log begins after the stored checkpoint, so they cannot be compared.
    #[error(
        "the stored checkpoint {checkpoint} for row {row} is older than the log, which begins after row {begin}; use the last stored checkpoint"
    )]
    StoredTooOld {
        /// The number of the stored checkpoint.
        checkpoint: u64,
        /// The number of its row.
        row: u64,
        /// The number of the last row before the log.
        begin: u64,
    },
    /// No trusted key signed the stored checkpoint.
    #[error("no trusted key signed the stored checkpoint {checkpoint} for row {row}")]
    StoredSignature {
        /// The number of the stored checkpoint.
        checkpoint: u64,
        /// The number of its row.
        row: u64,
    },
}

fn missing(kind: &str, first: u64, last: u64) -> String {
    if first == last {
        format!("{kind} {first} is missing")
    } else {
        format!("{kind}s {first} to {last} are missing")
    }
}

/// An incomplete write in a log, for example after a crash. It is not a fault, and opening the log removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leftover {
    /// The last line is incomplete, or the end of the file has zero bytes, as after a power failure.
    Tail {
        /// The name of the file.
        file: String,
        /// The number of the last complete row.
        row: u64,
        /// The number of bytes after the last complete line.
        bytes: u64,
    },
    /// A file without a complete begin.
    Begin {
        /// The name of the file.
        file: String,
    },
    /// The plain form of a file that is already sealed.
    Plain {
        /// The name of the file.
        file: String,
    },
    /// A sealed file that was not complete.
    Unfinished {
        /// The name of the file.
        file: String,
    },
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tail { file, row, bytes } => {
                write!(
                    f,
                    "`{file}`: {bytes} bytes of an interrupted write after row {row}"
                )
            }
            Self::Begin { file } => write!(f, "`{file}`: a file without a complete begin"),
            Self::Plain { file } => write!(f, "`{file}`: the plain form of a sealed file"),
            Self::Unfinished { file } => write!(f, "`{file}`: an unfinished sealed file"),
        }
    }
}
