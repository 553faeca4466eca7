//! The state shared by a feed and its thread.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use arc_swap::{ArcSwap, Guard};
use event_listener::Event;

use super::{FeedHealth, PolicySnapshot};

pub(super) struct Shared {
    snapshot: ArcSwap<PolicySnapshot>,
    health: Mutex<FeedHealth>,
    pub(super) changes: Event,
    stop: AtomicBool,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(PolicySnapshot::unknown()),
            health: Mutex::new(FeedHealth::unknown()),
            changes: Event::new(),
            stop: AtomicBool::new(false),
        }
    }

    pub(super) fn snapshot(&self) -> Guard<Arc<PolicySnapshot>> {
        self.snapshot.load()
    }

    /// Replaces the policy snapshot and wakes all waiting callers.
    pub(super) fn set_snapshot(&self, snapshot: PolicySnapshot) {
        self.snapshot.store(Arc::new(snapshot));
        self.changes.notify(usize::MAX);
    }

    pub(super) fn health(&self) -> FeedHealth {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.clone()
    }

    pub(super) fn set_health(&self, health: FeedHealth) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
