//! Exits go first.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use crate::service::Stop;

/// How long a waiting lane sleeps before it looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Whether exits wait, as far as this instance knows. While they do, or while that cannot be told, no entry is
/// read: what is not let out is not let in.
pub(super) struct Precedence {
    exits_wait: Mutex<bool>,
    changed: Condvar,
}

impl Precedence {
    /// Exits wait until somebody has looked.
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

    /// Whether no exit waits.
    pub(super) fn is_clear(&self) -> bool {
        let waits = self.exits_wait.lock();
        !*waits.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no exit does, or until it is time to stop.
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
