//! The errors of policy stores.

use thiserror::Error;

use super::{PublicationId, UnmetCondition};
use portcullis::{
    decide::SkipCode,
    guardrails::ConstraintViolation,
    policy::{InvalidPolicyError, PolicyUnavailable},
    types::{PolicyHash, Timestamp},
};

/// An error of a policy store. The text contains the store (without its password), the cause and the next step.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached, read or written.
    #[error(
        "{store} is not available: {why}; nothing was changed; restore the connection to the store and try again"
    )]
    Unavailable {
        /// The name of the store, without the password.
        store: String,
        /// The message of the operating system or of the server.
        why: String,
    },
    /// The store is read-only.
    #[error("{store} is read-only ({why}); write to the primary, or make the store writable")]
    ReadOnly {
        /// The name of the store, without the password.
        store: String,
        /// The message of the operating system or of the server.
        why: String,
    },
    /// A key or file of the store has content that the store did not write.
    #[error("{what} is not in the format of this store: {why}; move it elsewhere and try again")]
    Foreign {
        /// The name of the key or the path of the file.
        what: String,
        /// The reason why its content is invalid.
        why: String,
    },
    /// Another writer changed the store during every attempt.
    #[error(
        "another writer changed {store} during every attempt; this call changed nothing; try again"
    )]
    Contended {
        /// The name of the store, without the password.
        store: String,
    },
    /// The connection or the disk failed during a change. The change may or may not have been applied.
    #[error(
        "{store} failed during a change ({why}): it is unknown whether the change was applied; read the stored policy and halts before you try again"
    )]
    OutcomeUnknown {
        /// The name of the store, without the password.
        store: String,
        /// The message of the operating system or of the client.
        why: String,
    },
    /// The address of a store is invalid, or this build cannot open it.
    #[error("invalid address: {0}")]
    Address(String),
}

/// The reason why a load returned no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The store answered, but it has no policy that this reader accepts.
    #[error("{unavailable}{next}", unavailable = .0, next = next_step(.0))]
    Absent(#[from] PolicyUnavailable),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LoadError {
    /// Returns the reason why the policy is unavailable, for a decision.
    #[must_use]
    pub fn absence(&self) -> PolicyUnavailable {
        match self {
            Self::Absent(absence) => absence.clone(),
            Self::Store(_) => PolicyUnavailable::StoreUnavailable,
        }
    }
}

/// An error of a publication or a rollback.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The store does not hold the policy that the writer expected.
    #[error("the store contains {}, but this publication was prepared against {}; review the stored policy and publish again", hash_or_none(.found), hash_or_none(.expected))]
    Conflict {
        /// The hash that the writer expected; `None` if it expected no policy.
        expected: Option<PolicyHash>,
        /// The hash of the policy in the store; `None` if there is no policy.
        found: Option<PolicyHash>,
    },
    /// The sequence is not above the highest one so far.
    #[error(
        "`policy_seq` {offered} is not higher than {highest}; use a higher one, or omit the field"
    )]
    SequenceNotHigher {
        /// The sequence of the policy.
        offered: u64,
        /// The highest sequence so far.
        highest: u64,
    },
    /// The policy is signed and has no sequence. Adding one would invalidate the signature.
    #[error(
        "the policy is signed and has no `policy_seq`; add one before signing, or publish with the signing key"
    )]
    SignedWithoutSequence,
    /// The policy would never be in force.
    #[error(
        "the policy expires at {valid_until}, which is before {now}; set a later `valid_until_epoch`"
    )]
    NeverInForce {
        /// The expiry of the policy.
        valid_until: Timestamp,
        /// The time of the publication, or `valid_from_epoch` if that is later.
        now: Timestamp,
    },
    /// The policy violates the guardrails.
    #[error("the policy violates the guardrails: {}; change the policy or the guardrails", list(.0))]
    ConstraintViolation(Vec<ConstraintViolation<String>>),
    /// The fields are not a valid policy.
    #[error(transparent)]
    Refused(#[from] InvalidPolicyError),
    /// The history does not contain the publication.
    #[error("the history has no publication with {0}; list the history and choose another")]
    NotInHistory(PublicationId),
    /// A condition of the publication is not met.
    #[error("{0}; nothing was published")]
    Unmet(#[from] UnmetCondition),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PublishError {
    /// Returns the skip code that corresponds to this error, if there is one.
    #[must_use]
    pub fn code(&self) -> Option<SkipCode> {
        match self {
            Self::Conflict { .. }
            | Self::SignedWithoutSequence
            | Self::NotInHistory(_)
            | Self::Unmet(_) => None,
            Self::SequenceNotHigher { .. } => Some(SkipCode::PolicyRolledBack),
            Self::NeverInForce { .. } => Some(SkipCode::PolicyStale),
            Self::ConstraintViolation(_) => Some(SkipCode::PolicyConstraintViolation),
            Self::Refused(error) => Some(error.fault().into()),
            Self::Store(_) => Some(SkipCode::PolicyStoreUnavailable),
        }
    }
}

const fn next_step(unavailable: &PolicyUnavailable) -> &'static str {
    match unavailable {
        PolicyUnavailable::NotFound | PolicyUnavailable::HashUnknown(_) => "; publish one",
        PolicyUnavailable::Invalid(_) => "; publish a valid policy, or roll back",
        PolicyUnavailable::SignatureInvalid => {
            "; sign the policy with a trusted key, or add the key that signed it to the trusted keys"
        }
        PolicyUnavailable::RolledBack { .. } => {
            "; publish a policy with a higher sequence (`policy_seq`)"
        }
        PolicyUnavailable::StoreUnavailable => {
            "; start the policy store, or restore the connection to it"
        }
        PolicyUnavailable::SequenceNotRecorded { .. } => "; make the file writable",
        // These texts already contain the next step.
        PolicyUnavailable::StoreUnsafe { .. } | PolicyUnavailable::WrittenByOther { .. } => "",
    }
}

/// An error of a release.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The given sequence is not that of the last publication.
    #[error(
        "the last publication has {}, not sequence {given}; nothing was released; list the publications with `portcullis policy history`",
        .highest.map_or_else(|| "no sequence".to_owned(), |seq| format!("sequence {seq}"))
    )]
    NotLast {
        /// The given sequence.
        given: u64,
        /// The sequence of the last publication; `None` if there is none.
        highest: Option<u64>,
    },
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn hash_or_none(hash: &Option<PolicyHash>) -> String {
    hash.map_or_else(|| "no policy".to_owned(), |hash| hash.to_string())
}

fn list(violations: &[ConstraintViolation<String>]) -> String {
    let texts: Vec<String> = violations.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
