//! The step that is being taken, so that it can be undone.
//!
//! A step puts one file, the policy or the halts, in the place of another, and adds lines to the logs before.
//! The journal says how long the logs were. The new file's being renamed is the one moment at which the step is
//! taken: as long as the new file lies there beside the journal, the lines behind those lengths do not count,
//! and whoever takes the next step cuts them off first.

use std::{io, path::PathBuf};

use super::{
    disk::{self, beside, parent, shown_name},
    lines::{self, Torn},
    paths::Paths,
};
use crate::store::{Head, Record, StoreError};

const FORMAT: &str = "1";

/// How much of each log counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) history: u64,
    pub(super) audit: u64,
}

/// What the journal of an unfinished step says.
#[derive(Debug)]
struct Journal {
    lengths: Lengths,
    new: PathBuf,
}

impl Lengths {
    /// As the files are.
    pub(super) fn now(paths: &Paths) -> io::Result<Self> {
        Ok(Self {
            history: disk::length(&paths.history)?,
            audit: disk::length(&paths.audit)?,
        })
    }

    /// As far as they count.
    pub(super) fn counted(paths: &Paths) -> Result<Self, Error> {
        match read(paths)? {
            Some(journal) if journal.new.try_exists()? => Ok(journal.lengths),
            Some(_) | None => Ok(Self::now(paths)?),
        }
    }

    /// The text of a journal, for a step that puts `target` in place.
    pub(super) fn to_journal(self, target: &std::path::Path) -> String {
        let Self { history, audit } = self;
        Record::new([
            ("format", FORMAT.to_owned()),
            ("new", shown_name(&beside(target, ".new"))),
            ("history", history.to_string()),
            ("audit", audit.to_string()),
        ])
        .to_json()
    }
}

/// A file that fails, or that somebody else wrote.
#[derive(Debug)]
pub(super) enum Error {
    Io(io::Error),
    Foreign(StoreError),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Error {
    pub(super) fn foreign(path: &std::path::Path, why: &str) -> Self {
        Self::Foreign(StoreError::Foreign {
            what: format!("`{}`", path.display()),
            why: why.to_owned(),
        })
    }
}

/// Ends what a step that was cut short began, and says so. Whoever calls holds the lock alone.
pub(super) fn recover(disk: &disk::Disk, paths: &Paths) -> Result<Vec<String>, Error> {
    let mut told = Vec::new();
    let directory = parent(&paths.policy);
    if let Some(journal) = read(paths)? {
        if journal.new.try_exists()? {
            for (path, length) in [
                (&paths.history, journal.lengths.history),
                (&paths.audit, journal.lengths.audit),
            ] {
                if disk::length(path)? > length {
                    disk.truncate(path, length)?;
                }
            }
            told.push(
                "a step that was cut short is undone: nothing of it was ever in force".to_owned(),
            );
        } else {
            write_head(disk, paths, &head(paths)?)?;
            told.push("a step that was taken is recorded to its end".to_owned());
        }
        // First the journal, then the new file: without its new file a journal speaks of a step that was taken.
        disk.remove(&paths.journal)?;
        disk.sync_directory(directory)?;
    }
    for path in paths.leftovers() {
        if path.try_exists()? {
            disk.remove(&path)?;
        }
    }
    for path in [&paths.history, &paths.audit] {
        match lines::torn(path, disk::length(path)?)? {
            None => {}
            Some(Torn::Unended) => disk.append(path, b"\n")?,
            Some(Torn::CutOff(length)) => {
                let lost = disk::length(path)?.saturating_sub(length);
                disk.truncate(path, length)?;
                let name = shown_name(path);
                told.push(format!(
                    "`{name}`: {lost} bytes of a line that was cut short are cut off"
                ));
            }
        }
    }
    Ok(told)
}

/// How far the audit and the sequence have come: what the file of the head says, unless the logs have come
/// further.
pub(super) fn head(paths: &Paths) -> Result<Head, Error> {
    let lengths = Lengths::counted(paths)?;
    let mut head = match disk::read(&paths.head)? {
        None => Head::start(),
        Some(bytes) => str::from_utf8(&bytes)
            .ok()
            .and_then(Record::from_json)
            .and_then(|record| head_of(&record))
            .ok_or_else(|| Error::foreign(&paths.head, "no head of an audit in format 1"))?,
    };
    if let Some(last) = lines::last(&paths.audit, lengths.audit)?
        && let Some(entries) = last.number("entry")
        && entries > head.entries
    {
        head.entries = entries;
        head.last = last.digest();
    }
    let last = lines::last(&paths.history, lengths.history)?;
    head.seq = head
        .seq
        .max(last.and_then(|last| last.number("policy_seq")));
    Ok(head)
}

/// Remembers how far the audit has come.
pub(super) fn write_head(disk: &disk::Disk, paths: &Paths, head: &Head) -> io::Result<()> {
    let mut record = Record::new([("format", FORMAT), ("last", &head.last)]);
    record.set("entries", head.entries);
    record.set_if("seq", head.seq);
    disk.replace(&paths.head, record.to_json().as_bytes())
}

fn head_of(record: &Record) -> Option<Head> {
    if record.get("format") != Some(FORMAT) {
        return None;
    }
    Some(Head {
        entries: record.number("entries")?,
        last: record.get("last")?.to_owned(),
        seq: record.number("seq"),
    })
}

fn read(paths: &Paths) -> Result<Option<Journal>, Error> {
    let Some(bytes) = disk::read(&paths.journal)? else {
        return Ok(None);
    };
    let journal = str::from_utf8(&bytes)
        .ok()
        .and_then(Record::from_json)
        .filter(|record| record.get("format") == Some(FORMAT))
        .and_then(|record| {
            Some(Journal {
                lengths: Lengths {
                    history: record.number("history")?,
                    audit: record.number("audit")?,
                },
                new: parent(&paths.policy).join(record.get("new")?),
            })
        });
    match journal {
        Some(journal) => Ok(Some(journal)),
        None => Err(Error::foreign(&paths.journal, "no journal in format 1")),
    }
}
