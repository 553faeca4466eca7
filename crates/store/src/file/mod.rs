//! A policy store in files.

mod disk;
mod journal;
mod lines;
mod paths;
mod sequence;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use disk::{Disk, beside, parent};
use journal::{Error, Lengths};
use paths::Paths;
pub(super) use sequence::{Seen, SequenceFile};
use serde_json::json;

use super::{
    AuditLog, AuditRecord, Change, Commit, FieldMap, Head, PolicyStore, StoreError, Stored,
    halts::{ALL, apply, halt_of},
};
use portcullis::guardrails::Halt;

/// A store that keeps the policy in a JSON file, and everything else in files next to it.
///
/// For `policy.json`, the other files are `policy.history.jsonl` and `policy.audit.jsonl`
/// (append-only, one record per line), `policy.audit.head`, `policy.halt.json`, `policy.set.json` with the policy set, for an updater `policy.updater.json` and
/// `policy.updater.lock`, and during a change
/// `policy.journal` and files that end in `.new`. `policy.lock` serializes processes that write at
/// the same time. Other programs can read the policy file, and a policy file from another writer is
/// accepted; such a writer should rename a complete file into place.
///
/// The rename of the new file commits a change, after everything else is on the disk. If a process
/// or a machine stops at any byte before the rename, the store is unchanged; if it stops after the
/// rename, the change is complete. Leftover files and lines are ignored, and the next change
/// removes them.
#[derive(Debug)]
pub struct FileStore {
    paths: Paths,
    disk: Disk,
    lease: Mutex<Option<Lease>>,
}

/// The lease of the updater: an open file that is locked until it is closed, also if the process is killed.
#[derive(Debug)]
struct Lease {
    token: String,
    _locked: File,
}

impl FileStore {
    /// Opens the store of a policy file, or of `policy.json` in a directory. No file is created before the first
    /// change; the directory must exist.
    #[must_use]
    pub fn open(path: impl AsRef<Path>) -> Self {
        Self {
            paths: Paths::of(path.as_ref()),
            disk: Disk::new(),
            lease: Mutex::default(),
        }
    }

    #[cfg(test)]
    fn on(path: &Path, disk: Disk) -> Self {
        Self {
            paths: Paths::of(path),
            disk,
            lease: Mutex::default(),
        }
    }

    fn holds_lease(&self, token: &str) -> bool {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        lease.as_ref().is_some_and(|lease| lease.token == token)
    }

    fn failed(&self, error: Error) -> StoreError {
        let error = match error {
            Error::Foreign(error) => return error,
            Error::Io(error) => error,
        };
        let (store, why) = (self.name(), error.to_string());
        let forbidden = matches!(
            error.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        );
        if forbidden {
            StoreError::ReadOnly { store, why }
        } else {
            StoreError::Unavailable { store, why }
        }
    }

    fn unavailable(&self, error: &io::Error) -> StoreError {
        StoreError::Unavailable {
            store: self.name(),
            why: error.to_string(),
        }
    }

    /// Reads under the shared lock, so that no change happens in between.
    fn reading<T>(&self, read: impl FnOnce() -> Result<T, Error>) -> Result<T, StoreError> {
        let _lock = disk::lock_shared(&self.paths.lock).map_err(|e| self.unavailable(&e))?;
        read().map_err(|error| match error {
            Error::Foreign(error) => error,
            Error::Io(error) => self.unavailable(&error),
        })
    }

    fn halted(&self) -> io::Result<BTreeSet<String>> {
        let Some(bytes) = disk::read(&self.paths.halt)? else {
            return Ok(BTreeSet::new());
        };
        let names = serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .filter(|document| document.get("format") == Some(&json!(1)))
            .and_then(|document| {
                let names = document.get("halted")?.clone();
                serde_json::from_value(names).ok()
            });
        // Content that cannot be parsed halts everything, because its writer may have intended a
        // halt.
        Ok(names.unwrap_or_else(|| BTreeSet::from([ALL.to_owned()])))
    }

