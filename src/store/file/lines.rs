//! Records, a line each.

use std::{io, path::Path};

use super::disk::{read_between, shown_name};
use crate::store::Record;

/// How much is read at once to find the last line.
const WINDOW: u64 = 64 * 1024;

/// What stands in the first `length` bytes of a file: the records, and what is none, a line each.
pub(super) fn read(path: &Path, length: u64) -> io::Result<(Vec<Record>, Vec<String>)> {
    let bytes = read_between(path, 0, length)?;
    let mut records = Vec::new();
    let mut unreadable = Vec::new();
    for (line, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1_u64..) {
        match record(line) {
            Some(record) => records.push(record),
            None if line.ends_with(b"\n") => {
                unreadable.push(format!("`{}`: line {number} is no record", shown_name(path)));
            }
            None => unreadable.push(format!(
                "`{}` ends in the middle of a line: {} bytes are not counted, and are cut off before the next step",
                shown_name(path),
                line.len()
            )),
        }
    }
    Ok((records, unreadable))
}

/// The last record in the first `length` bytes of a file, if its last line is one.
pub(super) fn last(path: &Path, length: u64) -> io::Result<Option<Record>> {
    let mut window = WINDOW;
    loop {
        let start = length.saturating_sub(window);
        let bytes = read_between(path, start, length)?;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').rev();
        let last = lines.next();
        // The last line is whole if another stands before it, or the file begins with it.
        let whole = start == 0 || lines.next().is_some();
        match last.and_then(record) {
            Some(record) if whole => return Ok(Some(record)),
            // A tail that is no record: the one before it is the last.
            None if start == 0 => return Ok(lines.next().and_then(record)),
            Some(_) | None => {}
        }
        if start == 0 {
            return Ok(None);
        }
        window = window.saturating_mul(8);
    }
}

/// What must happen to a file whose last line was cut short: it is cut off, or, where all but its end is there,
/// ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Torn {
    /// To be cut off, at this length.
    CutOff(u64),
    /// To be ended.
    Unended,
}

/// Looks at the end of a file.
pub(super) fn torn(path: &Path, length: u64) -> io::Result<Option<Torn>> {
    let mut window = WINDOW;
    loop {
        let start = length.saturating_sub(window);
        let bytes = read_between(path, start, length)?;
        let Some(tail) = bytes.rsplit(|byte| *byte == b'\n').next() else {
            return Ok(None);
        };
        if tail.is_empty() {
            return Ok(None);
        }
        if tail.len() < bytes.len() || start == 0 {
            let tail_length = u64::try_from(tail.len()).unwrap_or(u64::MAX);
            return Ok(Some(match record(tail) {
                Some(_) => Torn::Unended,
                None => Torn::CutOff(length.saturating_sub(tail_length)),
            }));
        }
        window = window.saturating_mul(8);
    }
}

fn record(line: &[u8]) -> Option<Record> {
    Record::from_json(str::from_utf8(line).ok()?)
}
