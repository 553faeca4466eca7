//! The reasons why a stored policy set is rejected.

use portcullis::types::PolicyHash;
use thiserror::Error;

/// The reason why a reader rejects the policy set of a store. Then the live policy decides everything.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicySetError {
    /// The text is not a policy set with the policies that it names.
    #[error("the stored policy set is not valid: {0}; start the rollout again")]
    Invalid(String),
    /// No trusted key signed the set.
    #[error("no trusted key signed the policy set; start the rollout with a trusted signing key")]
    NotSigned,
    /// No trusted key signed the policy of an arm.
    #[error(
        "no trusted key signed the policy of the arm {0}; start the arm with a trusted signing key"
    )]
    ArmNotSigned(PolicyHash),
    /// The sequence of the set is lower than one that was seen before, or it belongs to another set.
    #[error(
        "the policy set has the sequence {offered}, but sequence {seen} was seen before; change the set again"
    )]
    RolledBack {
        /// The highest sequence that was seen.
        seen: u64,
        /// The sequence of the rejected set.
        offered: u64,
    },
    /// The sequence of the set cannot be saved.
    #[error("the sequence of the policy set cannot be saved: {why}; make the file writable")]
    NotRecorded {
        /// The cause.
        why: String,
    },
}
