//! Replay on the calling thread or on several threads.
//!
//! With several threads, one reads, some evaluate, and the calling thread orders the answers. A chunk that may change
//! the policy passes its resulting timeline to the chunks after it. All other chunks are evaluated in parallel.
//! Therefore every record depends on the same earlier records for any number of threads.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    thread,
};

use super::{
    accumulator::Accumulator,
    chunk_output::{AnswerBuffer, ChunkOutput},
    error::ReplayError,
    replayer::{Workspace, may_change_policy},
    timeline::Timeline,
};
use crate::tape::{Chunk, TapeError, TapeReader};
use crossbeam_channel::{Receiver, Sender, bounded};

/// A function that answers the records of a chunk. It receives the number of the first record and
/// returns the number of records.
pub(super) type Work<'w> =
    dyn Fn(&Chunk, u64, &mut Timeline, &mut Workspace, &mut ChunkOutput) -> u64 + Sync + 'w;

/// A timeline that the task of an earlier chunk will provide.
type Handover = Arc<OnceLock<Arc<Timeline>>>;

/// A chunk that is queued for a worker thread.
struct Task {
    place: u64,
    chunk: Chunk,
    first: u64,
    before: Handover,
    /// The timeline after this chunk, if the chunk may change it.
    after: Option<Handover>,
}

/// A message to the calling thread, with the index of its chunk.
type Message = (u64, ChunkResult);

enum ChunkResult {
    Done(Box<ChunkOutput>),
    Unreadable(TapeError),
    /// The thread panicked, so there will be no result.
    Panicked,
}

/// The maximum number of chunks in progress for each worker thread.
const IN_PROGRESS_PER_THREAD: usize = 3;

/// The maximum number of chunks in progress in total. It bounds the memory of a run, for any number of threads.
const IN_PROGRESS_MAX: usize = 24;

/// Runs the replay on the calling thread. Returns the final timeline and the number of records read.
pub(super) fn run_inline(
    work: &Work<'_>,
    mut timeline: Timeline,
    tapes: TapeReader,
    results: &mut Accumulator<'_, '_>,
) -> Result<(Timeline, u64), ReplayError> {
    let mut workspace = Workspace::default();
    let mut output = ChunkOutput::new(results.sinks.answers.buffer()());
    let mut read = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(|error| results.tape_error(error))?;
        output.clear();
        read += work(&chunk, read + 1, &mut timeline, &mut workspace, &mut output);
        results.add(&mut output)?;
    }
    Ok((timeline, read))
}

/// Runs the replay on several threads. Returns the final timeline and the number of records read.
pub(super) fn run_on_threads(
    work: &Work<'_>,
    timeline: Timeline,
    tapes: TapeReader,
    threads: usize,
    results: &mut Accumulator<'_, '_>,
) -> Result<(Timeline, u64), ReplayError> {
    let start: Handover = Arc::new(OnceLock::from(Arc::new(timeline)));
    thread::scope(|scope| {
        let in_progress = threads
            .saturating_mul(IN_PROGRESS_PER_THREAD)
            .min(IN_PROGRESS_MAX);
        let (send_task, tasks) = bounded::<Task>(threads);
        let (send_message, messages) = bounded::<Message>(threads);
        // Each chunk in progress needs a permit, so the reader waits until an earlier chunk is
        // collected.
        let (give_permit, permits) = bounded::<()>(in_progress);
        for _ in 0..in_progress {
            let _ = give_permit.send(());
        }
        let no_thread = |error| ReplayError::Threads { threads, error };
        let thread = || thread::Builder::new();
        let buffer = results.sinks.answers.buffer();
        // If a thread cannot be started, the channels close, and the threads that already run end.
        for _ in 0..threads {
            let (tasks, messages) = (tasks.clone(), send_message.clone());
            let working = move || work_all(work, buffer, &tasks, &messages);
            thread().spawn_scoped(scope, working).map_err(no_thread)?;
        }
        drop(tasks);
        let reading = move || read_all(tapes, start, &permits, &send_task, &send_message);
        let reader = thread().spawn_scoped(scope, reading).map_err(no_thread)?;
        let collected = collect(results, &messages, &give_permit);
        // This closes the channels, so that the reader and the workers end.
        drop((messages, give_permit));
        let (end, read) = reader
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        collected?;
        Ok((Timeline::clone(end.wait()), read))
    })
}

/// Reads until the end, an error, or closed channels. Returns the final timeline and the number of records read.
fn read_all(
    tapes: TapeReader,
    start: Handover,
    permits: &Receiver<()>,
    tasks: &Sender<Task>,
    messages: &Sender<Message>,
) -> (Handover, u64) {
    let mut before = start;
    let mut read = 0;
    for (place, chunk) in (0..).zip(tapes) {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                let _ = messages.send((place, ChunkResult::Unreadable(error)));
                break;
            }
        };
        let after = may_change_policy(chunk.bytes()).then(Handover::default);
        let next = after.clone();
        let count = chunk.record_count();
        let task = Task {
            place,
            chunk,
            first: read + 1,
            before: Arc::clone(&before),
            after,
        };
        if permits.recv().is_err() || tasks.send(task).is_err() {
            break;
        }
        read += count;
        before = next.unwrap_or(before);
    }
    (before, read)
}

/// Evaluates tasks until the channel closes.
fn work_all(
    work: &Work<'_>,
    buffer: fn() -> AnswerBuffer,
    tasks: &Receiver<Task>,
    messages: &Sender<Message>,
) {
    let mut workspace = Workspace::default();
    for task in tasks {
        let before = task.before.wait();
        let mut output = ChunkOutput::new(buffer());
        let guard = PanicGuard {
            place: task.place,
            before,
            after: task.after.as_ref(),
            messages,
        };
        let mut timeline = Timeline::clone(before);
        work(
            &task.chunk,
            task.first,
            &mut timeline,
            &mut workspace,
            &mut output,
        );
        if let Some(after) = &task.after {
            let _ = after.set(Arc::new(timeline));
        }
        drop(guard);
        if messages
            .send((task.place, ChunkResult::Done(Box::new(output))))
            .is_err()
        {
            return;
        }
    }
}

/// A drop guard that messages a panic of a worker thread, so that the panic ends the run.
struct PanicGuard<'a> {
    place: u64,
    before: &'a Arc<Timeline>,
    after: Option<&'a Handover>,
    messages: &'a Sender<Message>,
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Some(after) = self.after {
                let _ = after.set(Arc::clone(self.before));
            }
            let _ = self.messages.send((self.place, ChunkResult::Panicked));
        }
    }
}

fn collect(
    results: &mut Accumulator<'_, '_>,
    messages: &Receiver<Message>,
    give_permit: &Sender<()>,
) -> Result<(), ReplayError> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (place, result) in messages {
        waiting.insert(place, result);
        while let Some(result) = waiting.remove(&next) {
            match result {
                ChunkResult::Done(mut output) => results.add(&mut output)?,
                ChunkResult::Unreadable(error) => return Err(results.tape_error(error)),
                // `thread::scope` propagates the panic.
                ChunkResult::Panicked => return Ok(()),
            }
            next += 1;
            let _ = give_permit.try_send(());
        }
    }
    Ok(())
}
