//! The check of the lines of a log, in order.

mod checkpoints;

use std::io::{self, BufRead};

use portcullis_store::TrustedKeys;

use crate::{
    checkpoint::Checkpoint,
    digest::Digest,
    fault::Fault,
    line::{Line, RawLine, RowLine, next_line},
    position::StreamPosition,
    row::Row,
};

/// The maximum number of faults that are kept.
const FAULTS_MAX: usize = 1000;

/// The end of the rows that were read.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The number of the last row.
    pub(crate) rows: u64,
    /// The digest after the last row; `None` if it is unknown, because lines before it are missing.
    pub(crate) head: Option<Digest>,
    /// The stream position of the last row.
    pub(crate) position: Option<StreamPosition>,
    /// The last checkpoint.
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// The place of a file in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The last file, to which rows are appended. Its end may be incomplete.
    Open,
    /// Any other file. It ends with a checkpoint.
    Sealed,
}

/// The result of reading one file.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// The length of the lines before an incomplete end, in bytes.
    pub(crate) length: u64,
    /// The length of an incomplete end, in bytes.
    pub(crate) tail: u64,
    /// True if the begin of the file is complete.
    pub(crate) is_begun: bool,
}

/// The next part of a file that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    /// The last checkpoint of the previous file, with which every file except the first begins.
    Begin,
    Body,
}

