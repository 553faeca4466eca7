//! The journal of a change, for recovery.
//!
//! A change first appends lines to the logs, and then replaces one file: the policy, the policy set or the halts. The
//! journal records the lengths of the logs before the change. The rename of the new file commits the change: as long as the
//! new file exists together with the journal, the change is not committed, readers ignore the lines beyond those lengths,
//! and the next change truncates these lines. A change that removes the policy is committed in the same way by the removal
//! of its file. If a change replaces the policy and the policy set, the journal has the field `set`. The rename of the policy
//! then commits the change, and the new file of the policy set is renamed afterwards. Until it is renamed, readers read it
//! under its temporary name.

use std::{io, path::PathBuf};

use super::{
    disk::{self, beside, parent, shown_name},
    lines::{self, Torn},
    paths::Paths,
};
use crate::{FieldMap, Head, StoreError, audit};

const FORMAT: &str = "1";

/// Lengths of the logs in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) history: u64,
    pub(super) audit: u64,
}

/// The journal of an unfinished change.
#[derive(Debug)]
struct Journal {
    lengths: Lengths,
    new: PathBuf,
    has_set: bool,
}

impl Lengths {
    /// Returns the current lengths of the files.
    pub(super) fn now(paths: &Paths) -> io::Result<Self> {
        Ok(Self {
            history: disk::length(&paths.history)?,
            audit: disk::length(&paths.audit)?,
        })
    }

    /// Returns the committed lengths: those in the journal of an unfinished change, if there is
    /// one; otherwise the current lengths.
    pub(super) fn counted(paths: &Paths) -> Result<Self, Error> {
        match read(paths)? {
            Some(journal) if disk::exists(&journal.new)? => Ok(journal.lengths),
            Some(_) | None => Ok(Self::now(paths)?),
        }
    }

    /// Returns the text of a journal for a change that is committed when the file `marker` no longer exists.
    pub(super) fn to_journal(self, marker: &std::path::Path, has_set: bool) -> String {
        let Self { history, audit } = self;
        let name = marker.file_name().unwrap_or(marker.as_os_str());
        let mut record = FieldMap::new([
            ("format", FORMAT.to_owned()),
            ("new", name.to_string_lossy().into_owned()),
            ("history", history.to_string()),
            ("audit", audit.to_string()),
        ]);
        record.set_if("set", has_set.then_some("1"));
        record.to_json()
    }
}

/// An I/O error, or a file whose content the store did not write.
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
            what: format!("`{}`", disk::shown(path)),
            why: why.to_owned(),
        })
    }
}

/// Undoes or completes an interrupted change and returns a text for each repair. The caller must hold the exclusive
/// lock.
pub(super) fn recover(disk: &disk::Disk, paths: &Paths) -> Result<Vec<String>, Error> {
    let mut repairs = Vec::new();
    let directory = parent(&paths.policy);
    if let Some(journal) = read(paths)? {
        if disk::exists(&journal.new)? {
            for (path, length) in [
                (&paths.history, journal.lengths.history),
                (&paths.audit, journal.lengths.audit),
            ] {
                if disk::length(path)? > length {
                    disk.truncate(path, length)?;
                }
            }
            repairs.push("undid an interrupted change; no part of it was ever in force".to_owned());
        } else {
            if journal.has_set {
                rename_set(disk, paths)?;
            }
            write_head(disk, paths, &head(paths)?)?;
            repairs.push("completed the record of a committed change".to_owned());
        }
        // The journal is removed before the new file, because a journal without its new file means
        // that the change was committed.
        disk.remove(&paths.journal)?;
        disk.sync_directory(directory)?;
    }
    for path in paths.leftovers() {
        if disk::exists(&path)? {
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
                repairs.push(format!(
                    "`{name}`: removed the {lost} bytes of an incomplete last line"
                ));
            }
        }
    }
    Ok(repairs)
}

/// Renames the new file of the policy set into place, if it exists.
pub(super) fn rename_set(disk: &disk::Disk, paths: &Paths) -> io::Result<()> {
    let new = beside(&paths.set, ".new");
    if disk::exists(&new)? {
        disk.rename(&new, &paths.set)?;
    }
    Ok(())
}

/// Returns the file with the committed policy set, which need not exist.
pub(super) fn set_file(paths: &Paths) -> Result<PathBuf, Error> {
    let new = beside(&paths.set, ".new");
    match read(paths)? {
        Some(journal) if journal.has_set && !disk::exists(&journal.new)? && disk::exists(&new)? => {
            Ok(new)
        }
        Some(_) | None => Ok(paths.set.clone()),
    }
}

/// Returns the end of the audit log and the highest sequence. Each of the two is taken from the head file or from its
/// log, whichever has the later one.
pub(super) fn head(paths: &Paths) -> Result<Head, Error> {
    let lengths = Lengths::counted(paths)?;
    let mut head = match disk::read(&paths.head)? {
        None => Head::start(),
        Some(bytes) => str::from_utf8(&bytes)
            .ok()
            .and_then(FieldMap::from_json)
            .and_then(|record| head_of(&record))
            .ok_or_else(|| {
                Error::foreign(&paths.head, "it does not contain an audit head in format 1")
            })?,
    };
    let last = lines::last(&paths.audit, lengths.audit)?;
    let last_set_seq = last.as_ref().and_then(|last| last.number(audit::SET_SEQ));
    if let Some(last) = last
        && let Some(entries) = last.number("entry")
        && entries > head.entries
    {
        head.entries = entries;
        head.last = last.digest();
        match last.get("event") {
            Some(audit::RELEASED) => head.is_released = true,
            Some(audit::PUBLISHED | audit::ROLLED_BACK) => head.is_released = false,
            Some(_) | None => {}
        }
    }
    head.set_seq = head.set_seq.max(last_set_seq);
    let last = lines::last(&paths.history, lengths.history)?;
    head.seq = head
        .seq
        .max(last.and_then(|last| last.number("policy_seq")));
    Ok(head)
}

/// Saves the end of the audit log and the highest sequence.
pub(super) fn write_head(disk: &disk::Disk, paths: &Paths, head: &Head) -> io::Result<()> {
    let mut record = FieldMap::new([("format", FORMAT), ("last", &head.last)]);
    record.set("entries", head.entries);
    record.set_if("seq", head.seq);
    record.set_if("set_seq", head.set_seq);
    record.set_if("released", head.is_released.then_some("1"));
    disk.replace(&paths.head, record.to_json().as_bytes())
}

fn head_of(record: &FieldMap) -> Option<Head> {
    if record.get("format") != Some(FORMAT) {
        return None;
    }
    Some(Head {
        entries: record.number("entries")?,
        last: record.get("last")?.to_owned(),
        seq: record.number("seq"),
        set_seq: record.number("set_seq"),
        is_released: record.get("released").is_some(),
    })
}

fn read(paths: &Paths) -> Result<Option<Journal>, Error> {
    let Some(bytes) = disk::read(&paths.journal)? else {
        return Ok(None);
    };
    let journal = str::from_utf8(&bytes)
        .ok()
        .and_then(FieldMap::from_json)
        .filter(|record| record.get("format") == Some(FORMAT))
        .and_then(|record| {
            Some(Journal {
                lengths: Lengths {
                    history: record.number("history")?,
                    audit: record.number("audit")?,
                },
                new: parent(&paths.policy).join(record.get("new")?),
                has_set: record.get("set").is_some(),
            })
        });
    match journal {
        Some(journal) => Ok(Some(journal)),
        None => Err(Error::foreign(
            &paths.journal,
            "it does not contain a journal in format 1",
        )),
    }
}
