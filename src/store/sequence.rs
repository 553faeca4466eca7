//! The highest sequence seen so far.

use std::sync::{Mutex, PoisonError};

use super::LoadError;
#[cfg(feature = "file")]
use super::{StoreError, file::SequenceFile};
use crate::{
    domain::PolicyHash,
    policy::{Policy, PolicyAbsence},
};

/// Remembers the highest `policy_seq` that a reader has seen, and of which policy.
///
/// An older one is refused, and one without a sequence after one with. So is another policy of the same
/// sequence: nobody could say which of the two is the newer, and an end that was extended behind the writer's
/// back looks like this.
#[derive(Debug)]
pub struct SequenceGuard {
    seen: Mutex<Option<Seen>>,
    #[cfg(feature = "file")]
    file: Option<SequenceFile>,
}

/// A policy with a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) seq: u64,
    pub(super) hash: PolicyHash,
}

impl SequenceGuard {
    /// Remembers until it is dropped.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self {
            seen: Mutex::new(None),
            #[cfg(feature = "file")]
            file: None,
        }
    }

    /// Remembers in a file, across restarts. The file need not exist; its directory must.
    ///
    /// # Errors
    /// The file cannot be read, or is something else: what was seen is not known, and a reader that does not
    /// know it must not begin.
    #[cfg(feature = "file")]
    pub fn in_file(path: impl Into<std::path::PathBuf>) -> Result<Self, StoreError> {
        let file = SequenceFile::new(path.into());
        Ok(Self {
            seen: Mutex::new(file.read()?),
            file: Some(file),
        })
    }

    /// The highest so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.map(|seen| seen.seq)
    }

    /// Whether the policy is no older than those before; if so, its sequence is remembered.
    ///
    /// # Errors
    /// It is older; or what was seen cannot be written to its file: after a restart an older one would be taken.
    pub fn admit(&self, policy: &Policy) -> Result<(), LoadError> {
        let mut known = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let offered = policy.seq().map(|seq| Seen {
            seq,
            hash: policy.hash(),
        });
        let Some(next) = newest(*known, offered)? else {
            return Ok(());
        };
        if *known == Some(next) {
            return Ok(());
        }
        #[cfg(feature = "file")]
        if let Some(file) = &self.file {
            // Another process may have seen a later one.
            *known = file.raise(next)?;
            newest(*known, offered)?;
            return Ok(());
        }
        *known = Some(next);
        Ok(())
    }
}

/// What is known once `offered` is admitted.
pub(super) fn newest(
    known: Option<Seen>,
    offered: Option<Seen>,
) -> Result<Option<Seen>, PolicyAbsence> {
    match (known, offered) {
        (None, offered) => Ok(offered),
        (Some(seen), Some(offered)) if offered == seen || offered.seq > seen.seq => {
            Ok(Some(offered))
        }
        (Some(seen), offered) => Err(PolicyAbsence::RolledBack {
            seen: seen.seq,
            offered: offered.map(|offered| offered.seq),
        }),
    }
}
