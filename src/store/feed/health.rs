//! How a feed fares.

use crate::{
    domain::{Instant, Span},
    policy::PolicyAbsence,
    store::StoreError,
};

/// How a feed fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHealth {
    pub(super) last_good_read: Option<Instant>,
    pub(super) away: Option<StoreError>,
    pub(super) refused: Option<PolicyAbsence>,
}

impl FeedHealth {
    pub(super) const fn unknown() -> Self {
        Self {
            last_good_read: None,
            away: None,
            refused: None,
        }
    }

    /// Whether the store answered when it was asked last. Before it has ever answered: no.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.away.is_none() && self.last_good_read.is_some()
    }

    /// Why the store did not answer when it was asked last.
    #[must_use]
    pub const fn away(&self) -> Option<&StoreError> {
        self.away.as_ref()
    }

    /// When the store answered last, whatever it held, by the feed's clock.
    #[must_use]
    pub const fn last_good_read(&self) -> Option<Instant> {
        self.last_good_read
    }

    /// How long ago that was.
    #[must_use]
    pub fn age(&self, now: Instant) -> Option<Span> {
        self.last_good_read.map(|at| now.since(at))
    }

    /// What the store holds in the policy's place and the feed does not take, and why. Another policy may be in
    /// force meanwhile.
    #[must_use]
    pub const fn refused(&self) -> Option<&PolicyAbsence> {
        self.refused.as_ref()
    }
}
