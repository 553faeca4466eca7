//! A feed that keeps the policy up to date, for services.

mod follower;
mod health;
mod metrics;
mod shared;
mod snapshot;

use std::{
    fmt, io,
    ops::Deref,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant as Tick},
};

use arc_swap::Guard;
use event_listener::{Listener as _, listener};
use follower::Follower;
pub use health::FeedHealth;
use shared::Shared;
pub use snapshot::PolicySnapshot;

use super::{PolicyStore, VerifyingReader};
use portcullis::types::Timestamp;

/// A thread that follows a store and keeps the current policy and halts in memory for decisions.
///
/// - [`Feed::snapshot`] returns them without a lock or an allocation, in nanoseconds.
/// - A publication, a withdrawal and a halt arrive within a second: the feed waits for update notifications of the
///   store, and also reads the store at least every 200 ms.
/// - A rejected policy (incomplete, forged, rolled back, unsigned) does not replace a policy that is in force, and
///   does not extend it. When the old policy expires, the policy is unavailable, and the reason is the rejection.
/// - A policy in force is withdrawn if a later one is rejected because its sequence cannot be recorded, or if the reader
///   requires a store that deletes no content and this store may delete some.
/// - If the policy is removed from the store, the feed withdraws it immediately.
/// - If the store is unreachable, the last policy stays active until it expires. The feed tries again after random
///   pauses, which grow from at most 50 ms to at most 2 s.
/// - Until the store has answered for the first time, there is no policy, so nothing is traded.
///
/// The feed has no clock of its own: the caller of [`Feed::start`] passes one. The feed records metrics (crate
/// `metrics`) and log lines (crate `tracing`); both have no effect in a program that installs no recorder or
/// subscriber.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use portcullis::{types::Timestamp, guardrails::Guardrails, policy::Policy};
/// use portcullis_store::{Feed, MemoryStore, Operator, PolicyStore, Publication, SequenceGuard, VerifyingReader};
///
/// # let text = r#"{"policy_version": "2", "valid_until_epoch": 200.5,
/// #     "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": {"BTCUSDT": 8},
/// #     "harvest_params": {"T1_R": 1, "T2_R": 2, "T3_R": 3, "lock_R": 1, "be_plus_pct": 0, "cost_bps": 10,
/// #         "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.6},
/// #     "kill_params": {"trend_min": 0.2, "sigma_ref": 0.01, "sigma_spike_cap": 2, "ts_ref": 0.3,
/// #         "ts_drop_cap": 1, "max_age_sec": 3600}}"#;
/// let store = Arc::new(MemoryStore::new());
/// let now = Timestamp::parse_epoch_seconds("100")?;
/// let reader = VerifyingReader::new(Arc::clone(&store), SequenceGuard::in_memory());
/// let feed = Feed::start(reader, move || now)?;
///
/// // Without a runtime; with one: `feed.changed_after(0).await`.
/// assert!(feed.wait_for_change(0, Duration::from_secs(10)));
/// let seen = feed.snapshot().number();
///
/// let publication = Publication::new(Policy::from_json(text)?, &Guardrails::none(), Operator::new("ada"), now)?;
/// store.publish(&publication, None)?;
/// assert!(feed.wait_for_change(seen, Duration::from_secs(10)));
/// assert_eq!(feed.snapshot().policy().policy().map(Policy::version), Ok("2"));
/// assert!(feed.health().is_connected());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Feed {
    shared: Arc<Shared>,
    follower: Option<JoinHandle<()>>,
}

/// A guard for the current policy snapshot, to be held for the duration of one decision.
///
/// A guard that is held longer stays valid, but its snapshot becomes outdated. Call
/// [`Feed::snapshot`] for each decision.
pub struct CurrentSnapshot(Guard<Arc<PolicySnapshot>>);

impl Feed {
    /// Starts the thread. `clock` returns the current UTC time, which is compared with the timestamps in policies.
    ///
    /// # Errors
    /// Returns an error if the system cannot create a thread.
    pub fn start<S: PolicyStore + 'static>(
        reader: VerifyingReader<S>,
        clock: impl Fn() -> Timestamp + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::new());
        let follower = Follower::new(reader, clock, Arc::clone(&shared));
        let thread = thread::Builder::new().name("policy".to_owned());
        let follower = thread.spawn(move || follower.follow())?;
        Ok(Self {
            shared,
            follower: Some(follower),
        })
    }

    /// Returns the current policy snapshot.
    #[must_use]
    pub fn snapshot(&self) -> CurrentSnapshot {
        CurrentSnapshot(self.shared.snapshot())
    }

    /// Returns the health of the feed.
    #[must_use]
    pub fn health(&self) -> FeedHealth {
        self.shared.health()
    }

    /// Waits at most `at_most` for a policy snapshot later than `number` ([`PolicySnapshot::number`]), and returns true if
    /// there is one. If `number` is 0, waits for the first answer of the store.
    #[must_use]
    pub fn wait_for_change(&self, number: u64, at_most: Duration) -> bool {
        #[expect(
            clippy::disallowed_methods,
            reason = "the deadline of a wait; no decision depends on it"
        )]
        let until = Tick::now().checked_add(at_most);
        loop {
            listener!(self.shared.changes => change);
            if self.snapshot().number() > number {
                return true;
            }
            let is_notified = match until {
                Some(until) => change.wait_deadline(until).is_some(),
                None => {
                    change.wait();
                    true
                }
            };
            if !is_notified {
                return self.snapshot().number() > number;
            }
        }
    }

    /// Waits at most `at_most` for a read of the store that begins after this call, and returns true if one succeeded.
    /// If it returns true, [`Self::snapshot`] contains content that was read after this call. This takes up to 200 ms
    /// if the store sends no update notification.
    #[must_use]
    pub fn wait_for_read(&self, at_most: Duration) -> bool {
        let (begun, _) = self.shared.read_numbers();
        #[expect(
            clippy::disallowed_methods,
            reason = "the deadline of a wait; no decision depends on it"
        )]
        let until = Tick::now().checked_add(at_most);
        loop {
            listener!(self.shared.reads => read);
            if self.shared.read_numbers().1 > begun {
                return true;
            }
            let is_notified = match until {
                Some(until) => read.wait_deadline(until).is_some(),
                None => {
                    read.wait();
                    true
                }
            };
            if !is_notified {
                return self.shared.read_numbers().1 > begun;
            }
        }
    }

    /// Waits for a policy snapshot later than `number`, without a time limit and without blocking the thread. It
    /// works with any async runtime.
    pub async fn changed_after(&self, number: u64) {
        loop {
            listener!(self.shared.changes => change);
            if self.snapshot().number() > number {
                return;
            }
            change.await;
        }
    }

    /// Stops the thread and waits until it has ended, which includes the end of a pending read of the store.
    pub fn stop(mut self) {
        self.shared.stop();
        if let Some(follower) = self.follower.take() {
            // A thread that panicked has ended as well.
            let _ = follower.join();
        }
    }
}

/// Stops the thread without waiting. The thread ends after a pending read of the store.
impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("snapshot", &*self.snapshot())
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

impl Deref for CurrentSnapshot {
    type Target = PolicySnapshot;

    fn deref(&self) -> &PolicySnapshot {
        &self.0
    }
}

impl fmt::Debug for CurrentSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
