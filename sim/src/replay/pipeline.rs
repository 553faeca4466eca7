//! Replay on several threads: one reads, some evaluate, and the calling thread orders the answers.
//!
//! A chunk that may change the policy passes its resulting timeline to the chunks after it. All other chunks are
//! evaluated in parallel. Therefore every record depends on the same earlier records for any number of threads.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use portcullis::record::Scratch;

use super::{AnswerBuffer, ChunkOutput, Collector, ReplayError, Timeline, Work, may_change_policy};
use crate::tape::{Chunk, TapeError, TapeReader};

/// A timeline that an earlier chunk will provide.
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

/// A message to the collector, with the index of its chunk.
type Report = (u64, News);

enum News {
    ChunkOutput(Box<ChunkOutput>),
    Unreadable(TapeError),
    /// The thread panicked. The collector must not wait for its result.
    Panicked,
}

/// The maximum number of chunks in progress for each worker thread.
const UNDER_WAY: usize = 3;

/// The maximum number of chunks in progress in total. It bounds the memory of a run for any number of threads.
const UNDER_WAY_MAX: usize = 32;

/// Runs the replay and returns the final timeline and the number of records read.
pub(super) fn run(
    work: &Work<'_>,
    timeline: Timeline,
    tapes: TapeReader,
    threads: usize,
    collector: &mut Collector<'_, '_>,
) -> Result<(Timeline, u64), ReplayError> {
    let start: Handover = Arc::new(OnceLock::from(Arc::new(timeline)));
    thread::scope(|scope| {
        let under_way = threads.saturating_mul(UNDER_WAY).min(UNDER_WAY_MAX);
        let (send_task, tasks) = bounded::<Task>(threads);
        let (send_report, reports) = bounded::<Report>(threads);
        // One permit per chunk in progress: the reader waits until an earlier chunk is collected.
        let (give_permit, permits) = bounded::<()>(under_way);
        for _ in 0..under_way {
            let _ = give_permit.send(());
        }
        let no_thread = |error| ReplayError::Threads { threads, error };
        let thread = || thread::Builder::new();
        let kept = collector.sinks.answers.kept();
        // If a thread cannot be started, the channels close, and the threads that already run end.
        for _ in 0..threads {
            let (tasks, reports) = (tasks.clone(), send_report.clone());
            let judging = move || judge_all(work, kept, &tasks, &reports);
            thread().spawn_scoped(scope, judging).map_err(no_thread)?;
        }
        drop(tasks);
        let reading = move || read_all(tapes, start, &permits, &send_task, &send_report);
        let reader = thread().spawn_scoped(scope, reading).map_err(no_thread)?;
        let collected = collect(collector, &reports, &give_permit);
        // This closes the channels, so that the reader and the workers end.
        drop((reports, give_permit));
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
    reports: &Sender<Report>,
) -> (Handover, u64) {
    let mut before = start;
    let mut read = 0;
    for (place, chunk) in (0..).zip(tapes) {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                let _ = reports.send((place, News::Unreadable(error)));
                break;
            }
        };
        let after = may_change_policy(chunk.bytes()).then(Handover::default);
        let next = after.clone();
        let count = u64::try_from(chunk.lines().count()).unwrap_or(u64::MAX);
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

fn judge_all(
    work: &Work<'_>,
    kept: fn() -> AnswerBuffer,
    tasks: &Receiver<Task>,
    reports: &Sender<Report>,
) {
    let mut scratch = Scratch::default();
    for task in tasks {
        let before = task.before.wait();
        let mut judged = ChunkOutput::keeping(kept);
        let alarm = Alarm {
            place: task.place,
            before,
            after: task.after.as_ref(),
            reports,
        };
        let mut timeline = Timeline::clone(before);
        work(
            &task.chunk,
            task.first,
            &mut timeline,
            &mut scratch,
            &mut judged,
        );
        if let Some(after) = &task.after {
            let _ = after.set(Arc::new(timeline));
        }
        drop(alarm);
        if reports
            .send((task.place, News::ChunkOutput(Box::new(judged))))
            .is_err()
        {
            return;
        }
    }
}

/// A drop guard that reports a panic of a worker thread, so that the panic ends the run.
struct Alarm<'a> {
    place: u64,
    before: &'a Arc<Timeline>,
    after: Option<&'a Handover>,
    reports: &'a Sender<Report>,
}

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            if let Some(after) = self.after {
                let _ = after.set(Arc::clone(self.before));
            }
            let _ = self.reports.send((self.place, News::Panicked));
        }
    }
}

fn collect(
    collector: &mut Collector<'_, '_>,
    reports: &Receiver<Report>,
    give_permit: &Sender<()>,
) -> Result<(), ReplayError> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (place, report) in reports {
        waiting.insert(place, report);
        while let Some(report) = waiting.remove(&next) {
            match report {
                News::ChunkOutput(mut judged) => collector.take(&mut judged)?,
                News::Unreadable(error) => return Err(collector.tape_error(error)),
                // `thread::scope` propagates the panic.
                News::Panicked => return Ok(()),
            }
            next += 1;
            let _ = give_permit.try_send(());
        }
    }
    Ok(())
}
