//! A feed that follows a series. Its policy may be older than the latest one, but must never be
//! replaced by an older one.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use portcullis_store::{Feed, RedisStore, SequenceGuard, VerifyingReader};

use super::{
    series::{Series, number_of},
    server::eventually,
};
use crate::policies::now;

pub(crate) struct Followed(Feed);

impl Followed {
    pub(crate) fn start(url: &str) -> Self {
        let store = RedisStore::open(url).unwrap();
        Self(Feed::start(VerifyingReader::new(store, SequenceGuard::in_memory()), now).unwrap())
    }

    /// Checks every policy of the feed.
    pub(crate) fn watch(&self, series: &Series, is_done: &AtomicBool) {
        let (mut number, mut last) = (0, 0);
        while !is_done.load(Ordering::SeqCst) {
            if !self.0.wait_for_change(number, Duration::from_millis(20)) {
                continue;
            }
            let snapshot = self.0.snapshot();
            number = snapshot.number();
            if let Ok(policy) = snapshot.policy().policy() {
                let seq = policy.seq().unwrap();
                series.check_policy(0, policy);
                series.tally.stale.add(usize::from(seq < last));
                last = seq;
            }
        }
    }

    /// Waits until the feed has the n-th policy or a later one.
    pub(crate) fn await_number(&self, n: u64) {
        eventually("the last policy in the feed", || {
            let snapshot = self.0.snapshot();
            let policy = snapshot.policy().policy();
            policy.is_ok_and(|policy| number_of(policy) >= n)
        });
    }
}
