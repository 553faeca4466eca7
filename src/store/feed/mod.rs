//! A policy that is kept up to date, for services.

mod backoff;
mod follower;
mod health;
mod ruling;
mod shared;
mod told;

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
pub use ruling::Ruling;
use shared::Shared;

use super::{PolicyStore, Reader};
use crate::domain::Instant;

/// Keeps up with a store in a thread of its own, so that whoever decides has what rules at hand.
///
/// - [`Feed::ruling`] reads it: without a lock, without an allocation, in nanoseconds.
/// - A publication, a withdrawal and a halt arrive within a second: the feed waits for the store to tell it of an
///   update, and asks again every 200 ms whatever it was told.
/// - A policy that is refused (torn, forged, rolled back, unsigned) does not displace one that is in force, and
///   does not lengthen its days; when those are over, the refusal is the reason why there is none.
/// - A policy that is gone is withdrawn at once.
/// - A store that cannot be reached leaves what ruled last; a policy then ends by its own expiry. The feed tries
///   again after a pause that grows from 50 ms to 2 s, and is never the same for two feeds.
/// - Until the store has answered once there is no policy, and so nothing is traded.
///
/// There is no clock in it: whoever starts it gives one. What it does it counts (crate `metrics`) and tells
/// (crate `tracing`); both are nothing to a program that asks for neither.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use portcullis::{domain::Instant, guardrails::Guardrails, policy::Policy};
/// use portcullis::store::{Feed, MemoryStore, Operator, PolicyStore, Publication, Reader, SequenceGuard};
///
/// # let text = r#"{"policy_version": "2", "valid_until_epoch": 200.5,
/// #     "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": {"BTCUSDT": 8},
/// #     "harvest_params": {"T1_R": 1, "T2_R": 2, "T3_R": 3, "lock_R": 1, "be_plus_pct": 0, "cost_bps": 10,
/// #         "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.6},
/// #     "kill_params": {"trend_min": 0.2, "sigma_ref": 0.01, "sigma_spike_cap": 2, "ts_ref": 0.3,
/// #         "ts_drop_cap": 1, "max_age_sec": 3600}}"#;
/// let store = Arc::new(MemoryStore::new());
/// let now = Instant::parse_epoch_seconds("100")?;
/// let reader = Reader::new(Arc::clone(&store), SequenceGuard::in_memory());
/// let feed = Feed::start(reader, move || now)?;
///
/// // Without a runtime; with one: `feed.changed_after(0).await`.
/// assert!(feed.wait_for_change(0, Duration::from_secs(10)));
/// let seen = feed.ruling().number();
///
/// let publication = Publication::new(Policy::from_json(text)?, &Guardrails::none(), Operator::new("ada"), now)?;
/// store.publish(&publication, None)?;
/// assert!(feed.wait_for_change(seen, Duration::from_secs(10)));
/// assert_eq!(feed.ruling().policy().policy().map(Policy::version), Ok("2"));
/// assert!(feed.health().is_connected());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Feed {
    shared: Arc<Shared>,
    follower: Option<JoinHandle<()>>,
}

/// What rules at a moment, for as long as one decision takes.
///
/// One that is held for longer is still sound, and old: read another.
pub struct CurrentRuling(Guard<Arc<Ruling>>);

impl Feed {
    /// Starts to follow. `clock` tells the time of this machine, as the policies tell theirs.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start<S: PolicyStore + 'static>(
        reader: Reader<S>,
        clock: impl Fn() -> Instant + Send + 'static,
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

    /// What rules now.
    #[must_use]
    pub fn ruling(&self) -> CurrentRuling {
        CurrentRuling(self.shared.ruling())
    }

    /// How the feed fares.
    #[must_use]
    pub fn health(&self) -> FeedHealth {
        self.shared.health()
    }

    /// Waits, at most so long, for a ruling later than the one of this [number](Ruling::number); whether there is
    /// one. After 0: until the store has answered once.
    #[must_use]
    pub fn wait_for_change(&self, number: u64, at_most: Duration) -> bool {
        #[expect(
            clippy::disallowed_methods,
            reason = "the end of a wait, which no decision depends on"
        )]
        let until = Tick::now().checked_add(at_most);
        loop {
            listener!(self.shared.changes => change);
            if self.ruling().number() > number {
                return true;
            }
            let told = match until {
                Some(until) => change.wait_deadline(until).is_some(),
                None => {
                    change.wait();
                    true
                }
            };
            if !told {
                return self.ruling().number() > number;
            }
        }
    }

    /// As [`Self::wait_for_change`], for programs with a runtime, whichever it is: waits without blocking a
    /// thread, and for as long as it takes.
    pub async fn changed_after(&self, number: u64) {
        loop {
            listener!(self.shared.changes => change);
            if self.ruling().number() > number {
                return;
            }
            change.await;
        }
    }

    /// Ends it, and waits until it has ended: as long as the store takes for the answer that it owes.
    pub fn stop(mut self) {
        self.shared.stop();
        if let Some(follower) = self.follower.take() {
            // One that panicked has ended too.
            let _ = follower.join();
        }
    }
}

/// The thread ends by itself, within the time that the store takes for an answer.
impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("ruling", &*self.ruling())
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

impl Deref for CurrentRuling {
    type Target = Ruling;

    fn deref(&self) -> &Ruling {
        &self.0
    }
}

impl fmt::Debug for CurrentRuling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
