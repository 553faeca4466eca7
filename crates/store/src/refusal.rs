//! Refused publications.

use portcullis::types::{PolicyHash, Timestamp};

use super::Operator;

/// A publication that was refused before it reached the store, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationRefusal {
    /// The hash of the refused policy.
    pub policy_hash: PolicyHash,
    /// The version of the refused policy.
    pub policy_version: String,
    /// The stable code of the reason.
    pub code: &'static str,
    /// The explanation.
    pub detail: String,
    /// The operator who tried to publish.
    pub operator: Operator,
    /// The time of the attempt.
    pub at: Timestamp,
}
