//! Counts of the effects of a fault.
//!
//! A fault test injects a fault in several rounds, checks every answer, and prints one row of a table (`cargo test --
//! --nocapture` shows it; `scripts/faults` prints the whole table). `PORTCULLIS_ROUNDS=10` multiplies the number of
//! rounds by ten, in the tests of the stores and of the bridge.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// A counter that several threads can use. It distinguishes zero from "not counted".
#[derive(Debug, Default)]
pub(crate) struct Count {
    so_far: AtomicUsize,
    is_counted: AtomicBool,
}

impl Count {
    pub(crate) fn add(&self, more: usize) {
        self.so_far.fetch_add(more, Ordering::SeqCst);
        self.is_counted.store(true, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.so_far.load(Ordering::SeqCst)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_counted.load(Ordering::SeqCst) {
            write!(f, "{}", self.get())
        } else {
            f.write_str("–")
        }
    }
}

/// One row of the table.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    fault: String,
    rounds: usize,
    /// In the store tests, loaded policies; in the service tests, answered intents or proposals.
    pub(crate) answers: Count,
    /// In the store tests, loads and publications that failed with a reason; in the service tests,
    /// denied entries.
    pub(crate) refusals: Count,
    /// Loaded policies that were not published in this form.
    pub(crate) partial: Count,
    /// Policies that were used after their expiry, or after a later one had been published.
    pub(crate) stale: Count,
    /// In the store tests, publications that were reported as successful but are not in the store;
    /// in the service tests, intents without an answer and positions without a proposal.
    pub(crate) lost: Count,
    /// In the store tests, publications that were applied twice, or although they were reported as
    /// failed; in the service tests, intents that were answered twice and proposals that were
    /// repeated.
    pub(crate) doubled: Count,
}

impl Tally {
    /// Creates the row of a fault. `usual` is the number of rounds, which `PORTCULLIS_ROUNDS`
    /// multiplies.
    pub(crate) fn of(fault: &str, usual: usize) -> Self {
        let times = std::env::var("PORTCULLIS_ROUNDS");
        let times: usize = times.map_or(1, |times| times.parse().unwrap());
        Self {
            fault: fault.to_owned(),
            rounds: usual * times,
            ..Self::default()
        }
    }

    pub(crate) const fn rounds(&self) -> usize {
        self.rounds
    }

    /// Prints the row. Panics if one of the last four columns is not zero, or if there were no answers.
    #[expect(clippy::print_stdout, reason = "`scripts/faults` collects the rows")]
    pub(crate) fn conclude(self) {
        let harm = [&self.partial, &self.stale, &self.lost, &self.doubled];
        let [partial, stale, lost, doubled] = harm;
        let (fault, rounds) = (&self.fault, self.rounds);
        let (answers, refusals) = (&self.answers, &self.refusals);
        println!(
            "| {fault} | {rounds} | {answers} | {refusals} | {partial} | {stale} | {lost} | {doubled} |"
        );
        assert!(rounds > 0 && answers.get() > 0, "{self:?}");
        assert_eq!(harm.map(Count::get), [0; 4], "{self:?}");
    }

    /// Prints the row and checks it like [`Self::conclude`], but also panics if no operation failed
    /// under the fault.
    pub(crate) fn conclude_with_effect(self) {
        assert!(self.refusals.get() > 0, "the fault had no effect: {self:?}");
        self.conclude();
    }
}
