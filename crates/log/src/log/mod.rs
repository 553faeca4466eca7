//! The log that is written.

mod rotation;

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use portcullis::types::Timestamp;
use portcullis_store::{PolicySigner, file_access::open_as};

use crate::{
    answers::{self, Answers},
    checkpoint::Checkpoint,
    disk::Disk,
    error::{LogError, shown},
    fault::Leftover,
    files::{LOCK, Listing, new_path, plain_name, sealed_name},
    line::{header_line, row_line},
    position::StreamPosition,
    recovery::{End, Loaded, OpenFile, SealedFile, load},
    row::{Entry, Row},
    settings::{Settings, has_passed},
};

/// An append-only log in a directory, with a chain of digests over its rows and signed checkpoints.
///
/// Only one process can open a log at a time. The log has no clock: the caller passes the time.
#[derive(Debug)]
pub struct DecisionLog {
    directory: PathBuf,
    settings: Settings,
    signer: PolicySigner,
    disk: Disk,
    end: End,
    /// The file to which rows are appended; `None` if it is created with the next row.
    file: Option<OpenFile>,
    next_file: u64,
    answers: Answers,
    /// The sealed files, oldest first.
    sealed: VecDeque<SealedFile>,
    repairs: Vec<Leftover>,
    /// The checkpoints that were not returned to the caller yet.
    new_checkpoints: Vec<Checkpoint>,
    /// The names of the files that were sealed and removed since the last successful call.
    changed: Changed,
    /// True if the last write failed, so that the last file may have an incomplete end.
    is_torn: bool,
    /// The lock, which is held until the log is dropped.
    _lock: File,
}

/// The result of an append. Everything in it is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// The number of new rows.
    pub written: u64,
    /// The number of entries that the log already contained.
    pub repeated: u64,
    /// The new checkpoints, oldest first, including those of an earlier append that failed. Store the last one.
    pub checkpoints: Vec<Checkpoint>,
    /// The names of the files that were sealed.
    pub sealed: Vec<String>,
    /// The names of the files that retention removed.
    pub removed: Vec<String>,
}

#[derive(Debug, Default)]
struct Changed {
    sealed: Vec<String>,
    removed: Vec<String>,
}

/// Rows that are written together.
struct Batch {
    text: String,
    end: End,
    answers: Answers,
}

impl DecisionLog {
    /// Opens the log in an existing directory, which is empty or contains a log, and repairs what an interrupted write left
    /// ([`Self::repairs`]).
    ///
    /// Read the stream from the position after [`Self::last_position`], and store [`Self::last_checkpoint`], which the
    /// previous process may not have done.
    ///
    /// # Errors
    /// Returns an error if another process has opened the log, if the directory contains other files but no log, if a file
    /// cannot be read or repaired, or if the last file has a fault that an interrupted write cannot cause.
    pub fn open(
        directory: &Path,
        signer: PolicySigner,
        settings: Settings,
    ) -> Result<Self, LogError> {
        Self::open_on(directory, signer, settings, Disk::new())
    }

    pub(crate) fn open_on(
        directory: &Path,
        signer: PolicySigner,
        settings: Settings,
        disk: Disk,
    ) -> Result<Self, LogError> {
        let listing = Listing::of(directory)?;
        if let (false, Some(found)) = (listing.is_log(), listing.foreign.first()) {
            return Err(LogError::Foreign {
                directory: shown(directory),
                found: found.clone(),
            });
        }
        let lock = lock(directory)?;
        let failed = |error: io::Error| LogError::io(directory, &error);
        disk.sync_directory(directory).map_err(failed)?;
        let loaded = load(directory, &disk)?;
        let Loaded {
            end,
            file,
            next_file,
            answers,
            sealed,
            repairs,
        } = loaded;
        Ok(Self {
            directory: directory.to_owned(),
            settings,
            signer,
            disk,
            end,
            file,
            next_file,
            answers,
            sealed,
            repairs,
            new_checkpoints: Vec::new(),
            changed: Changed::default(),
            is_torn: false,
            _lock: lock,
        })
    }

    /// Returns the stream position of the last row that is on the disk. Read the stream from the position after it.
    #[must_use]
    pub const fn last_position(&self) -> Option<StreamPosition> {
        self.end.position
    }

