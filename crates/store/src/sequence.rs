//! Rollback protection: the highest sequence that a reader has seen.

use std::sync::{Mutex, PoisonError};

use super::LoadError;
use super::{
    PolicySetError, StoreError,
    file::{Seen, SequenceFile},
};
use portcullis::policy::{Policy, PolicyUnavailable};
use portcullis_rollout::PolicySet;

/// The highest `policy_seq` that a reader has seen, with the hash of its policy.
///
/// It rejects a policy with a lower sequence, and a policy without a sequence after a policy with
/// one. It also rejects a different policy with the same sequence: it is unknown which of the two
/// is newer, and a policy whose expiry was extended without permission has the same sequence.
///
/// It checks the sequences of policy sets in the same way.
#[derive(Debug)]
pub struct SequenceGuard {
    policy: Sequence,
    set: Sequence,
}

/// The highest sequence of one kind of document.
#[derive(Debug)]
struct Sequence {
    known: Mutex<Known>,
    file: Option<SequenceFile>,
}

/// The highest sequence, and whether the file has it.
#[derive(Debug, Clone, Copy)]
struct Known {
    highest: Option<Seen>,
    is_recorded: bool,
}

impl SequenceGuard {
    /// Creates a guard that keeps its sequence in memory only.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self {
            policy: Sequence::in_memory(),
            set: Sequence::in_memory(),
        }
    }

    /// Creates a guard that saves the sequence of the policy in a file, across restarts, and that of the policy set in a
    /// file with `.set` added to its name. The files need not exist; their directory must.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or has another format: without its highest sequence, a reader must
    /// not start.
    pub fn in_file(path: impl Into<std::path::PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let mut set = path.clone().into_os_string();
        set.push(".set");
        Ok(Self {
            policy: Sequence::in_file(path)?,
            set: Sequence::in_file(set.into())?,
        })
    }

    /// Checks that the policy is not older than the previous ones, and remembers its sequence.
    ///
    /// If the sequence cannot be saved, this guard still remembers it until it is dropped, and saves it at the next call
    /// for the same policy if that is possible then.
    ///
    /// # Errors
    /// Returns an error if the policy must be rejected ([`SequenceGuard`]), or if its sequence cannot be saved
    /// ([`PolicyUnavailable::SequenceNotRecorded`]), because an older policy would then be accepted after a restart.
    pub fn admit(&self, policy: &Policy) -> Result<(), LoadError> {
        let offered = policy.seq().map(|seq| Seen {
            seq,
            hash: policy.hash(),
        });
        Ok(self.policy.admit(offered)?)
    }

    /// Checks that the policy set is not older than the previous ones, and remembers its sequence.
    ///
    /// # Errors
    /// Returns an error if the set must be rejected, or if its sequence cannot be saved.
    pub fn admit_set(&self, set: &PolicySet) -> Result<(), PolicySetError> {
        let (seq, hash) = (set.seq(), set.hash());
        self.set
            .admit(Some(Seen { seq, hash }))
            .map_err(|refusal| match refusal {
                PolicyUnavailable::RolledBack { seen, .. } => {
                    PolicySetError::RolledBack { seen, offered: seq }
                }
                PolicyUnavailable::NotFound
                | PolicyUnavailable::HashUnknown(_)
                | PolicyUnavailable::Invalid(_)
                | PolicyUnavailable::SignatureInvalid
                | PolicyUnavailable::StoreUnavailable
                | PolicyUnavailable::SequenceNotRecorded { .. }
                | PolicyUnavailable::StoreUnsafe { .. }
                | PolicyUnavailable::WrittenByOther { .. } => PolicySetError::NotRecorded {
                    why: refusal.to_string(),
                },
            })
    }
}

impl Sequence {
    const fn in_memory() -> Self {
        Self {
            known: Mutex::new(Known {
                highest: None,
                is_recorded: true,
            }),
            file: None,
        }
    }

    fn in_file(path: std::path::PathBuf) -> Result<Self, StoreError> {
        let file = SequenceFile::new(path);
        Ok(Self {
            known: Mutex::new(Known {
                highest: file.read()?,
                is_recorded: true,
            }),
            file: Some(file),
        })
    }

    fn admit(&self, offered: Option<Seen>) -> Result<(), PolicyUnavailable> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = newest(known.highest, offered)? else {
            return Ok(());
        };
        if known.highest == Some(next) && known.is_recorded {
            return Ok(());
        }
        known.highest = Some(next);
        if let Some(file) = &self.file {
            known.is_recorded = false;
            // Another process may have saved a later sequence.
            let recorded = file.raise(next).map_err(|error| not_recorded(&error))?;
            *known = Known {
                highest: recorded,
                is_recorded: true,
            };
            newest(recorded, offered)?;
        }
        Ok(())
    }
}

/// Returns the reason why a policy is rejected if its sequence cannot be saved.
fn not_recorded(error: &StoreError) -> PolicyUnavailable {
    let why = match error {
        StoreError::Unavailable { store, why } | StoreError::ReadOnly { store, why } => {
            format!("{store}: {why}")
        }
        StoreError::Foreign { what, why } => format!("{what}: {why}"),
        StoreError::Contended { .. }
        | StoreError::OutcomeUnknown { .. }
        | StoreError::Address(_) => error.to_string(),
    };
    PolicyUnavailable::SequenceNotRecorded { why }
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
