//! Threads that stop together.

use std::thread;

use super::{ServiceError, Stop};

/// The name of a thread and the function that it runs.
type Named<'a> = (
    &'a str,
    Box<dyn FnOnce() -> Result<(), ServiceError> + Send + 'a>,
);

/// Runs each item of `work` in its own thread. When one of them returns or panics, the stop flag is
/// set, so that the others end too.
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
                Err(error) => {
                    stop.set();
                    Err(ServiceError::ThreadStart(error))
                }
                Ok(thread) => match thread.join() {
                    Ok(ended) => ended,
                    Err(_) => Err(ServiceError::ThreadPanic),
                },
            };
            outcome = outcome.and(ended);
        }
        outcome
    })
}
