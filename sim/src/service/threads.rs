//! Threads that end together.

use std::thread;

use super::{ServiceError, Stop};

/// A thread's name, and what it does until it is time to stop.
type Named<'a> = (
    &'a str,
    Box<dyn FnOnce() -> Result<(), ServiceError> + Send + 'a>,
);

/// Runs every one of `work` in a thread of its own. When one of them ends, however it ends, it is time for the
/// others to stop.
pub(crate) fn run_until_one_ends(work: Vec<Named<'_>>, stop: &Stop) -> Result<(), ServiceError> {
    thread::scope(|scope| {
        let spawn = |(name, work): (&str, _)| {
            let builder = thread::Builder::new().name(name.to_owned());
            builder.spawn_scoped(scope, move || stop.with(work))
        };
        let threads: Vec<_> = work.into_iter().map(spawn).collect();
        let mut outcome = Ok(());
        for thread in threads {
            let ended = match thread {
                Err(_) => {
                    stop.now();
                    Err(ServiceError::Thread("could not be started"))
                }
                Ok(thread) => match thread.join() {
                    Ok(ended) => ended,
                    Err(_) => Err(ServiceError::Thread("panicked")),
                },
            };
            outcome = outcome.and(ended);
        }
        outcome
    })
}
