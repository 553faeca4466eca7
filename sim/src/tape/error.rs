//! Errors of reading a tape.

use std::io;

use thiserror::Error;

/// Base-2 logarithm of the largest accepted zstd window in bytes. It limits the memory of the
/// decompressor.
pub(super) const WINDOW_LOG_MAX: u32 = 25;

/// An error that prevents a tape from being read to its end. The message is one line that names the tape and the next
/// step.
#[derive(Debug, Error)]
pub enum TapeError {
    /// The argument is neither an existing file nor a pattern.
    #[error(
        "no tape at `{argument}`: give a file, a quoted pattern such as `tapes/*.jsonl`, or `-` for standard input"
    )]
    Missing {
        /// The argument as passed by the caller.
        argument: String,
    },
    /// No file matches the pattern.
    #[error("no file matches `{pattern}`: check the folder and the file extension")]
    NoMatch {
        /// The pattern as passed by the caller.
        pattern: String,
    },
    /// The argument is not an existing file and is not a valid pattern.
    #[error("no tape at `{pattern}`, and it is not a valid pattern: {message}")]
    BadPattern {
        /// The argument as passed by the caller.
        pattern: String,
        /// The syntax error of the pattern.
        message: String,
    },
    /// The path is a directory.
    #[error(
        "`{path}` is a directory: give its files, for example with the quoted pattern `{path}/*.jsonl`"
    )]
    Directory {
        /// The path without a trailing separator.
        path: String,
    },
    /// Standard input is listed more than once.
    #[error("standard input (`-`) is given twice, but it can be read only once")]
    DuplicateStdin,
    /// The file has an unsupported format.
    #[error(
        "`{tape}` contains {found} data; a tape is JSON lines, plain or compressed with gzip or zstd, or Parquet"
    )]
    Unsupported {
        /// The name of the tape.
        tape: String,
        /// The format that the first bytes indicate.
        found: &'static str,
    },
    /// A Parquet tape can be read only in sequence, so its index at the end cannot be read first.
    #[error(
        "`{tape}` contains Parquet, which can be read only from a regular file or a server with range requests; save it \
         to a file and give that file"
    )]
    NoSeeking {
        /// The name of the tape.
        tape: String,
    },
    /// A Parquet tape cannot be read, or its columns are not fields of a record.
    #[error("`{tape}` cannot be read as Parquet: {why}")]
    Parquet {
        /// The name of the tape.
        tape: String,
        /// The cause of the error, as text.
        why: String,
    },
    /// The file cannot be opened.
    #[error("cannot open `{tape}`: {error}")]
    Open {
        /// The name of the tape.
        tape: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The data of a compressed tape is incomplete.
    #[error(
        "`{tape}` is cut off after line {line}: the compressed data is incomplete; copy the file again"
    )]
    Truncated {
        /// The name of the tape.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
    },
    /// A zstd tape needs more memory than is allowed.
    #[error(
        "`{tape}` cannot be read after line {line}: its zstd window is larger than 2^{} bytes; compress it again with `--long={}` or less",
        WINDOW_LOG_MAX,
        WINDOW_LOG_MAX
    )]
    Window {
        /// The name of the tape.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
    },
    /// The data of a compressed tape is corrupt.
    #[error("`{tape}` is damaged after line {line}: {error}")]
    Damaged {
        /// The name of the tape.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
        /// The error of the decompressor.
        error: io::Error,
    },
    /// The operating system reported a read error.
    #[error("cannot read `{tape}` after line {line}: {error}")]
    Read {
        /// The name of the tape.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Another thread stopped the reader.
    #[error("reading was stopped")]
    Stopped,
}
