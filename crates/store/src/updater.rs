//! Conditions that a store checks when an updater publishes.

use portcullis::types::{SignedDuration, Timestamp};
use thiserror::Error;

/// Conditions that the store checks in the same step as a publication, so that an updater that was paused or replaced
/// cannot publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishConditions {
    /// The token of the lease that must be held ([`PolicyStore::acquire_lease`](crate::PolicyStore::acquire_lease)).
    pub lease: String,
    /// The time at which the features of the policy end.
    pub features_end: Timestamp,
    /// The maximum age of the features. A Redis store measures it by the clock of the server, and other stores by the
    /// time of the publication.
    pub max_feature_age: SignedDuration,
}

/// A condition of a publication that was not met. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnmetCondition {
    /// Another instance holds the lease, or it has expired.
    #[error(
        "the lease of the updater is lost or has expired; check for a second updater on this store, or use a longer interval"
    )]
    Lease,
    /// The features are older than permitted.
    #[error("the features are older than `max_feature_age_sec`; check the source of the features")]
    FeatureAge,
    /// The features end in the future.
    #[error(
        "the features end in the future; check the clocks of the server and of the source of the candles"
    )]
    FutureFeatures,
}

impl PublishConditions {
    /// Checks the conditions at the time `now`.
    pub(crate) fn check(&self, is_held: bool, now: Timestamp) -> Result<(), UnmetCondition> {
        if !is_held {
            Err(UnmetCondition::Lease)
        } else if self.features_end > now {
            Err(UnmetCondition::FutureFeatures)
        } else if now.since(self.features_end) > self.max_feature_age {
            Err(UnmetCondition::FeatureAge)
        } else {
            Ok(())
        }
    }
}
