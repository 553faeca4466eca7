//! Tests of the log: laws about changed files, interrupted writes, repeated entries, rotation and retention, bad input, and
//! the program in the documentation.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and reads files"
)]

mod bad_input;
mod concurrent;
mod cuts;
mod documentation;
mod entries;
mod laws;
mod rotation;
mod stored;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use portcullis_log::{Appended, DecisionLog, LogError};

use support::{at, with_entries};

/// Appends the entries with the numbers `first` to `last`.
pub(crate) fn append(
    log: &mut DecisionLog,
    first: u64,
    last: u64,
    seconds: i64,
) -> Result<Appended, LogError> {
    with_entries(first..=last, |entries| log.append(entries, at(seconds)))
}

/// Writes a log of `rows` rows, one row per second, and returns its checkpoints.
pub(crate) fn write(
    directory: &Path,
    settings: portcullis_log::Settings,
    rows: u64,
) -> Vec<portcullis_log::Checkpoint> {
    let mut log = DecisionLog::open(directory, support::signer(), settings).unwrap();
    let mut checkpoints = Vec::new();
    for row in 1..=rows {
        let seconds = i64::try_from(row).unwrap();
        checkpoints.extend(append(&mut log, row, row, seconds).unwrap().checkpoints);
    }
    checkpoints
}
