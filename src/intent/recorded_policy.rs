//! The policy that a record names.

use crate::{json::Unreadable, types::PolicyHash};

/// The policy of a recorded decision, which has both `decided_at` and `policy_hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedPolicy {
    /// The record is not a recorded decision, so the policy that is active at its event time
    /// applies.
    NotRecorded,
    /// The decision was made without a policy, or the hash of its policy is unreadable.
    Missing,
    /// The decision was made under the policy with this hash.
    Hash(PolicyHash),
}

impl From<Result<PolicyHash, Unreadable>> for RecordedPolicy {
    fn from(hash: Result<PolicyHash, Unreadable>) -> Self {
        hash.map_or(Self::Missing, Self::Hash)
    }
}