    /// Writes everything except the step that commits the change, and returns that step.
    fn prepare(&self, change: &Change) -> io::Result<Step> {
        let paths = &self.paths;
        let set = change.set().map(|set| format!("{}\n", set.text()));
        let (target, text) = match (change.fields(), &set) {
            (Some(fields), _) if fields.is_empty() => (&paths.policy, None),
            (Some(fields), _) => (&paths.policy, Some(pretty(&json!(fields)))),
            (None, Some(set)) => (&paths.set, Some(set.clone())),
            (None, None) => {
                let mut names = self.halted()?;
                if let Some(halts) = change.halts() {
                    apply(&mut names, halts);
                }
                let text = pretty(&json!({"format": 1, "halted": names}));
                (&paths.halt, Some(text))
            }
        };
        let lengths = Lengths::now(paths)?;
        let new = beside(target, ".new");
        let step = match text {
            Some(text) => {
                self.disk.write(&new, text.as_bytes())?;
                Step::Rename(new, target.clone())
            }
            None if disk::exists(target)? => Step::Remove(target.clone()),
            None => {
                // There is nothing to remove, so an empty file marks the change as not committed.
                self.disk.write(&new, b"")?;
                Step::Remove(new)
            }
        };
        let later_set = set.filter(|_| change.fields().is_some());
        if let Some(set) = &later_set {
            self.disk
                .write(&beside(&paths.set, ".new"), set.as_bytes())?;
        }
        let journal = lengths.to_journal(step.marker(), later_set.is_some());
        self.disk.replace(&paths.journal, journal.as_bytes())?;
        if let Some(record) = change.history() {
            self.disk.append(&paths.history, line(record).as_bytes())?;
        }
        self.disk
            .append(&paths.audit, line(change.audit()).as_bytes())?;
        // The log files may have just been created, so their entries in the directory must be made
        // durable.
        self.disk.sync_directory(parent(target))?;
        Ok(step)
    }

    fn apply(&self, change: &Change) -> Result<Commit, StoreError> {
        let undone = |error: io::Error| {
            // If the recovery fails as well, the next change repeats it.
            let _ = journal::recover(&self.disk, &self.paths);
            self.failed(error.into())
        };
        let step = self.prepare(change).map_err(undone)?;
        match &step {
            Step::Rename(new, target) => self.disk.rename(new, target),
            Step::Remove(path) => self.disk.remove(path),
        }
        .map_err(undone)?;
        self.disk
            .sync_directory(parent(step.marker()))
            .map_err(|error| StoreError::OutcomeUnknown {
                store: self.name(),
                why: error.to_string(),
            })?;
        let mut repairs = Vec::new();
        let ended = journal::rename_set(&self.disk, &self.paths)
            .and_then(|()| journal::write_head(&self.disk, &self.paths, change.after()))
            .and_then(|()| self.disk.remove(&self.paths.journal));
        if let Err(error) = ended {
            repairs.push(format!(
                "the change was committed, but its record is incomplete ({error}); the next change completes it"
            ));
        }
        Ok(Commit::Done(repairs))
    }
}

/// The step that commits a change.
enum Step {
    /// The first file replaces the second.
    Rename(PathBuf, PathBuf),
    /// The file is removed.
    Remove(PathBuf),
}

impl Step {
    /// Returns the file that exists until the change is committed.
    fn marker(&self) -> &Path {
        match self {
            Self::Rename(path, _) | Self::Remove(path) => path,
        }
    }
}

impl PolicyStore for FileStore {
    fn name(&self) -> String {
        format!("the policy store at `{}`", disk::shown(&self.paths.policy))
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        let path = &self.paths.policy;
        let bytes = disk::read(path).map_err(|error| self.unavailable(&error))?;
        Ok(match bytes.map(String::from_utf8) {
            Some(Ok(text)) => Stored::Document(text),
            Some(Err(_)) => Stored::Unreadable {
                place: disk::shown(path),
                found: "bytes".to_owned(),
                bound: "text in UTF-8".to_owned(),
            },
            None if parent(path).is_dir() => Stored::Nothing,
            None => {
                let why = io::Error::new(io::ErrorKind::NotFound, "no such directory");
                return Err(self.unavailable(&why));
            }
        })
    }

