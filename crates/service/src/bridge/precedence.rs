//! Priority of exits over entries.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use crate::runtime::Stop;

/// Interval at which a waiting worker checks whether it must stop.
const LOOK: Duration = Duration::from_millis(50);

/// A flag that is set while exits are waiting, or while this instance does not know whether exits are waiting. While it
/// is set, no entry is read.
pub(super) struct Precedence {
    exits_wait: Mutex<bool>,
    changed: Condvar,
}

impl Precedence {
    /// Creates the flag. It is set until the exit stream has been read once.
    pub(super) const fn new() -> Self {
        Self {
            exits_wait: Mutex::new(true),
            changed: Condvar::new(),
        }
    }

    pub(super) fn set(&self, exits_wait: bool) {
        *self
            .exits_wait
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = exits_wait;
        self.changed.notify_all();
    }

    /// Returns true if no exit is waiting.
    pub(super) fn is_clear(&self) -> bool {
        let waits = self.exits_wait.lock();
        !*waits.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no exit is waiting, or until `stop` is set.
    pub(super) fn wait(&self, stop: &Stop) {
        let mut waits = self
            .exits_wait
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *waits && !stop.is_set() {
            waits = match self.changed.wait_timeout(waits, LOOK) {
                Ok((guard, _)) => guard,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}
