//! The reasons why a policy is unavailable.

use thiserror::Error;

use super::InvalidPolicyError;
use crate::types::PolicyHash;

const PUBLISH_OR_RELEASE: &str = "publish again with `portcullis policy publish`, or leave the key to that program with `portcullis policy release`";
const RESTART: &str = "the key was released: remove the sequence file of this service, if it has one, and start it again";

/// The reason why a policy is unavailable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyUnavailable {
    /// No policy was published, or it was withdrawn.
    #[error("no policy")]
    NotFound,
    /// A recorded decision names the hash of a policy that is unknown to the replay.
    #[error("the policy of the recorded decision, with hash {0}, is not on the tape")]
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
    /// The reader must remember the sequence of every policy that it uses, and cannot record the sequence of this one.
    #[error("the sequence of the policy cannot be recorded: {why}")]
    SequenceNotRecorded {
        /// The file, and the error of the operating system.
        why: String,
    },
    /// The reader requires a store that keeps every key, and this store may delete some.
    #[error("the policy store may lose its content: {why}")]
    StoreUnsafe {
        /// The setting of the store.
        why: String,
    },
    /// The policy is rejected, and it differs from that of the last publication: another program has changed it.
    #[error(
        "{refusal}; the fields were written by another program after publication {publication}; {}",
        if *.is_released { RESTART } else { PUBLISH_OR_RELEASE }
    )]
    WrittenByOther {
        /// The sequence of the last publication.
        publication: u64,
        /// True if the policy was released to other programs after the last publication.
        is_released: bool,
        /// The reason why the policy is rejected.
        refusal: Box<Self>,
    },
}
