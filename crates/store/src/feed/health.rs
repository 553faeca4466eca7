//! The health of a feed.

use crate::StoreError;
use portcullis::{policy::PolicyUnavailable, types::Timestamp};

/// The health of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHealth {
    pub(super) last_good_read: Option<Timestamp>,
    pub(super) error: Option<StoreError>,
    pub(super) refused: Option<PolicyUnavailable>,
}

impl FeedHealth {
    pub(super) const fn unknown() -> Self {
        Self {
            last_good_read: None,
            error: None,
            refused: None,
        }
    }

    /// Returns true if the last read succeeded; false before the first answer.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.error.is_none() && self.last_good_read.is_some()
    }

    /// Returns the error of the last read, if it failed.
    #[must_use]
    pub const fn error(&self) -> Option<&StoreError> {
        self.error.as_ref()
    }

    /// Returns the time of the last successful read by the feed's clock, even if the store held no valid policy.
    #[must_use]
    pub const fn last_good_read(&self) -> Option<Timestamp> {
        self.last_good_read
    }

    /// Returns the reason why the feed rejected the stored policy, if it did. An earlier policy may still be in
    /// force.
    #[must_use]
    pub const fn refused(&self) -> Option<&PolicyUnavailable> {
        self.refused.as_ref()
    }
}
