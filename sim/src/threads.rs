//! Evaluation of tapes on several threads. Each thread reads a chunk, while no other thread reads, and evaluates it, so
//! that a chunk stays in the caches of one core. The calling thread receives the results in order.

use std::{
    collections::BTreeMap,
    io, panic,
    sync::{Mutex, PoisonError},
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::tape::{Chunk, TapeError, TapeReader};

/// The maximum number of chunks in progress for each worker thread.
const IN_PROGRESS_PER_THREAD: usize = 3;

/// The maximum number of chunks in progress in total. It bounds the memory of a run, for any number of threads.
const IN_PROGRESS_MAX: usize = 16;

/// The reason why an evaluation ended early.
pub(crate) enum Interruption<E> {
    /// The tape cannot be read to its end. All results before the error were collected.
    Tape(TapeError),
    /// A thread cannot be started.
    Threads(io::Error),
    /// A result was refused.
    Collect(E),
}

/// A message to the calling thread, with the index of its chunk.
type Message<T> = (u64, ChunkResult<T>);

enum ChunkResult<T> {
    Done(T),
    Unreadable(TapeError),
    /// The thread panicked, so there will be no result.
    Panicked,
}

/// The chunks that are not yet read.
struct Source<F> {
    tapes: TapeReader,
    task: F,
    /// The index of the next chunk.
    place: u64,
}

impl<F> Source<F> {
    /// Reads a chunk. Returns its index and its task, or `None` at the end.
    fn next<J>(&mut self) -> Option<(u64, Result<J, TapeError>)>
    where
        F: FnMut(Chunk) -> J,
    {
        let chunk = self.tapes.next()?;
        let place = self.place;
        self.place += 1;
        Some((place, chunk.map(&mut self.task)))
    }
}

/// Evaluates all chunks and returns the memories that were created.
///
/// `task` receives the chunks in order. `work` evaluates a task on any thread, and `collect` receives the results in
/// order. A panic of any of these functions ends the evaluation and is passed on. The threads share the memories, so
/// there are at most as many memories as chunks in progress, for any number of threads.
pub(crate) fn evaluate<J: Send, W: Send, T: Send, E>(
    tapes: TapeReader,
    threads: usize,
    task: impl FnMut(Chunk) -> J + Send,
    memory: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, J) -> T + Sync,
    collect: impl FnMut(T) -> Result<(), E>,
) -> Result<Vec<W>, Interruption<E>> {
    let (memory, work) = (&memory, &work);
    let memories = Mutex::new(Vec::new());
    let idle = || memories.lock().unwrap_or_else(PoisonError::into_inner);
    let idle = &idle;
    let source = Mutex::new(Source {
        tapes,
        task,
        place: 0,
    });
    let source = &source;
    let evaluated = thread::scope(|scope| {
        let in_progress = threads
            .saturating_mul(IN_PROGRESS_PER_THREAD)
            .min(IN_PROGRESS_MAX);
        let (send_message, messages) = bounded::<Message<T>>(threads);
        // Each chunk in progress needs a permit, so no chunk is read until an earlier one is collected.
        let (give_permit, permits) = bounded::<()>(in_progress);
        for _ in 0..in_progress {
            let _ = give_permit.send(());
        }
        // If a thread cannot be started, the channels close, and the threads that already run end.
        let mut workers = Vec::new();
        // A thread without a permit would have nothing to do, and would never see the end of the tapes.
        for _ in 0..threads.min(in_progress) {
            let (permits, messages) = (permits.clone(), send_message.clone());
            let working = move || {
                while permits.recv().is_ok() {
                    // A thread that panicked while it read has sent a message, which ends the evaluation.
                    let Ok(mut reading) = source.lock() else {
                        break;
                    };
                    let mut guard = PanicGuard {
                        place: reading.place,
                        messages: &messages,
                    };
                    let Some((place, task)) = reading.next() else {
                        break;
                    };
                    drop(reading);
                    guard.place = place;
                    let result = match task {
                        Ok(task) => {
                            let mut memory = idle().pop().unwrap_or_else(memory);
                            let result = work(&mut memory, task);
                            idle().push(memory);
                            ChunkResult::Done(result)
                        }
                        Err(error) => ChunkResult::Unreadable(error),
                    };
                    drop(guard);
                    if messages.send((place, result)).is_err() {
                        break;
                    }
                }
            };
            let worker = thread::Builder::new().spawn_scoped(scope, working);
            workers.push(worker.map_err(Interruption::Threads)?);
        }
        drop((permits, send_message));
        let collected = collect_all(&messages, &give_permit, collect);
        // This closes the channels, so that the workers end.
        drop((messages, give_permit));
        workers.into_iter().for_each(joined);
        collected
    });
    evaluated.map(|()| {
        memories
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    })
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// A drop guard that messages a panic of a worker thread, so that the panic ends the evaluation.
struct PanicGuard<'a, T> {
    place: u64,
    messages: &'a Sender<Message<T>>,
}

