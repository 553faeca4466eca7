//! The reasons why a policy is unavailable.

use thiserror::Error;

use super::InvalidPolicyError;
use crate::types::PolicyHash;

/// The reason why a policy is unavailable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyUnavailable {
    /// No policy was published, or it was withdrawn.
    #[error("no policy")]
    NotFound,
    /// A recorded decision names the hash of a policy that is unknown to the replay.
    #[error("the policy with hash {0} is unknown")]
    HashUnknown(PolicyHash),
    /// The stored text is not a valid policy.
    #[error(transparent)]
    Invalid(#[from] InvalidPolicyError),
    /// Signatures are required, and no trusted key signed this policy.
    #[error("the policy is not signed by a trusted key")]
    SignatureInvalid,
    /// The reader has already seen a policy with a higher sequence, or another policy with the same
    /// sequence.
    #[error(
        "the policy has {}; another policy with sequence {seen} was already seen",
        .offered.map_or_else(|| "no sequence".to_owned(), |seq| format!("sequence {seq}"))
    )]
    RolledBack {
        /// The highest sequence that the reader has seen.
        seen: u64,
        /// The sequence of the rejected policy, if it has one.
        offered: Option<u64>,
    },
    /// The store is unreachable, and no policy was read before.
    #[error("the policy store cannot be reached")]
    StoreUnavailable,
}
