//! The state shared by a feed and its thread.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use arc_swap::{ArcSwap, Guard};
use event_listener::Event;

use super::{FeedHealth, PolicySnapshot};

pub(super) struct Shared {
    snapshot: ArcSwap<PolicySnapshot>,
    health: Mutex<FeedHealth>,
    pub(super) changes: Event,
    /// Notified at the end of each successful read.
    pub(super) reads: Event,
    /// The number of reads that have begun.
    begun: AtomicU64,
    /// The number of the last successful read.
    ended: AtomicU64,
    stop: AtomicBool,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(PolicySnapshot::unknown()),
            health: Mutex::new(FeedHealth::unknown()),
            changes: Event::new(),
            reads: Event::new(),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    pub(super) fn snapshot(&self) -> Guard<Arc<PolicySnapshot>> {
        self.snapshot.load()
    }

    /// Begins a read of the store, and returns its number.
    pub(super) fn begin_read(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    /// Ends a successful read, after its results were set.
    pub(super) fn end_read(&self, number: u64) {
        self.ended.store(number, Ordering::SeqCst);
        self.reads.notify(usize::MAX);
    }

    /// Returns the number of reads that have begun, and the number of the last successful one.
    pub(super) fn read_numbers(&self) -> (u64, u64) {
        let ended = self.ended.load(Ordering::SeqCst);
        (self.begun.load(Ordering::SeqCst), ended)
    }

    /// Replaces the policy snapshot without waking any caller, because the policy and the halts are unchanged.
    pub(super) fn set_token(&self, snapshot: PolicySnapshot) {
        self.snapshot.store(Arc::new(snapshot));
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
