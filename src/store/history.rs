//! What was published before.

use std::{collections::BTreeMap, fmt};

use super::Record;
use crate::{
    domain::{Instant, PolicyHash},
    policy::{Policy, PolicyAbsence, PolicyRefusal, field},
};

/// Which publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one of this hash.
    Hash(PolicyHash),
    /// The one of this sequence.
    Seq(u64),
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => write!(f, "the hash {hash}"),
            Self::Seq(seq) => write!(f, "the sequence {seq}"),
        }
    }
}

/// One publication.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    record: Record,
    policy: Result<Policy, PolicyAbsence>,
}

impl HistoryEntry {
    pub(super) fn new(record: Record) -> Self {
        let text = record.get("policy").unwrap_or("");
        let fields = serde_json::from_str::<BTreeMap<String, String>>(text);
        let policy = match fields {
            Ok(fields) => Policy::from_fields(fields).map_err(PolicyAbsence::Refused),
            Err(error) => Err(PolicyAbsence::Refused(PolicyRefusal::unreadable(
                "policy",
                text,
                &format!("a JSON object of texts ({error})"),
            ))),
        };
        Self { record, policy }
    }

    /// The policy as it was published: it is read and checked anew.
    ///
    /// # Errors
    /// What the history holds is no policy (any longer).
    pub const fn policy(&self) -> Result<&Policy, &PolicyAbsence> {
        self.policy.as_ref()
    }

    /// `policy_seq`.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.record.number(field::POLICY_SEQ)
    }

    /// `policy_hash`.
    #[must_use]
    pub fn hash(&self) -> Option<PolicyHash> {
        PolicyHash::parse(self.record.get(field::POLICY_HASH)?).ok()
    }

    /// `policy_version`.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.record.get(field::POLICY_VERSION)
    }

    /// When it was published.
    #[must_use]
    pub fn published_at(&self) -> Option<Instant> {
        self.record.instant("published_at_epoch")
    }

    /// The hash of the publication that it went back to, if it went back to one.
    #[must_use]
    pub fn rollback_of(&self) -> Option<PolicyHash> {
        PolicyHash::parse(self.record.get("rollback_of")?).ok()
    }

    /// Who published it.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.record.get("by")
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.record.get("reason")
    }

    pub(super) fn is(&self, which: Which) -> bool {
        match which {
            Which::Hash(hash) => self.hash() == Some(hash),
            Which::Seq(seq) => self.seq() == Some(seq),
        }
    }
}
