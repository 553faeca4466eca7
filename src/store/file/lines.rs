//! Records, a line each.

use std::{io, path::Path};

use super::disk::{read_between, shown_name};
use crate::store::Record;

/// How much is read to find the last lines; where they are longer, all is.
const WINDOW: u64 = 65_536;

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

/// The last record in the first `length` bytes of a file: its last line, or, where that is none, the one before it.
pub(super) fn last(path: &Path, length: u64) -> io::Result<Option<Record>> {
    let bytes = end(path, length)?;
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').rev();
    let last = lines.next().and_then(record);
    Ok(last.or_else(|| lines.next().and_then(record)))
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

/// The last two lines in the first `length` bytes of a file, whole, and what else was read with them.
fn end(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let bytes = read_between(path, length.saturating_sub(WINDOW), length)?;
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    // The first line may lack its beginning, and the last its end.
    if ends >= 3 {
        return Ok(bytes);
    }
    read_between(path, 0, length)
}

fn record(line: &[u8]) -> Option<Record> {
    Record::from_json(str::from_utf8(line).ok()?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A line of about so many bytes.
    fn line(name: &str, bytes: usize) -> String {
        format!(
            "{{\"name\":\"{name}\",\"filler\":\"{}\"}}\n",
            "x".repeat(bytes)
        )
    }

    /// The name of the last record of a file, and what is torn of it.
    fn end_of(text: &str) -> (Option<String>, Option<Torn>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        // What is behind the length does not count.
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
        // All of it is there but its end.
        check(two.trim_end(), Some("two"), Some(Torn::Unended));
        let unended = format!("{one}{}", two.trim_end());
        check(&unended, Some("two"), Some(Torn::Unended));
    }

    #[test]
    fn the_end_of_a_log_that_is_longer_than_what_is_read_of_it() {
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
        // The line before the torn one begins before what is read.
        check(
            &format!("{short}{one}{HALF}"),
            Some("one"),
            cut_after(&format!("{short}{one}")),
        );
        let torn = one.trim_end().trim_end_matches('}');
        check(&format!("{short}{torn}"), Some("three"), cut_after(&short));
    }

    #[test]
    fn the_end_of_a_line_is_no_line() {
        let record = line("tail", 65_536 - line("tail", 0).len());
        assert_eq!(record.len(), 65_536);
        check(&format!("x{record}"), None, None);
        check(&format!("{}x{record}", line("one", 0)), Some("one"), None);
    }
}
