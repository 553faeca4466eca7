//! Evaluation of tapes on several threads: one thread reads the chunks, some evaluate them, and the calling thread
//! receives the results in order.

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

/// Evaluates all chunks and returns the memories that were created.
///
/// `task` receives the chunks in order. `work` evaluates a task on any thread, and `collect` receives the results in
/// order. A panic of any of these functions ends the evaluation and is passed on. The threads share the memories, so
/// there are at most as many memories as chunks in progress, for any number of threads.
pub(crate) fn evaluate<J: Send, W: Send, T: Send, E>(
    tapes: TapeReader,
    threads: usize,
    mut task: impl FnMut(Chunk) -> J + Send,
    memory: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, J) -> T + Sync,
    collect: impl FnMut(T) -> Result<(), E>,
) -> Result<Vec<W>, Interruption<E>> {
    let (memory, work) = (&memory, &work);
    let memories = Mutex::new(Vec::new());
    let idle = || memories.lock().unwrap_or_else(PoisonError::into_inner);
    let idle = &idle;
    let evaluated = thread::scope(|scope| {
        let in_progress = threads
            .saturating_mul(IN_PROGRESS_PER_THREAD)
            .min(IN_PROGRESS_MAX);
        let (send_task, tasks) = bounded::<(u64, J)>(threads);
        let (send_message, messages) = bounded::<Message<T>>(threads);
        // Each chunk in progress needs a permit, so the reader waits until an earlier chunk is
        // collected.
        let (give_permit, permits) = bounded::<()>(in_progress);
        for _ in 0..in_progress {
            let _ = give_permit.send(());
        }
        let thread = || thread::Builder::new();
        // If a thread cannot be started, the channels close, and the threads that already run end.
        let mut workers = Vec::new();
        for _ in 0..threads {
            let (tasks, messages) = (tasks.clone(), send_message.clone());
            let working = move || {
                for (place, task) in tasks {
                    let found = idle().pop();
                    let mut memory = found.unwrap_or_else(memory);
                    let guard = PanicGuard {
                        place,
                        messages: &messages,
                    };
                    let result = work(&mut memory, task);
                    drop(guard);
                    idle().push(memory);
                    if messages.send((place, ChunkResult::Done(result))).is_err() {
                        break;
                    }
                }
            };
            let worker = thread().spawn_scoped(scope, working);
            workers.push(worker.map_err(Interruption::Threads)?);
        }
        drop(tasks);
        let reading = move || {
            for (place, chunk) in (0..).zip(tapes) {
                let chunk = match chunk {
                    Ok(chunk) => chunk,
                    Err(error) => {
                        let _ = send_message.send((place, ChunkResult::Unreadable(error)));
                        return;
                    }
                };
                let task = task(chunk);
                if permits.recv().is_err() || send_task.send((place, task)).is_err() {
                    return;
                }
            }
        };
        let reader = thread().spawn_scoped(scope, reading);
        let reader = reader.map_err(Interruption::Threads)?;
        let collected = collect_all(&messages, &give_permit, collect);
        // This closes the channels, so that the reader and the workers end.
        drop((messages, give_permit));
        joined(reader);
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
