//! The error of a proof.

use std::{io, path::PathBuf};

use thiserror::Error;

/// An error that prevents the examination of a tree.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The path does not exist or cannot be accessed.
    #[error("`{}`: {error}", path.display())]
    Path {
        /// The path that was passed to [`prove`](crate::prove).
        path: PathBuf,
        /// The I/O error.
        error: io::Error,
    },
    /// The path contains no file to examine.
    #[error("`{}` contains no file to examine ({left_out} excluded, {others} of other types)", path.display())]
    NoFile {
        /// The path that was passed to [`prove`](crate::prove).
        path: PathBuf,
        /// The number of excluded files and directories below the path.
        left_out: usize,
        /// The number of files below the path whose type is not examined.
        others: u64,
    },
    /// No path was given.
    #[error("no path to examine")]
    NoPath,
    /// The names that the checks look for are invalid.
    #[error("invalid names for the checks: {0}")]
    Vocabulary(String),
    /// A worker thread could not be started.
    #[error("cannot start a worker thread: {0}")]
    Thread(io::Error),
}