    fn stored_set(&self) -> Result<Option<String>, StoreError> {
        let bytes = self.reading(|| Ok(disk::read(&journal::set_file(&self.paths)?)?))?;
        let text = |bytes| {
            String::from_utf8(bytes).map_err(|error| StoreError::Foreign {
                what: format!("`{}`", disk::shown(&self.paths.set)),
                why: error.to_string(),
            })
        };
        let text = bytes.map(text).transpose()?;
        Ok(text.map(|text| text.trim_end_matches('\n').to_owned()))
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.reading(|| journal::head(&self.paths))
    }

    fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError> {
        self.reading(|| {
            let lengths = Lengths::counted(&self.paths)?;
            let (records, _) = lines::read(&self.paths.history, lengths.history)?;
            Ok(records.into_iter().rev().take(newest).collect())
        })
    }

    fn audit_log(&self) -> Result<AuditLog, StoreError> {
        self.reading(|| {
            let lengths = Lengths::counted(&self.paths)?;
            let (records, mut unreadable) = lines::read(&self.paths.audit, lengths.audit)?;
            let (_, torn) = lines::read(&self.paths.history, lengths.history)?;
            unreadable.extend(torn);
            Ok(AuditLog {
                records: AuditRecord::numbered(records),
                head: journal::head(&self.paths)?,
                unreadable,
                may_be_trimmed: false,
            })
        })
    }

    fn halts(&self) -> Result<Halt, StoreError> {
        let names = self.halted().map_err(|error| self.unavailable(&error))?;
        Ok(halt_of(&names))
    }

    fn acquire_lease(&self, token: &str, _: Duration) -> Result<bool, StoreError> {
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = &*lease {
            return Ok(lease.token == token);
        }
        let locked = disk::try_lock(&self.paths.lease).map_err(|e| self.failed(e.into()))?;
        *lease = locked.map(|file| Lease {
            token: token.to_owned(),
            _locked: file,
        });
        Ok(lease.is_some())
    }

    fn release_lease(&self, token: &str) -> Result<(), StoreError> {
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        lease.take_if(|lease| lease.token == token);
        Ok(())
    }

    fn updater_state(&self) -> Result<Option<String>, StoreError> {
        let bytes = disk::read(&self.paths.updater).map_err(|error| self.unavailable(&error))?;
        let text = |bytes| {
            String::from_utf8(bytes).map_err(|error| StoreError::Foreign {
                what: format!("`{}`", disk::shown(&self.paths.updater)),
                why: error.to_string(),
            })
        };
        bytes.map(text).transpose()
    }

    fn save_updater_state(&self, token: &str, state: &str) -> Result<bool, StoreError> {
        if !self.holds_lease(token) {
            return Ok(false);
        }
        let _lock = disk::lock(&self.paths.lock).map_err(|error| self.failed(error.into()))?;
        let path = &self.paths.updater;
        let written = self.disk.replace(path, state.as_bytes());
        written.map_err(|error| self.failed(error.into()))?;
        Ok(true)
    }

    fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
        let _lock = disk::lock(&self.paths.lock).map_err(|error| self.failed(error.into()))?;
        let mut repairs = journal::recover(&self.disk, &self.paths).map_err(|e| self.failed(e))?;
        let moved = match change.replaced() {
            Some(seen) => *seen != self.stored()?,
            None => false,
        };
        let moved = match change.set() {
            Some(set) => {
                let path = journal::set_file(&self.paths).map_err(|error| self.failed(error))?;
                let found = disk::read(&path).map_err(|error| self.failed(error.into()))?;
                let found = found.as_deref().map(<[u8]>::trim_ascii_end);
                moved || found != set.replaced().map(str::as_bytes)
            }
            None => moved,
        };
        let head = journal::head(&self.paths).map_err(|error| self.failed(error))?;
        if moved || head != *change.before() {
            return Ok(Commit::Moved);
        }
        if let Err(unmet) = change.check_conditions(|token| self.holds_lease(token)) {
            return Ok(Commit::Unmet(unmet));
        }
        match self.apply(change)? {
            Commit::Done(more) => {
                repairs.extend(more);
                Ok(Commit::Done(repairs))
            }
            other @ (Commit::Moved | Commit::Unmet(_)) => Ok(other),
        }
    }
}

fn line(record: &FieldMap) -> String {
    format!("{}\n", record.to_json())
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
