//! What can go wrong, and what to do about it.

use std::fmt;

use thiserror::Error;

use super::{Breach, Which};
use crate::{
    domain::{Instant, PolicyHash},
    policy::{PolicyAbsence, PolicyRefusal},
};

/// A store does not do what it is for. The text names the store without its password, says why, and what to
/// do next.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// It cannot be reached, read or written.
    #[error("{store} is not available: {why}; nothing was changed, bring it back and try again")]
    Unavailable {
        /// Which one.
        store: String,
        /// In the words of the system, or of the server.
        why: String,
    },
    /// It takes no writes.
    #[error("{store} takes no writes ({why}); write to the primary, or make it writable")]
    ReadOnly {
        /// Which one.
        store: String,
        /// In the words of the system, or of the server.
        why: String,
    },
    /// Something lies where the store keeps its own, and the store did not write it.
    #[error("{what} is not what this store writes there: {why}; move it away and try again")]
    Foreign {
        /// The key, or the file.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else wrote at each of many attempts.
    #[error("{store} changed under every attempt; nothing was changed, try again")]
    Contended {
        /// Which one.
        store: String,
    },
    /// It went away in the middle of a step, which it may or may not have taken.
    #[error(
        "{store} went away in the middle of a step ({why}): whether it was taken is not known; load before you try again"
    )]
    OutcomeUnknown {
        /// Which one.
        store: String,
        /// In the words of the system.
        why: String,
    },
    /// An address that leads to no store.
    #[error("no store: {0}")]
    Address(String),
}

/// Why a load gave no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// The store answered, and what it holds is no policy for this reader.
    Absent(PolicyAbsence),
    /// The store did not answer.
    Store(StoreError),
}

impl LoadError {
    /// The reason that a decision gives: what the store answered, or that it did not.
    #[must_use]
    pub fn absence(&self) -> PolicyAbsence {
        match self {
            Self::Absent(absence) => absence.clone(),
            Self::Store(_) => PolicyAbsence::StoreUnavailable,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => fmt::Display::fmt(error, f),
            Self::Absent(absence) => {
                let next = match absence {
                    PolicyAbsence::NotFound | PolicyAbsence::HashUnknown(_) => "publish one",
                    PolicyAbsence::Refused(_) => "publish a whole one, or roll back",
                    PolicyAbsence::SignatureInvalid => {
                        "sign it with a trusted key, or trust its key"
                    }
                    PolicyAbsence::RolledBack { .. } => "publish with a higher `policy_seq`",
                    PolicyAbsence::StoreUnavailable => "bring the store back",
                };
                write!(f, "{absence}; {next}")
            }
        }
    }
}

impl std::error::Error for LoadError {}

impl From<PolicyAbsence> for LoadError {
    fn from(absence: PolicyAbsence) -> Self {
        Self::Absent(absence)
    }
}

impl From<StoreError> for LoadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Why nothing was published.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PublishError {
    /// The store holds something else than the writer saw.
    #[error("the store holds {}, and the writer saw {}; look at it and publish again", hash_or_none(.found), hash_or_none(.expected))]
    Conflict {
        /// What the writer saw.
        expected: Option<PolicyHash>,
        /// What is there.
        found: Option<PolicyHash>,
    },
    /// The sequence was used before, or lies below one that was.
    #[error("`policy_seq` {offered} is not higher than {highest}; give a higher one, or none")]
    SequenceNotHigher {
        /// The sequence of the policy.
        offered: u64,
        /// The highest so far.
        highest: u64,
    },
    /// The policy is signed and has no sequence: to give it one would break its signature.
    #[error(
        "the policy is signed and has no `policy_seq`; sign it with one, or publish it with the signing key"
    )]
    SignedWithoutSequence,
    /// No instant is left at which it could be in force.
    #[error(
        "the policy ends at {valid_until}, and nothing of it is left at {now}; give it a later end"
    )]
    NeverInForce {
        /// When it ends.
        valid_until: Instant,
        /// The instant of the publication, or of its beginning where that is later.
        now: Instant,
    },
    /// It is beyond the operator's guardrails.
    #[error("the guardrails do not permit the policy: {}; change the policy, or the guardrails", list(.0))]
    Constraint(Vec<Breach>),
    /// The fields would be no policy.
    #[error("{0}")]
    Refused(#[from] PolicyRefusal),
    /// The history does not hold it.
    #[error("no publication with {0} is in the history; list it and choose another")]
    NotInHistory(Which),
    /// The store did not take it.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl PublishError {
    /// The stable code of the reason, where a decision has the same reason.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Conflict { .. } | Self::SignedWithoutSequence | Self::NotInHistory(_) => None,
            Self::SequenceNotHigher { .. } => Some("POLICY_ROLLED_BACK"),
            Self::NeverInForce { .. } => Some("POLICY_STALE"),
            Self::Constraint(_) => Some("POLICY_CONSTRAINT_VIOLATION"),
            Self::Refused(refusal) => Some(refusal.fault().code()),
            Self::Store(_) => Some("POLICY_STORE_UNAVAILABLE"),
        }
    }
}

fn hash_or_none(hash: &Option<PolicyHash>) -> String {
    hash.map_or_else(|| "no policy".to_owned(), |hash| hash.to_string())
}

fn list(breaches: &[Breach]) -> String {
    let texts: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
