//! What can be wrong with a tape as a whole.

use std::io;

use thiserror::Error;

use super::open::WINDOW_LOG_MAX;

/// Why a tape cannot be read, or not to its end. One line that names the tape and says what to do.
#[derive(Debug, Error)]
pub enum TapeError {
    /// No such file, and no pattern either.
    #[error(
        "no tape at `{argument}`: give a file, a quoted pattern such as `tapes/*.jsonl`, or `-` for standard input"
    )]
    Missing {
        /// As it was given.
        argument: String,
    },
    /// A pattern that no file matches.
    #[error("no file matches `{pattern}`: check the folder and the ending")]
    NoMatch {
        /// As it was given.
        pattern: String,
    },
    /// Glob characters that make no pattern, in a name that is no file's.
    #[error("no tape at `{pattern}`, and it is no pattern: {message}")]
    BadPattern {
        /// As it was given.
        pattern: String,
        /// What the pattern lacks.
        message: String,
    },
    /// A folder where a file should be.
    #[error("`{path}` is a directory: give its files, for example as `{path}/*.jsonl` in quotes")]
    Directory {
        /// Without a separator at its end.
        path: String,
    },
    /// Standard input has one end.
    #[error("standard input (`-`) is given twice: it can be read once")]
    StdinTwice,
    /// A file of some other kind.
    #[error(
        "`{tape}` holds {found} data: a tape is JSON lines, plain or compressed with gzip or zstd, or Parquet"
    )]
    Unsupported {
        /// The tape's name.
        tape: String,
        /// What its first bytes say.
        found: &'static str,
    },
    /// A Parquet tape whose index, at its end, cannot be reached.
    #[error("`{tape}` holds Parquet, whose index stands at its end: give it as a file")]
    NoSeeking {
        /// The tape's name.
        tape: String,
    },
    /// A Parquet tape that cannot be read, or whose columns are no record's.
    #[error("`{tape}` cannot be read as Parquet: {why}")]
    Parquet {
        /// The tape's name.
        tape: String,
        /// What is wrong.
        why: String,
    },
    /// The file does not open.
    #[error("cannot open `{tape}`: {error}")]
    Open {
        /// The tape's name.
        tape: String,
        /// What the system says.
        error: io::Error,
    },
    /// A compressed tape ends in the middle of its data.
    #[error(
        "`{tape}` is cut off after line {line}: the compressed data is incomplete, fetch it again"
    )]
    Truncated {
        /// The tape's name.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
    },
    /// A zstd tape takes more memory than a run may have.
    #[error(
        "`{tape}` cannot be read after line {line}: its zstd window is larger than 2^{} bytes, compress it again with `--long={}` or less",
        WINDOW_LOG_MAX,
        WINDOW_LOG_MAX
    )]
    Window {
        /// The tape's name.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
    },
    /// A compressed tape holds what no compressor wrote.
    #[error("`{tape}` is damaged after line {line}: {error}")]
    Damaged {
        /// The tape's name.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
        /// What the decompressor says.
        error: io::Error,
    },
    /// The system stopped delivering.
    #[error("cannot read `{tape}` after line {line}: {error}")]
    Read {
        /// The tape's name.
        tape: String,
        /// The last whole line that was read; 0 if there was none.
        line: u64,
        /// What the system says.
        error: io::Error,
    },
}
