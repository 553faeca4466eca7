//! Lines of a log file.

use std::{
    io::{self, BufRead},
    str,
};

use serde::{Deserialize, Serialize};

use crate::{
    checkpoint::Checkpoint,
    digest::{Digest, DigestError},
    json::{self, Format},
    row::{ANSWER_BYTES_MAX, Row},
};

/// The maximum length of a line, in bytes, with the fields of a row other than the answer.
const LINE_BYTES_MAX: usize = ANSWER_BYTES_MAX + 4096;

/// The first line of a file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileHeader {
    format: Format,
    /// The number of the file, counted from 1.
    pub(crate) file: u64,
}

/// A row with the digest that is written before it.
#[derive(Debug)]
pub(crate) struct RowLine<'a> {
    pub(crate) row: Row<'a>,
    /// The written digest of the chain after this row.
    pub(crate) head: Digest,
    bytes: &'a [u8],
}

impl RowLine<'_> {
    /// Returns true if the written digest is that of the previous digest and this row.
    pub(crate) fn follows(&self, previous: Digest) -> bool {
        previous.then(self.bytes) == self.head
    }
}

/// One line of a file.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    File(FileHeader),
    Row(RowLine<'a>),
    Checkpoint(Checkpoint),
}

impl<'a> Line<'a> {
    /// Parses a line without its line feed.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.len() > LINE_BYTES_MAX {
            return Err(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
        }
        let text = str::from_utf8(bytes).map_err(|_| "the line is not UTF-8".to_owned())?;
        if let Some(header) = text.strip_prefix("file ") {
            return json::read(header).map(Self::File);
        }
        if let Some(row) = text.strip_prefix("row ") {
            return Self::row(row).map(Self::Row);
        }
        if text.starts_with("checkpoint ") {
            let parsed: Checkpoint = text
                .parse()
                .map_err(|error: crate::checkpoint::CheckpointError| error.to_string())?;
            return Ok(Self::Checkpoint(parsed));
        }
        Err("the line does not begin with `file`, `row` or `checkpoint`".to_owned())
    }

    fn row(text: &'a str) -> Result<RowLine<'a>, String> {
        let (head, row) = text
            .split_once(' ')
            .ok_or("the row has no digest and JSON")?;
        let head = head
            .parse()
            .map_err(|error: DigestError| format!("the digest of the row is {error}"))?;
        let bytes = row.as_bytes();
        let row: Row<'a> = json::read(row)?;
        row.check()?;
        Ok(RowLine { row, head, bytes })
    }
}

/// Returns the first line of a file, with its line feed.
pub(crate) fn header_line(file: u64) -> String {
    let header = FileHeader {
        format: Format,
        file,
    };
    format!("file {}\n", json::write(&header))
}

/// Returns the line of a row, with its line feed, and the digest of the chain after the row.
pub(crate) fn row_line(row: &Row<'_>, previous: Digest) -> (String, Digest) {
    let text = json::write(row);
    let head = previous.then(text.as_bytes());
    (format!("row {head} {text}\n"), head)
}

/// The bytes of one line of a file.
#[derive(Debug)]
pub(crate) struct RawLine {
    /// The bytes without the line feed. Of a line that is too long, only its beginning.
    pub(crate) bytes: Vec<u8>,
    /// True if the line ends with a line feed.
    pub(crate) is_ended: bool,
    /// The length in the file, with the line feed.
    pub(crate) length: u64,
}

/// Reads the next line; `None` at the end. At most [`LINE_BYTES_MAX`] bytes and one are kept in memory.
pub(crate) fn next_line(from: &mut impl BufRead) -> io::Result<Option<RawLine>> {
    let mut line = RawLine {
        bytes: Vec::new(),
        is_ended: false,
        length: 0,
    };
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok((line.length > 0).then_some(line));
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (part, used) = match end {
            Some(end) => (buffer.get(..end).unwrap_or_default(), end.saturating_add(1)),
            None => (buffer, buffer.len()),
        };
        let room = (LINE_BYTES_MAX + 1).saturating_sub(line.bytes.len());
        line.bytes
            .extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        line.length = line
            .length
            .saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        from.consume(used);
        if end.is_some() {
            line.is_ended = true;
            return Ok(Some(line));
        }
    }
}
