//! Publications.

use portcullis::{policy::Policy, types::Timestamp};

/// A policy, and the time of its publication.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The policy.
    pub policy: Policy,
    /// The time of the publication.
    pub at: Timestamp,
}
