//! Replay on the calling thread or on several threads.
//!
//! With several threads, each reads and evaluates chunks, and the calling thread orders the answers. Each chunk passes
//! its timeline to the next one: before it is evaluated if it cannot change the policy, so that chunks are evaluated in
//! parallel, and otherwise afterwards. Therefore every record depends on the same earlier records for any number of
//! threads.

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

/// A timeline that the task of the chunk before will provide.
type Handover = Arc<OnceLock<Arc<Timeline>>>;

/// The evaluation of a chunk.
struct Task {
    chunk: Chunk,
    /// The number of the first record.
    first: u64,
    /// The timeline before the chunk.
    before: Handover,
    /// The timeline after the chunk.
    after: Handover,
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
            let first = read + 1;
            read += chunk.record_count();
            let after = Handover::default();
            Task {
                chunk,
                first,
                before: mem::replace(&mut end, Arc::clone(&after)),
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
        let may_change = self.chunk.any_kind(may_change_policy);
        let before = self.before.wait();
        let after = HandoverGuard {
            before,
            after: &self.after,
        };
        if !may_change {
            let _ = self.after.set(Arc::clone(before));
        }
        let mut timeline = Timeline::clone(before);
        work(&self.chunk, self.first, &mut timeline, workspace, output);
        if may_change {
            let _ = after.after.set(Arc::new(timeline));
        }
    }
}

/// A drop guard that provides a timeline also if the task panics, so that no other task waits for it forever.
struct HandoverGuard<'a> {
    before: &'a Arc<Timeline>,
    after: &'a Handover,
}

impl Drop for HandoverGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.after.set(Arc::clone(self.before));
        }
    }
}
