//! The state of a log when it is opened, and the repair of what an interrupted write left.

use std::{collections::VecDeque, path::Path};

use portcullis::types::Timestamp;
use portcullis_store::TrustedKeys;

use crate::{
    answers::Answers,
    checkpoint::Checkpoint,
    digest::Digest,
    disk::Disk,
    error::LogError,
    fault::{Fault, Leftover},
    files::{Forms, Listing, is_same, open_plain, open_sealed, plain_name, sealed_name},
    line::{Line, next_line},
    position::StreamPosition,
    row::Row,
    scan::{Chain, Place, Scanned, Scanner},
};

/// The end of the log that is on the disk.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// The number of the last row.
    pub(crate) rows: u64,
    /// The digest after the last row.
    pub(crate) head: Digest,
    /// The stream position of the last row.
    pub(crate) position: Option<StreamPosition>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

impl End {
    /// Returns the number of the row of the last checkpoint.
    pub(crate) fn signed_rows(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, Checkpoint::row)
    }
}

/// The file to which rows are appended.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) number: u64,
    /// The length of the lines that are on the disk, in bytes.
    pub(crate) length: u64,
    /// The time of the first row.
    pub(crate) since: Option<Timestamp>,
}

/// A sealed file.
#[derive(Debug)]
pub(crate) struct SealedFile {
    pub(crate) number: u64,
    /// The time of its last checkpoint; `None` if it is not known.
    pub(crate) ended_at: Option<Timestamp>,
}

/// The state of a log.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) end: End,
    pub(crate) file: Option<OpenFile>,
    /// The number of the next file that is created.
    pub(crate) next_file: u64,
    pub(crate) answers: Answers,
    /// The sealed files, oldest first.
    pub(crate) sealed: VecDeque<SealedFile>,
    pub(crate) repairs: Vec<Leftover>,
}

/// Reads the last file of a log and repairs its end. The caller must hold the lock.
pub(crate) fn load(directory: &Path, disk: &Disk) -> Result<Loaded, LogError> {
    let mut listing = Listing::of(directory)?;
    let mut repairs = remove_copies(directory, disk, &mut listing)?;
    let last = listing.files.keys().next_back().copied();
    let is_misplaced = |(number, forms): &(&u64, &Forms)| forms.is_plain && Some(**number) != last;
    if let Some((number, _)) = listing.files.iter().find(is_misplaced) {
        // A file is sealed before the next one is created.
        let row = Read::file(directory, *number, Place::Open)?.end()?.rows;
        let file = plain_name(*number);
        return Err(LogError::Damaged(Fault::NotSealed { file, row }));
    }
    let mut read = Read::default();
    let mut open = None;
    if let Some((number, Forms { is_plain: true, .. })) = listing.files.last_key_value() {
        let number = *number;
        read = Read::file(directory, number, Place::Open)?;
        if read.scanned.is_begun {
            repairs.extend(repair_tail(directory, disk, number, &read)?);
            let (length, since) = (read.scanned.length, read.since);
            open = Some(OpenFile {
                number,
                length,
                since,
            });
        } else {
            repairs.push(remove_begin(directory, disk, &listing, number)?);
            listing.files.remove(&number);
        }
    }
    let mut next_file = open
        .as_ref()
        .map_or(1, |file| file.number.saturating_add(1));
    if let (None, Some((number, _))) = (&open, listing.files.last_key_value()) {
        next_file = number.saturating_add(1);
        read = Read::file(directory, *number, Place::Sealed)?;
    }
    let end = read.end()?;
    let sealed = sealed_files(directory, &listing, end.checkpoint.as_ref());
    Ok(Loaded {
        end,
        file: open,
        next_file,
        answers: read.answers,
        sealed,
        repairs,
    })
}

/// The content of the last file.
#[derive(Debug, Default)]
struct Read {
    scanned: Scanned,
    /// The end after the file; `None` if there is no file.
    chain: Option<Chain>,
    answers: Answers,
    since: Option<Timestamp>,
}

impl Read {
    /// Reads a file. A fault is an error.
    fn file(directory: &Path, number: u64, place: Place) -> Result<Self, LogError> {
        let keys = TrustedKeys::none();
        let mut scanner = Scanner::new(&keys, None);
        let (mut answers, mut since) = (Answers::default(), None);
        let mut visit = |row: &Row<'_>| {
            answers.add(row);
            since.get_or_insert(row.written_at);
        };
        let name = match place {
            Place::Open => plain_name(number),
            Place::Sealed => sealed_name(number),
        };
        let path = directory.join(&name);
        let named = (name.as_str(), number);
        let scanned = match place {
            Place::Open => {
                open_plain(&path).and_then(|from| scanner.file(named, place, from, &mut visit))
            }
            Place::Sealed => {
                open_sealed(&path).and_then(|from| scanner.file(named, place, from, &mut visit))
            }
        };
        let scanned = scanned.map_err(|error| LogError::io(&path, &error))?;
        match scanner.faults.into_iter().next() {
            Some(fault) => Err(LogError::Damaged(fault)),
            None => Ok(Self {
                scanned,
                chain: Some(scanner.chain),
                answers,
                since,
            }),
        }
    }

    fn end(&self) -> Result<End, LogError> {
        let Some(chain) = &self.chain else {
            return Ok(End {
                rows: 0,
                head: Digest::ZERO,
                position: None,
                checkpoint: None,
            });
        };
        let Chain {
            rows,
            position,
            checkpoint,
            ..
        } = chain.clone();
        match chain.head {
            Some(head) => Ok(End {
                rows,
                head,
                position,
                checkpoint,
            }),
            // Without a fault, the head is known.
            None => Err(LogError::Damaged(Fault::MissingRows {
                file: String::new(),
                first: rows,
                last: rows,
            })),
        }
    }
}

