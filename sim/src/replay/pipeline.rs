//! Replay on the calling thread or on several threads.
//!
//! With several threads, one reads, some evaluate, and the calling thread orders the answers. A chunk that may change
//! the policy passes its resulting timeline to the chunks after it. All other chunks are evaluated in parallel.
//! Therefore every record depends on the same earlier records for any number of threads.

use std::{
    mem,
    sync::{Arc, Mutex, OnceLock},
    thread,
};

use super::{
    accumulator::Accumulator,
    chunk_output::ChunkOutput,
    error::ReplayError,
    replayer::{Workspace, may_change_policy},
    timeline::Timeline,
};
use crate::{
    tape::{Chunk, TapeReader},
    threads::{Interruption, evaluate},
};

/// A function that answers the records of a chunk. It receives the number of the first record and
/// returns the number of records.
pub(super) type Work<'w> =
    dyn Fn(&Chunk, u64, &mut Timeline, &mut Workspace, &mut ChunkOutput) -> u64 + Sync + 'w;

/// A timeline that the task of an earlier chunk will provide.
type Handover = Arc<OnceLock<Arc<Timeline>>>;

/// A chunk that is queued for a worker thread.
struct Task {
    chunk: Chunk,
    first: u64,
    before: Handover,
    /// The timeline after this chunk, if the chunk may change it.
    after: Option<Handover>,
}

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
    let mut end: Handover = Arc::new(OnceLock::from(Arc::new(timeline)));
    let mut read = 0;
    let buffer = results.sinks.answers.buffer();
    // The memory of written results, which is used again.
    let spare = Mutex::new(Vec::new());
    let take_spare = || spare.lock().ok()?.pop();
    let evaluated = evaluate(
        tapes,
        threads,
        |chunk| {
            let after = chunk.any_kind(may_change_policy).then(Handover::default);
            let first = read + 1;
            read += chunk.record_count();
            let before = match &after {
                Some(after) => mem::replace(&mut end, Arc::clone(after)),
                None => Arc::clone(&end),
            };
            Task {
                chunk,
                first,
                before,
                after,
            }
        },
        Workspace::default,
        |workspace, task: Task| {
            let mut output = take_spare().unwrap_or_else(|| ChunkOutput::new(buffer()));
            task.run(work, workspace, &mut output);
            output
        },
        |mut output| {
            results.add(&mut output)?;
            output.clear();
            if let Ok(mut spare) = spare.lock() {
                spare.push(output);
            }
            Ok(())
        },
    );
    evaluated.map_err(|interruption| match interruption {
        Interruption::Tape(error) => results.tape_error(error),
        Interruption::Threads(error) => ReplayError::Threads { threads, error },
        Interruption::Collect(error) => error,
    })?;
    Ok((Timeline::clone(end.wait()), read))
}

impl Task {
    fn run(&self, work: &Work<'_>, workspace: &mut Workspace, output: &mut ChunkOutput) {
        let before = self.before.wait();
        let handover = HandoverGuard {
            before,
            after: self.after.as_ref(),
        };
        let mut timeline = Timeline::clone(before);
        work(&self.chunk, self.first, &mut timeline, workspace, output);
        if let Some(after) = handover.after {
            let _ = after.set(Arc::new(timeline));
        }
    }
}

/// A drop guard that provides a timeline also if the task panics, so that no other task waits for it forever.
struct HandoverGuard<'a> {
    before: &'a Arc<Timeline>,
    after: Option<&'a Handover>,
}

impl Drop for HandoverGuard<'_> {
    fn drop(&mut self) {
        if let (true, Some(after)) = (thread::panicking(), self.after) {
            let _ = after.set(Arc::clone(self.before));
        }
    }
}
