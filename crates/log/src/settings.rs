//! Settings of a log.

use std::num::{NonZeroU32, NonZeroU64};

use portcullis::types::Timestamp;

/// When checkpoints are written, when files are sealed, and how many sealed files are kept. All times are in seconds of the
/// clock of the caller. A time is also reached if that clock went back by at least as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The number of rows after which a checkpoint is written.
    pub checkpoint_rows: NonZeroU32,
    /// The time after a checkpoint at which the next one is written, if there is a new row.
    pub checkpoint_sec: NonZeroU32,
    /// The size in bytes at which a file is sealed. The positions of the rows in the last file are kept in memory, about
    /// 100 bytes for each row.
    pub rotate_bytes: NonZeroU64,
    /// The time after the first row of a file at which the file is sealed.
    pub rotate_sec: NonZeroU32,
    /// The number of sealed files that are kept; `None` keeps all.
    pub retain_files: Option<NonZeroU32>,
    /// The time for which a file is kept after it was sealed; `None` keeps all. The last sealed file is always kept, and
    /// no file is removed if its time is after the current one.
    pub retain_sec: Option<NonZeroU32>,
}

/// Returns true if `seconds` have passed, forward or backward.
pub(crate) fn has_passed(since: Timestamp, now: Timestamp, seconds: NonZeroU32) -> bool {
    now.since(since).as_micros().unsigned_abs() >= micros(seconds)
}

/// Returns true if `seconds` have passed, and false if the clock went back.
pub(crate) fn is_older(since: Timestamp, now: Timestamp, seconds: NonZeroU32) -> bool {
    let age = now.since(since).as_micros();
    age > 0 && age.unsigned_abs() >= micros(seconds)
}

fn micros(seconds: NonZeroU32) -> u64 {
    u64::from(seconds.get()).saturating_mul(1_000_000)
}
