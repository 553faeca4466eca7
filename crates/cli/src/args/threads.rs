//! The option `--threads`.

use std::{num::NonZeroUsize, thread};

use super::values::parse_whole;

/// The largest number of threads. More threads do not make a run faster.
const THREADS_MAX: u64 = 256;

/// Maximum default number of threads, on any machine. Only one thread at a time reads the tape, so that more threads would
/// wait for it.
const THREADS_DEFAULT: usize = 16;

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ThreadsArg {
    /// The number of worker threads [default: one per core, at most 16]
    #[arg(long, value_name = "N", value_parser = parse_threads, allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl ThreadsArg {
    /// Returns true if the option is given.
    pub(crate) const fn is_given(self) -> bool {
        self.threads.is_some()
    }

    /// Returns the number of worker threads, which depends on the number of cores if none is given.
    pub(crate) fn count(self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads.unwrap_or_else(|| cores().min(THREADS_DEFAULT))
    }
}

fn parse_threads(text: &str) -> Result<usize, String> {
    let threads = parse_whole(text, 1..=THREADS_MAX)?;
    usize::try_from(threads).map_err(|error| error.to_string())
}
