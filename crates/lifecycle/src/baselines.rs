//! The policies with which a draft is compared.

use portcullis::{
    policy::Policy,
    types::{SignedDuration, Timestamp},
};
use portcullis_store::{HistoryEntry, PolicyStore, StoreError};

/// The number of microseconds in 24 hours.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// The active policy, and the policy of 24 hours ago.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baselines {
    /// The policy in the store, also if it has expired.
    pub active: Option<Policy>,
    /// The policy that was published last, 24 hours ago or earlier. If the first publication is more recent, this is the
    /// first policy.
    pub day_ago: Option<Policy>,
}

impl Baselines {
    /// Reads the policies from a store and its history.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    pub fn read(store: &dyn PolicyStore, now: Timestamp) -> Result<Self, StoreError> {
        let active = store.stored()?.policy().ok();
        let before = now.saturating_add(SignedDuration::from_micros(-DAY));
        let mut window: usize = 64;
        loop {
            let entries = store.history(window)?;
            let is_earlier = |entry: &&HistoryEntry| {
                entry
                    .published_at()
                    .is_some_and(|published| published <= before)
            };
            let found = entries.iter().find(is_earlier);
            if found.is_none() && entries.len() >= window {
                window = window.saturating_mul(16);
                continue;
            }
            let day_ago = found.or(entries.last());
            return Ok(Self {
                active,
                day_ago: day_ago.and_then(|entry| entry.policy().ok().cloned()),
            });
        }
    }
}
