//! The publication history.

use std::{collections::BTreeMap, fmt};

use super::FieldMap;
use portcullis::{
    policy::{InvalidPolicyError, Policy, PolicyUnavailable, field},
    types::{PolicyHash, Timestamp},
};

/// The field of a history entry with the derivation of the policy.
pub(super) const DERIVATION: &str = "derivation";
/// The field of a history entry with the result of the publish gate.
pub(super) const GATE: &str = "gate";

/// The identity of a publication: its hash or its sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationId {
    /// The publication with this hash.
    Hash(PolicyHash),
    /// The publication with this sequence.
    Seq(u64),
}

impl fmt::Display for PublicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => write!(f, "the hash {hash}"),
            Self::Seq(seq) => write!(f, "the sequence {seq}"),
        }
    }
}

/// One publication in the history.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    record: FieldMap,
    policy: Result<Policy, PolicyUnavailable>,
}

impl HistoryEntry {
    pub(super) fn new(record: FieldMap) -> Self {
        let text = record.get("policy").unwrap_or("");
        let fields = serde_json::from_str::<BTreeMap<String, String>>(text);
        let policy = match fields {
            Ok(fields) => Policy::from_fields(fields).map_err(PolicyUnavailable::Invalid),
            Err(error) => Err(PolicyUnavailable::Invalid(InvalidPolicyError::unreadable(
                "policy",
                text,
                &format!("a JSON object of texts ({error})"),
            ))),
        };
        Self { record, policy }
    }

    /// Returns the policy as it was published, validated again.
    ///
    /// # Errors
    /// Returns an error if the stored fields are not a valid policy, for example because this version checks more than
    /// the version that published them.
    pub const fn policy(&self) -> Result<&Policy, &PolicyUnavailable> {
        self.policy.as_ref()
    }

    /// Returns the sequence, from the field `policy_seq`. `None` if it is absent or not a number.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.record.number(field::POLICY_SEQ)
    }

    /// Returns the hash, from the field `policy_hash`. `None` if it is absent or not a hash.
    #[must_use]
    pub fn hash(&self) -> Option<PolicyHash> {
        self.record.get(field::POLICY_HASH)?.parse().ok()
    }

    /// Returns the version, from the field `policy_version`. `None` if it is absent.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.record.get(field::POLICY_VERSION)
    }

    /// Returns the time of the publication.
    #[must_use]
    pub fn published_at(&self) -> Option<Timestamp> {
        self.record.instant("published_at_epoch")
    }

    /// Returns the hash of the earlier publication, if this one is a rollback.
    #[must_use]
    pub fn rollback_of(&self) -> Option<PolicyHash> {
        self.record.get("rollback_of")?.parse().ok()
    }

    /// Returns the hash of the arm, if this was the promotion of one.
    #[must_use]
    pub fn promotion_of(&self) -> Option<PolicyHash> {
        self.record.get("promotion_of")?.parse().ok()
    }

    /// Returns the name of the operator.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.record.get("by")
    }

    /// Returns the operator's reason, if one was given.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.record.get("reason")
    }

    /// Returns the derivation of the policy as JSON, if it was stored.
    #[must_use]
    pub fn derivation(&self) -> Option<&str> {
        self.record.get(DERIVATION)
    }

    /// Returns the result of the publish gate as JSON, if it was stored.
    #[must_use]
    pub fn gate(&self) -> Option<&str> {
        self.record.get(GATE)
    }

    pub(super) fn is(&self, id: PublicationId) -> bool {
        match id {
            PublicationId::Hash(hash) => self.hash() == Some(hash),
            PublicationId::Seq(seq) => self.seq() == Some(seq),
        }
    }
}