/// Checks the lines of consecutive files.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    keys: &'a TrustedKeys,
    stored: Option<&'a Checkpoint>,
    pub(crate) chain: Chain,
    pub(crate) faults: Vec<Fault>,
    /// The number of all faults, also of those that are not kept.
    pub(crate) fault_count: u64,
    /// True if the file before the next one was read, so that the next one must follow from it.
    is_contiguous: bool,
    /// True if the last checkpoint had no fault, so that the next one must contain its digest.
    is_linked: bool,
    /// The number of the last checkpoint, also if it had a fault.
    checkpoints: u64,
    /// The number of the row after which the log begins.
    pub(crate) begin: Option<u64>,
    is_stored_found: bool,
    file: String,
    line: u64,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(keys: &'a TrustedKeys, stored: Option<&'a Checkpoint>) -> Self {
        Self {
            keys,
            stored,
            chain: Chain {
                rows: 0,
                head: Some(Digest::ZERO),
                position: None,
                checkpoint: None,
            },
            faults: Vec::new(),
            fault_count: 0,
            is_contiguous: false,
            is_linked: true,
            checkpoints: 0,
            begin: None,
            is_stored_found: false,
            file: String::new(),
            line: 0,
        }
    }

    /// Adds a fault.
    pub(crate) fn fault(&mut self, fault: Fault) {
        self.fault_count = self.fault_count.saturating_add(1);
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    fn unreadable(&mut self, why: impl Into<String>) {
        let (file, line, row) = (self.file.clone(), self.line, self.chain.rows);
        let why = why.into();
        self.fault(Fault::Unreadable {
            file,
            line,
            row,
            why,
        });
        // The line could have been a row or a checkpoint.
        self.chain.head = None;
        self.is_linked = false;
    }

    /// Records that files are missing before the next one.
    pub(crate) fn skip_files(&mut self, first: u64, last: u64) {
        let row = self.chain.rows;
        self.fault(Fault::MissingFiles { first, last, row });
        self.is_contiguous = false;
    }

    /// Reads and checks one file, and calls `visit` for each row that has its number and digest.
    ///
    /// # Errors
    /// Returns an error if a plain file cannot be read. A sealed file that cannot be read is a fault.
    pub(crate) fn file(
        &mut self,
        (name, number): (&str, u64),
        place: Place,
        mut from: impl BufRead,
        visit: &mut dyn FnMut(&Row<'_>),
    ) -> io::Result<Scanned> {
        name.clone_into(&mut self.file);
        self.line = 0;
        let mut scanned = Scanned::default();
        let mut part = Part::Header;
        let mut is_checkpoint_last = false;
        loop {
            self.line = self.line.saturating_add(1);
            let raw = match next_line(&mut from) {
                Ok(None) => break,
                Ok(Some(raw)) => raw,
                Err(error) if place == Place::Open => return Err(error),
                Err(error) => {
                    self.unreadable(format!("the file cannot be decompressed: {error}"));
                    break;
                }
            };
            let line = Line::parse(&raw.bytes);
            if place == Place::Open
                && is_torn(&raw, line.is_err())
                && let Some(rest) = torn_rest(&mut from)?
            {
                scanned.tail = raw.length.saturating_add(rest);
                break;
            }
            is_checkpoint_last = part == Part::Body && matches!(line, Ok(Line::Checkpoint(_)));
            part = if raw.is_ended {
                self.line(part, number, line, visit)
            } else {
                self.unreadable("the last line has no line feed");
                part
            };
            scanned.is_begun |= part == Part::Body;
            scanned.length = scanned.length.saturating_add(raw.length);
        }
        if place == Place::Sealed && !is_checkpoint_last {
            let (file, row) = (name.to_owned(), self.chain.rows);
            self.fault(Fault::NotSealed { file, row });
        }
        self.is_contiguous = true;
        Ok(scanned)
    }

    /// Checks one line, and returns the part that is expected next.
    fn line(
        &mut self,
        part: Part,
        number: u64,
        line: Result<Line<'_>, String>,
        visit: &mut dyn FnMut(&Row<'_>),
    ) -> Part {
        match (part, line) {
            (_, Err(why)) => {
                self.unreadable(why);
                Part::Body
            }
            (Part::Header, Ok(Line::File(header))) => {
                if header.file != number {
                    self.unreadable(format!("this is the header of file {}", header.file));
                }
                if number == 1 {
                    self.begin.get_or_insert(0);
                    return Part::Body;
                }
                Part::Begin
            }
            (Part::Begin, Ok(Line::Checkpoint(checkpoint))) => {
                self.begin(checkpoint);
                Part::Body
            }
            (Part::Body, Ok(Line::Row(row))) => {
                self.row(&row, visit);
                Part::Body
            }
            (Part::Body, Ok(Line::Checkpoint(checkpoint))) => {
                self.checkpoint(checkpoint);
                Part::Body
            }
            (Part::Header, Ok(_)) => {
                self.unreadable("the file does not begin with its header");
                Part::Body
            }
            (Part::Begin, Ok(_)) => {
                self.unreadable("the second line is not the last checkpoint of the previous file");
                Part::Body
            }
            (Part::Body, Ok(Line::File(_))) => {
                self.unreadable("there is a header in the middle of the file");
                Part::Body
            }
        }
    }

    fn row(&mut self, line: &RowLine<'_>, visit: &mut dyn FnMut(&Row<'_>)) {
        let (number, rows) = (line.row.row, self.chain.rows);
        let next = rows.saturating_add(1);
        let file = self.file.clone();
        if number < next {
            // The row was reported as missing, but it is only in another place.
            let is_it = |it: &Fault| matches!(it, Fault::MissingRows { first, last, .. } if (*first, *last) == (number, number));
            if let Some(place) = self.faults.iter().position(is_it) {
                self.faults.remove(place);
                self.fault_count = self.fault_count.saturating_sub(1);
            }
            let (row, after) = (number, rows);
            self.fault(Fault::OutOfOrder { file, row, after });
            return;
        }
        if number > next {
            let last = number.saturating_sub(1);
            self.fault(Fault::MissingRows {
                file,
                first: next,
                last,
            });
        } else if self.chain.head.is_some_and(|head| !line.follows(head)) {
            self.fault(Fault::Edited { file, row: number });
        }
        let position = line.row.position;
        if self.chain.position.is_some_and(|last| position <= last) {
            let file = self.file.clone();
            self.fault(Fault::PositionOutOfOrder {
                file,
                row: number,
                position,
            });
        }
        self.chain.rows = number;
        self.chain.head = Some(line.head);
        self.chain.position = Some(position);
        visit(&line.row);
    }
}

/// Returns true if a line may be the begin of an incomplete end: it has no line feed, or it is not a line of the log and
/// contains zero bytes, which the log never writes. After a power failure, a file can have zero bytes in places that
/// were not written.
fn is_torn(raw: &RawLine, is_unreadable: bool) -> bool {
    !raw.is_ended || is_unreadable && raw.bytes.contains(&0)
}

/// Reads the lines behind an incomplete one and returns their length. Returns `None` if one of them is a checkpoint,
/// because a checkpoint is written only after all rows before it are durable.
fn torn_rest(from: &mut impl BufRead) -> io::Result<Option<u64>> {
    let (mut length, mut has_checkpoint) = (0_u64, false);
    while let Some(raw) = next_line(from)? {
        length = length.saturating_add(raw.length);
        has_checkpoint |=
            raw.is_ended && matches!(Line::parse(&raw.bytes), Ok(Line::Checkpoint(_)));
    }
    Ok((!has_checkpoint).then_some(length))
}