impl<T> Drop for PanicGuard<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.messages.send((self.place, ChunkResult::Panicked));
        }
    }
}

fn collect_all<T, E>(
    messages: &Receiver<Message<T>>,
    give_permit: &Sender<()>,
    mut collect: impl FnMut(T) -> Result<(), E>,
) -> Result<(), Interruption<E>> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (place, result) in messages {
        waiting.insert(place, result);
        while let Some(result) = waiting.remove(&next) {
            match result {
                ChunkResult::Done(result) => collect(result).map_err(Interruption::Collect)?,
                ChunkResult::Unreadable(error) => return Err(Interruption::Tape(error)),
                // Joining the thread passes the panic on.
                ChunkResult::Panicked => return Ok(()),
            }
            next += 1;
            let _ = give_permit.try_send(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::TapeSource;

    /// Evaluates chunks of a few lines, and returns the collected lines.
    fn run(
        tape: &'static [u8],
        work: impl Fn(u64) -> u64 + Sync,
        mut collect: impl FnMut(u64) -> Result<(), &'static str>,
    ) -> (Vec<u64>, Result<u64, Interruption<&'static str>>) {
        let source = TapeSource::Memory {
            name: "a test",
            bytes: tape.into(),
        };
        let tapes = TapeReader::with_sizes(vec![source], 16, 100);
        let mut collected = Vec::new();
        let evaluated = evaluate(
            tapes,
            3,
            |chunk| chunk.first_line(),
            u64::default,
            |memory, line| {
                *memory += 1;
                work(line)
            },
            |line| {
                collected.push(line);
                collect(line)
            },
        );
        let chunks = evaluated.map(|memories| {
            assert!((1..=3).contains(&memories.len()));
            memories.iter().sum()
        });
        (collected, chunks)
    }

    const TAPE: &[u8] = b"one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\neleven\n";

    fn slowly(line: u64) -> u64 {
        // The first chunks take longest, so that later ones are evaluated before them.
        thread::sleep(std::time::Duration::from_millis(
            12_u64.saturating_sub(line),
        ));
        line
    }

    #[test]
    fn results_are_collected_in_order() {
        let (collected, chunks) = run(TAPE, slowly, |_| Ok(()));
        assert!(collected.is_sorted(), "{collected:?}");
        let count = u64::try_from(collected.len()).unwrap();
        assert!(
            matches!(chunks, Ok(found) if found == count && count > 3),
            "{collected:?}"
        );
    }

    #[test]
    fn an_evaluation_ends_with_more_threads_than_chunks_in_progress() {
        let source = TapeSource::Memory {
            name: "a test",
            bytes: TAPE.into(),
        };
        let mut lines = 0;
        let evaluated = evaluate(
            TapeReader::with_sizes(vec![source], 16, 100),
            10 * IN_PROGRESS_MAX,
            |chunk| chunk.lines().count(),
            || (),
            |(), count| count,
            |count| {
                lines += count;
                Ok::<(), ()>(())
            },
        );
        assert!(evaluated.is_ok());
        assert_eq!(lines, 11);
    }

    #[test]
    fn an_error_ends_an_evaluation() {
        let (collected, chunks) = run(
            TAPE,
            slowly,
            |line| if line > 3 { Err("full") } else { Ok(()) },
        );
        assert!(matches!(chunks, Err(Interruption::Collect("full"))));
        assert_eq!(collected.iter().filter(|line| **line > 3).count(), 1);
        let (collected, chunks) = run(b"\x28\xb5\x2f\xfdERROR", slowly, |_| Ok(()));
        assert!(
            matches!(chunks, Err(Interruption::Tape(_))),
            "{collected:?}"
        );
    }

    #[test]
    #[should_panic(expected = "line 5 or later")]
    fn a_panic_is_passed_on() {
        let work = |line| {
            assert!(line < 5, "line 5 or later");
            line
        };
        let _ = run(TAPE, work, |_| Ok(()));
    }
}
