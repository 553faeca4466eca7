//! Log files with one record per line.

use std::{io, path::Path};

use super::disk::{read_between, shown_name};
use crate::FieldMap;

/// The number of bytes that are first read to find the last lines. If the lines are longer, more bytes are read.
const WINDOW: u64 = 65_536;

/// The maximum number of bytes that are read to find the last two lines. A policy of the maximum size fits into a line.
const WINDOW_MAX: u64 = 256 * 1024 * 1024;

/// The maximum size of a log that is read whole, in bytes. A change of the store does not read the whole log.
const LOG_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Returns the records in the first `length` bytes of a file, and a text for each line that is not a record.
///
/// # Errors
/// Returns an error if the file cannot be read, or if it is too large to be read whole.
pub(super) fn read(path: &Path, length: u64) -> io::Result<(Vec<FieldMap>, Vec<String>)> {
    if length > LOG_BYTES_MAX {
        return Err(io::Error::other(format!(
            "`{}` is larger than {} MiB, the largest log that can be listed",
            shown_name(path),
            LOG_BYTES_MAX >> 20
        )));
    }
    let bytes = read_between(path, 0, length)?;
    let mut records = Vec::new();
    let mut unreadable = Vec::new();
    for (line, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1_u64..) {
        match record(line) {
            Some(record) => records.push(record),
            None if line.ends_with(b"\n") => {
                unreadable.push(format!("`{}`: line {number} is not a record", shown_name(path)));
            }
            None => unreadable.push(format!(
                "`{}` ends with an incomplete line: its {} bytes are ignored, and the next change removes them",
                shown_name(path),
                line.len()
            )),
        }
    }
    Ok((records, unreadable))
}

/// Returns the last record in the first `length` bytes of a file: its last line or, if that is not a record, the
/// previous line.
pub(super) fn last(path: &Path, length: u64) -> io::Result<Option<FieldMap>> {
    let bytes = end(path, length)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').rev();
    let last = lines.next().and_then(record);
    Ok(last.or_else(|| lines.next().and_then(record)))
}

/// The repair of a file whose last line is incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Torn {
    /// The line must be removed by truncating the file to this length in bytes.
    CutOff(u64),
    /// Only the newline is missing and must be appended.
    Unended,
}

/// Returns the repair that the end of a file needs, if it needs one.
pub(super) fn torn(path: &Path, length: u64) -> io::Result<Option<Torn>> {
    let bytes = end(path, length)?;
    let tail = bytes.rsplit(|byte| *byte == b'\n').next().unwrap_or(&bytes);
    if tail.is_empty() {
        return Ok(None);
    }
    let tail_length = u64::try_from(tail.len()).unwrap_or(u64::MAX);
    Ok(Some(match record(tail) {
        Some(_) => Torn::Unended,
        None => Torn::CutOff(length.saturating_sub(tail_length)),
    }))
}

/// Returns bytes that end at `length` and contain at least the last two complete lines.
fn end(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut window = WINDOW;
    loop {
        let begin = length.saturating_sub(window);
        let bytes = read_between(path, begin, length)?;
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        // The first line may lack its beginning, and the last line its end.
        if ends >= 3 || begin == 0 {
            return Ok(bytes);
        }
        if window >= WINDOW_MAX {
            return Err(io::Error::other(format!(
                "`{}` does not have three lines in its last {} MiB, so it is not a log of this store",
                shown_name(path),
                WINDOW_MAX >> 20
            )));
        }
        window = window.saturating_mul(16).min(WINDOW_MAX);
    }
}

fn record(line: &[u8]) -> Option<FieldMap> {
    FieldMap::from_json(str::from_utf8(line).ok()?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Returns a line with a filler of `bytes` bytes.
    fn line(name: &str, bytes: usize) -> String {
        format!(
            "{{\"name\":\"{name}\",\"filler\":\"{}\"}}\n",
            "x".repeat(bytes)
        )
    }

    /// Returns the name of the last record of a file, and the repair that the file needs.
    fn end_of(text: &str) -> (Option<String>, Option<Torn>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        // Bytes beyond the length are ignored.
        fs::write(&path, format!("{text}{}", line("behind", 0))).unwrap();
        let length = u64::try_from(text.len()).unwrap();
        let last = last(&path, length).unwrap();
        let name = last.map(|last| last.get("name").unwrap().to_owned());
        (name, torn(&path, length).unwrap())
    }

    #[track_caller]
    fn check(text: &str, last: Option<&str>, torn: Option<Torn>) {
        assert_eq!(end_of(text), (last.map(str::to_owned), torn));
    }

    fn cut_after(whole: &str) -> Option<Torn> {
        Some(Torn::CutOff(u64::try_from(whole.len()).unwrap()))
    }

    const HALF: &str = r#"{"name":"ha"#;

    #[test]
    fn the_end_of_a_short_log() {
        let (one, two) = (line("one", 0), line("two", 0));
        check("", None, None);
        check(&one, Some("one"), None);
        check(&format!("{one}{two}"), Some("two"), None);
        check(HALF, None, cut_after(""));
        check(&format!("{one}{HALF}"), Some("one"), cut_after(&one));
        check("nonsense\nnonsense\n", None, None);
        // Only the newline is missing.
        check(two.trim_end(), Some("two"), Some(Torn::Unended));
        let unended = format!("{one}{}", two.trim_end());
        check(&unended, Some("two"), Some(Torn::Unended));
    }

    #[test]
    fn the_end_of_a_log_that_is_longer_than_the_window() {
        let (one, two) = (line("one", 70_000), line("two", 40_000));
        check(&one, Some("one"), None);
        check(&format!("{one}{two}"), Some("two"), None);
        let short = line("one", 0) + &line("two", 0) + &line("three", 0);
        check(&format!("{one}{short}"), Some("three"), None);
        check(
            &format!("{one}{short}{HALF}"),
            Some("three"),
            cut_after(&format!("{one}{short}")),
        );
        // The line before the incomplete one begins before the window.
        check(
            &format!("{short}{one}{HALF}"),
            Some("one"),
            cut_after(&format!("{short}{one}")),
        );
        let torn = one.trim_end().trim_end_matches('}');
        check(&format!("{short}{torn}"), Some("three"), cut_after(&short));
    }

    #[test]
    fn the_end_of_a_line_is_not_a_line() {
        let record = line("tail", 65_536 - line("tail", 0).len());
        assert_eq!(record.len(), 65_536);
        check(&format!("x{record}"), None, None);
        check(&format!("{}x{record}", line("one", 0)), Some("one"), None);
    }
}
