//! A file that stores the highest sequence.

use std::{io, path::PathBuf};

use super::disk::{self, Disk, beside, parent};
use crate::{FieldMap, StoreError};
use portcullis::types::PolicyHash;

const FORMAT: &str = "1";

/// The sequence and the hash of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) seq: u64,
    pub(crate) hash: PolicyHash,
}

/// A file with `{"format": "1", "highest_seq": …, "policy_hash": …}`, which is replaced atomically.
#[derive(Debug)]
pub(crate) struct SequenceFile {
    path: PathBuf,
    disk: Disk,
}

impl SequenceFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            disk: Disk::new(),
        }
    }

    /// Reads the file; `None` if it does not exist.
    pub(crate) fn read(&self) -> Result<Option<Seen>, StoreError> {
        let Some(bytes) = disk::read(&self.path).map_err(|error| self.failed(&error))? else {
            // Fail now, not at the first write, if the directory does not exist.
            let directory = parent(&self.path).metadata();
            directory.map_err(|error| self.failed(&error))?;
            return Ok(None);
        };
        let seen = str::from_utf8(&bytes)
            .ok()
            .and_then(FieldMap::from_json)
            .filter(|record| record.get("format") == Some(FORMAT))
            .and_then(|record| {
                Some(Seen {
                    seq: record.number("highest_seq")?,
                    hash: record.get("policy_hash")?.parse().ok()?,
                })
            });
        match seen {
            Some(seen) => Ok(Some(seen)),
            None => Err(StoreError::Foreign {
                what: format!("`{}`", disk::shown(&self.path)),
                why: "it does not contain a highest sequence in format 1".to_owned(),
            }),
        }
    }

    /// Saves `next` unless the file already has an equal or higher sequence. Returns the content of
    /// the file after the call.
    pub(crate) fn raise(&self, next: Seen) -> Result<Option<Seen>, StoreError> {
        let lock = beside(&self.path, ".lock");
        let _lock = disk::lock(&lock).map_err(|error| self.failed(&error))?;
        match self.read()? {
            Some(seen) if seen.seq >= next.seq => Ok(Some(seen)),
            Some(_) | None => {
                let mut record = FieldMap::new([("format", FORMAT)]);
                record.set("highest_seq", next.seq);
                record.set("policy_hash", next.hash);
                let text = record.to_json();
                let written = self.disk.replace(&self.path, text.as_bytes());
                written.map_err(|error| self.failed(&error))?;
                Ok(Some(next))
            }
        }
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        StoreError::Unavailable {
            store: format!("the sequence file `{}`", disk::shown(&self.path)),
            why: error.to_string(),
        }
    }
}
