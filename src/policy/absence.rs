//! Why there is no policy.

use thiserror::Error;

use super::PolicyRefusal;
use crate::domain::PolicyHash;

/// Why whoever asks has no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyAbsence {
    /// There is none, or it was withdrawn.
    #[error("no policy")]
    NotFound,
    /// A record names the policy that it was judged by, and nobody here has seen that one.
    #[error("no policy with the hash {0}")]
    HashUnknown(PolicyHash),
    /// There is a text, and it is no policy.
    #[error("{0}")]
    Refused(PolicyRefusal),
    /// Keys are trusted, and none of them signed this policy.
    #[error("no trusted key signed the policy")]
    SignatureInvalid,
    /// A later publication has been seen.
    #[error("sequence {} after {seen}", .offered.map_or_else(|| "none".to_owned(), |seq| seq.to_string()))]
    RolledBack {
        /// The highest sequence seen so far.
        seen: u64,
        /// The sequence of the policy offered, if it has one.
        offered: Option<u64>,
    },
    /// The store cannot be reached, and there never was a policy.
    #[error("the policy store cannot be reached")]
    StoreUnavailable,
}

impl PolicyAbsence {
    /// The stable code of the reason that a decision gives.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound | Self::HashUnknown(_) => "POLICY_MISSING",
            Self::Refused(refusal) => refusal.fault().code(),
            Self::SignatureInvalid => "POLICY_SIGNATURE_INVALID",
            Self::RolledBack { .. } => "POLICY_ROLLED_BACK",
            Self::StoreUnavailable => "POLICY_STORE_UNAVAILABLE",
        }
    }
}

impl From<PolicyRefusal> for PolicyAbsence {
    fn from(refusal: PolicyRefusal) -> Self {
        Self::Refused(refusal)
    }
}
