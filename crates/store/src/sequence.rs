//! Rollback protection: the highest sequence that a reader has seen.

use std::sync::{Mutex, PoisonError};

use super::LoadError;
use super::{
    StoreError,
    file::{Seen, SequenceFile},
};
use portcullis::policy::{Policy, PolicyUnavailable};

/// The highest `policy_seq` that a reader has seen, with the hash of its policy.
///
/// It rejects a policy with a lower sequence, and a policy without a sequence after a policy with
/// one. It also rejects a different policy with the same sequence: it is unknown which of the two
/// is newer, and a policy whose expiry was extended without permission has the same sequence.
#[derive(Debug)]
pub struct SequenceGuard {
    seen: Mutex<Option<Seen>>,
    file: Option<SequenceFile>,
}

impl SequenceGuard {
    /// Creates a guard that forgets its sequence when it is dropped.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self {
            seen: Mutex::new(None),
            file: None,
        }
    }

    /// Creates a guard that saves its sequence in a file, across restarts. The file need not exist; its directory
    /// must.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or has another format: a reader that does not know its highest
    /// sequence must not start.
    pub fn in_file(path: impl Into<std::path::PathBuf>) -> Result<Self, StoreError> {
        let file = SequenceFile::new(path.into());
        Ok(Self {
            seen: Mutex::new(file.read()?),
            file: Some(file),
        })
    }

    /// Checks that the policy is not older than the previous ones, and remembers its sequence.
    ///
    /// # Errors
    /// Returns an error if the policy is older, or if its sequence cannot be saved: after a restart, an older policy
    /// would be accepted.
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
        if let Some(file) = &self.file {
            // Another process may have saved a later sequence.
            *known = file.raise(next)?;
            newest(*known, offered)?;
            return Ok(());
        }
        *known = Some(next);
        Ok(())
    }
}

/// Returns the state after `offered` is admitted, or an error if it must be rejected.
pub(super) fn newest(
    known: Option<Seen>,
    offered: Option<Seen>,
) -> Result<Option<Seen>, PolicyUnavailable> {
    match (known, offered) {
        (None, offered) => Ok(offered),
        (Some(seen), Some(offered)) if offered == seen || offered.seq > seen.seq => {
            Ok(Some(offered))
        }
        (Some(seen), offered) => Err(PolicyUnavailable::RolledBack {
            seen: seen.seq,
            offered: offered.map(|offered| offered.seq),
        }),
    }
}
