//! The errors of policy sets in a store.

use portcullis::types::PolicyHash;
use portcullis_rollout::Refusal;
use thiserror::Error;

use crate::{PublishError, StoreError};

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

/// An error of a change of the policy set. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RolloutError {
    /// The store has no valid policy, so there is no live policy.
    #[error(
        "the store has no valid policy, so nothing can be tried beside it; publish a policy first"
    )]
    NoLive,
    /// The store has no policy set.
    #[error("the store has no policy set; start an arm with `portcullis policy rollout start`")]
    NoSet,
    /// The stored set is not valid.
    #[error(transparent)]
    Set(#[from] PolicySetError),
    /// The stored set is signed, and the change has no signer. Only an abort and the kill switch need none.
    #[error(
        "the policy set is signed, and readers with trusted keys would reject it without a signature; use a signing key"
    )]
    NoSigner,
    /// The change is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The policy of a promoted arm cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RolloutError {
    /// Returns the stable code, such as `ROLLOUT_NO_SYMBOL`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoLive => "ROLLOUT_NO_LIVE",
            Self::NoSet => "ROLLOUT_NO_SET",
            Self::Set(_) => "ROLLOUT_SET_REJECTED",
            Self::NoSigner => "ROLLOUT_NO_SIGNER",
            Self::Refused(refusal) => refusal.code(),
            Self::Publish(error) => error
                .code()
                .map_or("ROLLOUT_NOT_PUBLISHED", |code| code.code()),
            Self::Store(_) => "ROLLOUT_STORE_UNAVAILABLE",
        }
    }
}
