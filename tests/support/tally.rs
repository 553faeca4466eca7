//! What a fault did, counted.
//!
//! The test of a fault makes so many rounds of it, looks at every answer meanwhile, and prints one row of a
//! table (`cargo test -- --nocapture` shows it; `scripts/faults` makes the whole table). `PORTCULLIS_ROUNDS=10`
//! makes ten times as many rounds as usual, in the tests of the stores and in those of the bridge.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Counts from several threads; zero is something only where somebody counted.
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

/// A row of the table.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    fault: String,
    rounds: usize,
    /// Policies that were loaded; intents that were answered.
    pub(crate) answers: Count,
    /// Loads and publications that ended with a reason instead; entries that were denied.
    pub(crate) refusals: Count,
    /// Policies that nobody published as they were served.
    pub(crate) partial: Count,
    /// Policies that were taken after their end, or after a later one had been published.
    pub(crate) stale: Count,
    /// Publications that were told to have happened, and did not; intents that were never answered.
    pub(crate) lost: Count,
    /// Publications that happened twice, or against what was told; intents that were answered twice.
    pub(crate) doubled: Count,
}

impl Tally {
    /// Of a fault, and how many rounds of it are usual.
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

    /// Prints the row, and fails unless the last four columns are zero, or not counted in this one. Nothing was
    /// seen where nothing was answered, and that fails too.
    #[expect(clippy::print_stdout, reason = "the row is what the table is made of")]
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

    /// As [`Self::conclude`], for a fault that some answer must have shown.
    pub(crate) fn conclude_felt(self) {
        assert!(self.refusals.get() > 0, "nobody felt it: {self:?}");
        self.conclude();
    }
}