/// Removes unfinished sealed files, and the plain form of each file that is already sealed.
fn remove_copies(
    directory: &Path,
    disk: &Disk,
    listing: &mut Listing,
) -> Result<Vec<Leftover>, LogError> {
    let mut repairs = Vec::new();
    for file in &listing.unfinished {
        remove(directory, disk, file)?;
        repairs.push(Leftover::Unfinished { file: file.clone() });
    }
    for (number, forms) in &mut listing.files {
        if !(forms.is_plain && forms.is_sealed) {
            continue;
        }
        let file = plain_name(*number);
        let (plain, sealed) = (directory.join(&file), directory.join(sealed_name(*number)));
        let one = open_plain(&plain).map_err(|error| LogError::io(&plain, &error))?;
        let other = open_sealed(&sealed).map_err(|error| LogError::io(&sealed, &error))?;
        if !is_same(one, other).unwrap_or(false) {
            return Err(LogError::Damaged(Fault::FormsDiffer { file }));
        }
        // The rename of the sealed form must be durable before the plain form is removed.
        sync(directory, disk)?;
        remove(directory, disk, &file)?;
        forms.is_plain = false;
        repairs.push(Leftover::Plain { file });
    }
    Ok(repairs)
}

/// Removes the incomplete end of a file, and makes the rest durable, because the process that wrote it may have ended
/// before that.
fn repair_tail(
    directory: &Path,
    disk: &Disk,
    number: u64,
    read: &Read,
) -> Result<Option<Leftover>, LogError> {
    let file = plain_name(number);
    let path = directory.join(&file);
    let (length, bytes) = (read.scanned.length, read.scanned.tail);
    let repaired = if bytes > 0 {
        disk.truncate(&path, length)
    } else {
        disk.sync_file(&path)
    };
    repaired.map_err(|error| LogError::io(&path, &error))?;
    let row = read.chain.as_ref().map_or(0, |chain| chain.rows);
    Ok((bytes > 0).then_some(Leftover::Tail { file, row, bytes }))
}

/// Removes the last file, whose begin is incomplete. The previous file must exist, because the log continues from it.
fn remove_begin(
    directory: &Path,
    disk: &Disk,
    listing: &Listing,
    number: u64,
) -> Result<Leftover, LogError> {
    let previous = number.saturating_sub(1);
    if previous > 0 && !listing.files.contains_key(&previous) {
        let (first, last) = (previous, previous);
        return Err(LogError::Damaged(Fault::MissingFiles {
            first,
            last,
            row: 0,
        }));
    }
    let file = plain_name(number);
    remove(directory, disk, &file)?;
    Ok(Leftover::Begin { file })
}

fn remove(directory: &Path, disk: &Disk, file: &str) -> Result<(), LogError> {
    let path = directory.join(file);
    disk.remove(&path)
        .map_err(|error| LogError::io(&path, &error))?;
    sync(directory, disk)
}

fn sync(directory: &Path, disk: &Disk) -> Result<(), LogError> {
    disk.sync_directory(directory)
        .map_err(|error| LogError::io(directory, &error))
}

/// Returns the sealed files. The time of the last one is that of the last checkpoint of which the log knows; the time of
/// each other one is in the begin of the next file.
fn sealed_files(
    directory: &Path,
    listing: &Listing,
    last: Option<&Checkpoint>,
) -> VecDeque<SealedFile> {
    let sealed = listing.files.iter().filter(|(_, forms)| forms.is_sealed);
    let file = |(number, _): (&u64, &Forms)| SealedFile {
        number: *number,
        ended_at: begin_time(directory, listing, number.saturating_add(1)),
    };
    let mut files: VecDeque<_> = sealed.map(file).collect();
    if let Some(file) = files.back_mut()
        && file.ended_at.is_none()
    {
        file.ended_at = last.map(Checkpoint::at);
    }
    files
}

/// Returns the time of the checkpoint with which a file begins; `None` if it cannot be read.
fn begin_time(directory: &Path, listing: &Listing, number: u64) -> Option<Timestamp> {
    let forms = listing.files.get(&number)?;
    let lines = if forms.is_sealed {
        let mut from = open_sealed(&directory.join(sealed_name(number))).ok()?;
        [next_line(&mut from), next_line(&mut from)]
    } else {
        let mut from = open_plain(&directory.join(plain_name(number))).ok()?;
        [next_line(&mut from), next_line(&mut from)]
    };
    let [_, Ok(Some(begin))] = lines else {
        return None;
    };
    match Line::parse(&begin.bytes) {
        Ok(Line::Checkpoint(checkpoint)) => Some(checkpoint.at()),
        Ok(Line::File(_) | Line::Row(_)) | Err(_) => None,
    }
}