    /// Returns the number of the last row that is on the disk; 0 if there is none.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.end.rows
    }

    /// Returns the last checkpoint that is on the disk.
    #[must_use]
    pub const fn last_checkpoint(&self) -> Option<&Checkpoint> {
        self.end.checkpoint.as_ref()
    }

    /// Returns what was repaired when the log was opened.
    #[must_use]
    pub fn repairs(&self) -> &[Leftover] {
        &self.repairs
    }

    /// Appends entries in the order of the stream, writes a checkpoint and seals the file if they are due, and applies
    /// retention. When it returns, the rows are on the disk. Call it without entries at least once per second, so that a
    /// checkpoint that is due is written without a new row.
    ///
    /// An entry whose position and answer are in the log already is counted and not written again.
    ///
    /// # Errors
    /// If an entry is not valid, nothing is written. If a file cannot be written, some of the entries may be in the log;
    /// append all of them again. A line that was written in part is removed at once or, if that fails, before the next
    /// append.
    pub fn append(&mut self, entries: &[Entry<'_>], now: Timestamp) -> Result<Appended, LogError> {
        self.restore()?;
        let rows = self.new_rows(entries, now)?;
        self.is_torn = true;
        if let Err(error) = self.write(&rows, now) {
            // If this fails as well, the next append repeats it.
            let _ = self.restore();
            return Err(error);
        }
        self.is_torn = false;
        let Changed { sealed, removed } = std::mem::take(&mut self.changed);
        Ok(Appended {
            written: count(rows.len()),
            repeated: count(entries.len().saturating_sub(rows.len())),
            checkpoints: std::mem::take(&mut self.new_checkpoints),
            sealed,
            removed,
        })
    }

    #[cfg(test)]
    pub(crate) const fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Returns the rows of the entries that the log does not contain.
    fn new_rows<'e>(
        &self,
        entries: &[Entry<'e>],
        now: Timestamp,
    ) -> Result<Vec<Row<'e>>, LogError> {
        let mut rows: Vec<Row<'e>> = Vec::new();
        for entry in entries {
            let position = entry.position;
            let number = self
                .end
                .rows
                .saturating_add(count(rows.len()))
                .saturating_add(1);
            let row = Row::new(number, entry, now)
                .map_err(|why| LogError::InvalidEntry { position, why })?;
            let last = rows.last().map(|row| row.position).or(self.end.position);
            let Some(last) = last.filter(|last| position <= *last) else {
                rows.push(row);
                continue;
            };
            let known = match rows.binary_search_by_key(&position, |row| row.position) {
                Ok(place) => rows.get(place).map(answers::digest),
                Err(_) => {
                    let sealed = self.sealed.iter().rev().map(|file| file.number);
                    self.answers.find(position, &self.directory, sealed)?
                }
            };
            match known {
                None => return Err(LogError::NotInOrder { position, last }),
                Some(known) if known != answers::digest(&row) => {
                    return Err(LogError::Conflict { position });
                }
                Some(_) => {}
            }
        }
        Ok(rows)
    }

    fn write(&mut self, rows: &[Row<'_>], now: Timestamp) -> Result<(), LogError> {
        let mut batch = self.batch();
        for row in rows {
            let (line, head) = row_line(row, batch.end.head);
            batch.text.push_str(&line);
            batch.answers.add(row);
            batch.end.rows = row.row;
            batch.end.head = head;
            batch.end.position = Some(row.position);
            let unsigned = batch.end.rows.saturating_sub(batch.end.signed_rows());
            let is_full = self.length_with(&batch.text) >= self.settings.rotate_bytes.get();
            if is_full || unsigned >= u64::from(self.settings.checkpoint_rows.get()) {
                self.flush(batch, now)?;
                self.checkpoint(now)?;
                if is_full {
                    self.seal()?;
                }
                batch = self.batch();
            }
        }
        self.flush(batch, now)?;
        let last = self.end.checkpoint.as_ref().map(Checkpoint::at);
        let since = self.file.as_ref().and_then(|file| file.since);
        let is_due = |since, seconds| has_passed(since, now, seconds);
        if last
            .or(since)
            .is_some_and(|last| is_due(last, self.settings.checkpoint_sec))
        {
            self.checkpoint(now)?;
        }
        if since.is_some_and(|since| is_due(since, self.settings.rotate_sec)) {
            self.checkpoint(now)?;
            self.seal()?;
        }
        self.retain(now)
    }

    fn batch(&self) -> Batch {
        Batch {
            text: String::new(),
            end: self.end.clone(),
            answers: Answers::default(),
        }
    }

    /// Returns the length of the file after `text` was appended to it.
    fn length_with(&self, text: &str) -> u64 {
        let length = self.file.as_ref().map_or(0, |file| file.length);
        length.saturating_add(count(text.len()))
    }

    /// Writes rows to the file, which is created if there is none.
    fn flush(&mut self, batch: Batch, now: Timestamp) -> Result<(), LogError> {
        let Batch { text, end, answers } = batch;
        if text.is_empty() {
            return Ok(());
        }
        if self.file.is_some() {
            self.append_text(&text)?;
            self.answers.append(answers);
        } else {
            let number = self.next_file;
            let begin = match &self.end.checkpoint {
                Some(checkpoint) => format!("{checkpoint}\n"),
                None => String::new(),
            };
            let text = format!("{}{begin}{text}", header_line(number));
            let path = self.directory.join(plain_name(number));
            let created = self.disk.create(&path, text.as_bytes());
            created.map_err(|error| LogError::io(&path, &error))?;
            self.sync_directory()?;
            self.next_file = number.saturating_add(1);
            let length = count(text.len());
            self.file = Some(OpenFile {
                number,
                length,
                since: None,
            });
            self.answers = answers;
        }
        self.end = end;
        if let Some(file) = &mut self.file {
            file.since.get_or_insert(now);
        }
        Ok(())
    }

    fn append_text(&mut self, text: &str) -> Result<(), LogError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let path = self.directory.join(plain_name(file.number));
        let appended = self.disk.append(&path, text.as_bytes());
        appended.map_err(|error| LogError::io(&path, &error))?;
        file.length = file.length.saturating_add(count(text.len()));
        Ok(())
    }

    /// Writes a checkpoint if there is a row after the last one. All rows must be on the disk already, so that a checkpoint
    /// is never on the disk without its rows.
    fn checkpoint(&mut self, now: Timestamp) -> Result<(), LogError> {
        let End {
            rows,
            head,
            position,
            checkpoint,
        } = &self.end;
        let Some(position) = position.filter(|_| *rows > self.end.signed_rows()) else {
            return Ok(());
        };
        let signed = (position, *head);
        let checkpoint = Checkpoint::sign(&self.signer, checkpoint.as_ref(), *rows, signed, now);
        self.append_text(&format!("{checkpoint}\n"))?;
        self.end.checkpoint = Some(checkpoint.clone());
        self.new_checkpoints.push(checkpoint);
        Ok(())
    }

    /// Completes or undoes what a failed write left.
    fn restore(&mut self) -> Result<(), LogError> {
        if !self.is_torn {
            return Ok(());
        }
        if let Some(file) = &self.file {
            let (number, length) = (file.number, file.length);
            let path = self.directory.join(plain_name(number));
            if self.directory.join(sealed_name(number)).exists() {
                self.finish_seal(number)?;
            } else {
                let truncated = self.disk.truncate(&path, length);
                truncated.map_err(|error| LogError::io(&path, &error))?;
                // On a full disk, the space of an unfinished sealed file is needed for rows.
                let new = new_path(&self.directory, number);
                let removed = self.disk.remove(&new);
                removed.map_err(|error| LogError::io(&new, &error))?;
            }
        } else {
            let path = self.directory.join(plain_name(self.next_file));
            self.disk
                .remove(&path)
                .map_err(|error| LogError::io(&path, &error))?;
            self.sync_directory()?;
        }
        self.is_torn = false;
        Ok(())
    }

    fn sync_directory(&self) -> Result<(), LogError> {
        let synced = self.disk.sync_directory(&self.directory);
        synced.map_err(|error| LogError::io(&self.directory, &error))
    }
}

/// Locks a log until the file is dropped.
fn lock(directory: &Path) -> Result<File, LogError> {
    let path = directory.join(LOCK);
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let file = open_as(options, &path).map_err(|error| LogError::io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::Locked {
            directory: shown(directory),
        }),
        Err(TryLockError::Error(error)) => Err(LogError::io(&path, &error)),
    }
}

/// Converts a length. A `usize` has at most 64 bits.
fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
