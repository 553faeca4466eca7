//! Stopping a service.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

/// Interval at which a sleep checks the flag.
const SLICE: Duration = Duration::from_millis(20);

/// A flag that is set when the service must end.
#[derive(Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Returns a flag that SIGTERM and SIGINT set. Further signals have no effect. They are not
    /// needed, because a service stops soon, and process managers often send each signal twice: to
    /// the process and to its process group.
    ///
    /// # Errors
    /// Returns an error if the signal handlers cannot be installed.
    pub fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGTERM, SIGINT] {
            flag::register(signal, Arc::clone(&stop.0))?;
        }
        Ok(stop)
    }

    /// Sets the flag, as a signal does.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Returns true if the flag is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Runs `work`, and sets the flag when `work` returns or panics.
    pub(crate) fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Guard<'a>(&'a Stop);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                self.0.set();
            }
        }
        let _guard = Guard(self);
        work()
    }

    /// Sleeps for `length`, or until the flag is set.
    pub fn sleep(&self, length: Duration) {
        let until = Instant::now() + length;
        while !self.is_set() {
            match until.checked_duration_since(Instant::now()) {
                None | Some(Duration::ZERO) => return,
                Some(left) => thread::sleep(left.min(SLICE)),
            }
        }
    }
}
