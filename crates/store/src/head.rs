//! The end of the audit log of a store.

use super::FieldMap;

/// The end of the audit log, and the highest sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of entries that were written to the audit log.
    pub entries: u64,
    /// The digest of the last entry; 64 zeros before the first.
    pub last: String,
    /// The highest `policy_seq` published so far.
    pub seq: Option<u64>,
    /// The highest sequence of a policy set so far.
    pub set_seq: Option<u64>,
    /// True if the policy was released to other programs ([`PolicyStore::release`](super::PolicyStore::release)) after
    /// the last publication.
    pub is_released: bool,
}

impl Head {
    /// Returns the head of an empty store.
    #[must_use]
    pub fn start() -> Self {
        Self {
            entries: 0,
            last: "0".repeat(64),
            seq: None,
            set_seq: None,
            is_released: false,
        }
    }

    /// Returns the head after an audit entry, after the publication of `seq` if there is one, and after a change of the
    /// policy set to `set_seq` if there is one.
    pub(super) fn after(&self, audit: &FieldMap, seq: Option<u64>, set_seq: Option<u64>) -> Self {
        Self {
            entries: self.entries.saturating_add(1),
            last: audit.digest(),
            seq: seq.or(self.seq),
            set_seq: set_seq.or(self.set_seq),
            is_released: self.is_released && seq.is_none(),
        }
    }
}
