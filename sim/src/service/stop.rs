//! The end of a service.

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

/// How often a sleeper looks up.
const SLICE: Duration = Duration::from_millis(20);

/// Whether the service is to end.
#[derive(Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// One that SIGTERM and SIGINT set. A second signal changes nothing: wrappers send it to the process and to
    /// its group, and no wait of a service is a long one.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub fn on_signals() -> io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGTERM, SIGINT] {
            flag::register(signal, Arc::clone(&stop.0))?;
        }
        Ok(stop)
    }

    pub(crate) fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Does something, and stops everything when it has ended, however it ended.
    pub(crate) fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Guard<'a>(&'a Stop);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                self.0.now();
            }
        }
        let _guard = Guard(self);
        work()
    }

    /// Sleeps, unless it is time to stop.
    pub(crate) fn sleep(&self, length: Duration) {
        let until = Instant::now() + length;
        while !self.is_set() {
            match until.checked_duration_since(Instant::now()) {
                None | Some(Duration::ZERO) => return,
                Some(left) => thread::sleep(left.min(SLICE)),
            }
        }
    }
}
