//! Crash tests on a disk that fails at every byte.

use std::path::Path;

use portcullis_store::TrustedKeys;

use crate::{
    Appended, Checkpoint, DecisionLog, LogError, Settings, Verification, disk::Disk, verify,
};

#[path = "../tests/support/mod.rs"]
mod support;

use support::{
    Content, answer, answers, at, content, directory, keys, position, restore, settings, signer,
    with_entries,
};

/// How a process continues after a write that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// The process ends. Another one opens the log.
    Crash,
    /// The disk is full for one append. Files can be truncated and removed meanwhile.
    FullDisk,
    /// No operation succeeds for one append.
    FailingDisk,
}

/// One append.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The rows that are in the log before the append.
    before: u64,
    /// The rows of the append.
    rows: u64,
    /// The time in seconds.
    seconds: i64,
}

fn append(
    log: &mut DecisionLog,
    first: u64,
    last: u64,
    seconds: i64,
) -> Result<Appended, LogError> {
    with_entries(first..=last, |entries| log.append(entries, at(seconds)))
}

#[track_caller]
fn check(directory: &Path, keys: &TrustedKeys, stored: Option<&Checkpoint>) -> Verification {
    let verification = verify(directory, keys, stored).unwrap();
    assert_eq!(verification.faults, []);
    assert_eq!(verification.foreign, [""; 0]);
    verification
}

/// Checks what a failed append left, and continues the log by appending two more entries.
#[track_caller]
fn check_and_continue(
    path: &Path,
    log: Option<DecisionLog>,
    (settings, step): (Settings, Step),
    mut stored: Option<Checkpoint>,
    keys: &TrustedKeys,
) {
    let last = step.before + step.rows;
    // What is on the disk verifies before it is repaired, up to the last checkpoint that the caller knows.
    let seen = check(path, &TrustedKeys::none(), stored.as_ref());
    assert!(seen.rows >= step.before);
    let mut log = log.unwrap_or_else(|| DecisionLog::open(path, signer(), settings).unwrap());
    log.disk().repair();
    let rows = log.rows();
    assert!((step.before..=last).contains(&rows));
    let known = (rows > 0).then(|| position(rows));
    assert_eq!(log.last_position(), known);
    stored = log.last_checkpoint().cloned().or(stored);
    // Some entries are read again.
    let again = rows.clamp(1, step.before + 1);
    let mut appended = append(&mut log, again, last + 2, step.seconds).unwrap();
    assert_eq!(appended.written, last + 2 - rows);
    stored = appended.checkpoints.pop().or(stored);
    drop(log);
    let seen = check(path, keys, stored.as_ref());
    assert_eq!((seen.rows, &*seen.leftovers), (last + 2, &[][..]));
    let kept: Vec<String> = (seen.removed_rows + 1..=last + 2).map(answer).collect();
    assert_eq!(answers(path), kept);
}

/// Repeats an append on disks that fail after more and more bytes and operations, until it succeeds, and continues the
/// log each time. Returns the number of failures.
fn at_every_byte(settings: Settings, step: Step, after: After) -> usize {
    let directory = directory();
    let path = directory.path();
    let mut log = DecisionLog::open(path, signer(), settings).unwrap();
    let mut known = None;
    for row in 1..=step.before {
        known = append(&mut log, row, row, 0)
            .unwrap()
            .checkpoints
            .pop()
            .or(known);
    }
    drop(log);
    let begin: Content = content(path);
    let last = step.before + step.rows;
    let (all, none) = (keys(), TrustedKeys::none());
    let stride = if after == After::Crash { 1 } else { 5 };
    for left in (0..).step_by(stride) {
        restore(path, &begin);
        let disk = match after {
            After::Crash | After::FailingDisk => Disk::failing_after(left),
            After::FullDisk => Disk::full_after(left),
        };
        let keys = if left % 128 == 0 { &all } else { &none };
        let mut log = match DecisionLog::open_on(path, signer(), settings, disk) {
            Ok(log) => log,
            Err(LogError::Io { .. }) => {
                check_and_continue(path, None, (settings, step), known.clone(), keys);
                continue;
            }
            Err(error) => panic!("{left}: {error}"),
        };
        let result = append(&mut log, step.before + 1, last, step.seconds);
        let is_done = result.is_ok();
        let mut stored = known.clone();
        if let Ok(mut appended) = result {
            assert_eq!(appended.written, step.rows);
            stored = appended.checkpoints.pop().or(stored);
        }
        let log = match after {
            After::Crash => {
                drop(log);
                None
            }
            After::FullDisk | After::FailingDisk => Some(log),
        };
        if is_done {
            let done = Step {
                before: last,
                rows: 0,
                ..step
            };
            check_and_continue(path, log, (settings, done), stored, &all);
            return left;
        }
        check_and_continue(path, log, (settings, step), stored, keys);
    }
    0
}

/// Steps that append to a new file, append a row, write a checkpoint between rows, seal a file, seal a file and remove
/// another one, and write a checkpoint and seal a file only because of the time.
const STEPS: [(u64, u64, i64); 7] = [
    (0, 2, 0),
    (1, 1, 0),
    (2, 2, 0),
    (3, 3, 0),
    (11, 3, 0),
    (2, 0, 61),
    (2, 0, 3700),
];

fn at_every_step(after: After, bytes_min: usize) {
    let settings = Settings {
        retain_files: std::num::NonZeroU32::new(1),
        ..settings(3, 1200)
    };
    let mut count = 0;
    for (before, rows, seconds) in STEPS {
        let step = Step {
            before,
            rows,
            seconds,
        };
        count += at_every_byte(settings, step, after);
    }
    assert!(count > bytes_min, "{count}");
}

/// Planted bugs: an incomplete end is not removed; the plain form of a file is removed before it is sealed; a file with a
/// header but without the last checkpoint is continued.
#[test]
fn a_crash_at_any_byte_loses_no_row() {
    at_every_step(After::Crash, 5000);
}

/// Planted bugs: a line that was written in part stays; the plain form of a file is removed before it is sealed.
#[test]
fn a_full_disk_is_an_error_and_the_log_continues() {
    at_every_step(After::FullDisk, 5000);
}

#[test]
fn a_failing_disk_is_an_error_and_the_log_continues() {
    at_every_step(After::FailingDisk, 5000);
}
