//! Priority of exits over entries.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use portcullis::decide::{ServiceDenial, SkipCode};

use crate::runtime::Stop;

/// Interval at which a waiting worker checks whether it must stop.
const LOOK: Duration = Duration::from_millis(50);

/// The state of the stream of exits, for the worker of the intents. While exits are waiting, or while it is unknown
/// whether exits are waiting, no intent is read.
pub(super) struct Precedence {
    exits: Mutex<Exits>,
    changed: Condvar,
}

/// The state of the stream of exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exits {
    /// Exits are waiting, or it is unknown whether they are.
    Waiting,
    /// No exit is waiting.
    Answered,
    /// The key of the stream cannot be read. Intents are read, because there may be exits among them, but each entry is
    /// denied.
    Unreadable,
}

impl Precedence {
    /// Creates the state. Exits count as waiting until the exit stream has been read once.
    pub(super) const fn new() -> Self {
        Self {
            exits: Mutex::new(Exits::Waiting),
            changed: Condvar::new(),
        }
    }

    pub(super) fn set(&self, exits: Exits) {
        *self.exits.lock().unwrap_or_else(PoisonError::into_inner) = exits;
        self.changed.notify_all();
    }

    fn get(&self) -> Exits {
        *self.exits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true if intents may be read.
    pub(super) fn is_clear(&self) -> bool {
        self.get() != Exits::Waiting
    }

    /// Returns a denial of entries while the stream of exits cannot be read.
    pub(super) fn denial(&self) -> Option<ServiceDenial<'static>> {
        if self.get() != Exits::Unreadable {
            return None;
        }
        ServiceDenial::new(
            SkipCode::PolicyStoreUnavailable,
            "the stream of exits cannot be read, so exits may be waiting",
        )
    }

    /// Waits until intents may be read, or until `stop` is set.
    pub(super) fn wait(&self, stop: &Stop) {
        let mut exits = self.exits.lock().unwrap_or_else(PoisonError::into_inner);
        while *exits == Exits::Waiting && !stop.is_set() {
            exits = match self.changed.wait_timeout(exits, LOOK) {
                Ok((guard, _)) => guard,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn intents_are_read_only_while_no_exit_is_waiting() {
        let precedence = Precedence::new();
        let state = || (precedence.is_clear(), precedence.denial().is_some());
        assert_eq!(state(), (false, false));
        for (exits, expected) in [
            (Exits::Answered, (true, false)),
            (Exits::Waiting, (false, false)),
            (Exits::Unreadable, (true, true)),
            (Exits::Answered, (true, false)),
        ] {
            precedence.set(exits);
            assert_eq!(state(), expected, "{exits:?}");
        }
    }

    #[test]
    fn waiting_ends_when_the_exits_are_answered_or_unreadable() {
        for exits in [Exits::Answered, Exits::Unreadable] {
            let (precedence, stop) = (Precedence::new(), Stop::default());
            let events = Mutex::new(Vec::new());
            let add = |event| events.lock().unwrap().push(event);
            thread::scope(|scope| {
                scope.spawn(|| {
                    precedence.wait(&stop);
                    add("intents are read");
                });
                // Gives the other thread time to add its event too early.
                thread::sleep(LOOK * 2);
                add("no exit is waiting");
                precedence.set(exits);
            });
            let events = events.into_inner().unwrap();
            assert_eq!(events, ["no exit is waiting", "intents are read"]);
        }
    }

    #[test]
    fn waiting_ends_with_a_stop() {
        let (precedence, stop) = (Precedence::new(), Stop::default());
        stop.set();
        precedence.wait(&stop);
        assert!(!precedence.is_clear());
    }
}
