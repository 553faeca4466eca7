//! Replay of tapes: every record is answered in order, and time comes from the tape.
//!
//! Apart from policy changes, memory does not grow with the number of records. Chunks are processed one at a time, or a
//! few at a time with threads. The answers do not depend on the number of threads.

mod decisions;
mod explain;
mod fixed_policy;
mod pipeline;
mod replayer;
mod timeline;

use std::io::{self, Write};

use portcullis::{
    policy::{Policy, PolicyUnavailable},
    record::Scratch,
};
use thiserror::Error;

pub use decisions::{RecordedDecision, decisions};
pub use explain::{ExplainedRecord, explain};
pub use fixed_policy::{Ask, FixedPolicyReplay};
pub use replayer::{AnswerBuffer, ChunkOutput, Replayer, Scope, may_change_policy};
use replayer::{judge_position, read_snapshot};
pub use timeline::{NumberedPolicy, Timeline};

use crate::{
    report::{AnswerRows, Counts, html::Tally},
    tape::{Chunk, TapeError, TapeReader},
};

/// The result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The counts of all answers.
    pub counts: Counts,
    /// The policies of the tapes by time.
    pub timeline: Timeline,
    /// The digest of all answers, in order.
    pub digest: blake3::Hash,
    /// The indexes of tapes that have lines but no readable record.
    pub illegible: Vec<usize>,
}

/// An error that ended a run early. The answers so far are written, but there is no digest.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The tape cannot be read to its end.
    #[error("{error}; {records} records were answered")]
    Tape {
        /// The cause.
        error: TapeError,
        /// The number of answers that were written.
        records: u64,
    },
    /// The answers cannot be written.
    #[error("cannot write answers: {0}")]
    Write(io::Error),
    /// The threads cannot be started.
    #[error("cannot start {threads} threads: {error}; try `--threads 1`")]
    Threads {
        /// The number of worker threads.
        threads: usize,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The answers do not add up to the records read.
    #[error("{answered} answers to {read} records; this is a bug, please report it with the tape")]
    Miscounted {
        /// The number of records read.
        read: u64,
        /// The number of answers.
        answered: u64,
    },
}

/// The outputs of a replay.
pub struct Sinks<'a, 'w> {
    /// The output of answers.
    pub answers: AnswersTo<'w>,
    /// The data of the HTML report, which is collected only if [`Replayer::reports`] is set.
    pub tally: Option<&'a mut Tally>,
    /// The progress callback, called after each chunk.
    pub progress: &'a mut dyn FnMut(&Counts),
}

/// The output of answers.
pub enum AnswersTo<'a> {
    /// No output.
    Nobody,
    /// One JSON line per answer.
    Lines(&'a mut dyn Write),
    /// One Parquet row per answer.
    Rows(Box<AnswerRows<'a>>),
}

impl AnswersTo<'_> {
    /// Returns the constructor of the answer buffer that this output needs.
    fn kept(&self) -> fn() -> AnswerBuffer {
        match self {
            Self::Nobody => || AnswerBuffer::Nothing,
            Self::Lines(_) => || AnswerBuffer::Lines(Vec::new()),
            Self::Rows(_) => || AnswerBuffer::Columns(Box::default()),
        }
    }

    fn take(&mut self, kept: &mut AnswerBuffer) -> io::Result<()> {
        match (self, kept) {
            (Self::Lines(to), AnswerBuffer::Lines(lines)) => to.write_all(lines),
            (Self::Rows(rows), AnswerBuffer::Columns(columns)) => rows.write(columns),
            (Self::Nobody | Self::Lines(_) | Self::Rows(_), _) => Ok(()),
        }
    }

    /// Completes the output.
    fn finish(self) -> io::Result<()> {
        match self {
            Self::Nobody | Self::Lines(_) => Ok(()),
            Self::Rows(rows) => rows.finish(),
        }
    }
}

/// Answers every record of the tapes.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end or answers cannot be written.
pub fn replay(
    judge: &Replayer,
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    threads: usize,
    sinks: Sinks<'_, '_>,
) -> Result<Outcome, ReplayError> {
    let work: &Work<'_> = &|chunk, first, timeline, scratch, judged| {
        judge.chunk(chunk, first, timeline, scratch, judged)
    };
    replay_with(work, initial, tapes, threads, sinks)
}

/// A function that answers the records of a chunk, given the number of the first one, and returns how many there are.
type Work<'w> =
    dyn Fn(&Chunk, u64, &mut Timeline, &mut Scratch, &mut ChunkOutput) -> u64 + Sync + 'w;

fn replay_with(
    work: &Work<'_>,
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    threads: usize,
    sinks: Sinks<'_, '_>,
) -> Result<Outcome, ReplayError> {
    let mut collector = Collector {
        hasher: blake3::Hasher::new(),
        counts: Counts::default(),
        tapes: Vec::new(),
        sinks,
    };
    let timeline = Timeline::new(initial);
    let run = if threads > 1 {
        pipeline::run(work, timeline, tapes, threads, &mut collector)
    } else {
        inline(work, timeline, tapes, &mut collector)
    };
    let illegible = collector.illegible();
    let Collector {
        hasher,
        counts,
        sinks,
        ..
    } = collector;
    // The output is completed even after an error, so that the answers so far are readable.
    let finished = sinks.answers.finish().map_err(ReplayError::Write);
    let (timeline, read) = run?;
    finished?;
    if counts.records != read || !counts.adds_up() {
        return Err(ReplayError::Miscounted {
            read,
            answered: counts.records,
        });
    }
    Ok(Outcome {
        counts,
        timeline,
        digest: hasher.finalize(),
        illegible,
    })
}

/// Runs the replay on the current thread.
fn inline(
    work: &Work<'_>,
    mut timeline: Timeline,
    tapes: TapeReader,
    collector: &mut Collector<'_, '_>,
) -> Result<(Timeline, u64), ReplayError> {
    let mut scratch = Scratch::default();
    let mut judged = ChunkOutput::keeping(collector.sinks.answers.kept());
    let mut read = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(|error| collector.tape_error(error))?;
        judged.clear();
        read += work(&chunk, read + 1, &mut timeline, &mut scratch, &mut judged);
        collector.take(&mut judged)?;
    }
    Ok((timeline, read))
}

/// The collector of chunk results, in order.
struct Collector<'a, 'w> {
    hasher: blake3::Hasher,
    counts: Counts,
    /// The number of records and of unreadable records, by tape.
    tapes: Vec<(u64, u64)>,
    sinks: Sinks<'a, 'w>,
}

impl Collector<'_, '_> {
    fn take(&mut self, judged: &mut ChunkOutput) -> Result<(), ReplayError> {
        self.hasher.update(&judged.rows);
        self.counts.merge(&judged.counts);
        if self.tapes.len() <= judged.tape {
            self.tapes.resize(judged.tape + 1, (0, 0));
        }
        if let Some((records, unreadable)) = self.tapes.get_mut(judged.tape) {
            *records += judged.counts.records;
            *unreadable += judged.counts.unreadable();
        }
        let taken = self.sinks.answers.take(&mut judged.kept);
        taken.map_err(ReplayError::Write)?;
        if let Some(tally) = &mut self.sinks.tally {
            judged.seen.iter().for_each(|seen| tally.add(seen));
        }
        (self.sinks.progress)(&self.counts);
        Ok(())
    }

    fn illegible(&self) -> Vec<usize> {
        let tapes = self.tapes.iter().enumerate();
        let illegible =
            tapes.filter(|(_, (records, unreadable))| *records > 0 && records == unreadable);
        illegible.map(|(place, _)| place).collect()
    }

    fn tape_error(&self, error: TapeError) -> ReplayError {
        ReplayError::Tape {
            error,
            records: self.counts.records,
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis::{decide::Engine, exit::ExitOwnership, guardrails::Guardrails};

    use super::*;
    use crate::tape::TapeSource;

    const RECORDS: u64 = 5_000;

    /// Replays a generated tape and applies `spoil` to the result of the first chunk.
    fn run(threads: usize, spoil: impl Fn(&mut ChunkOutput) + Sync) -> Result<u64, ReplayError> {
        let judge = Replayer {
            engine: Engine::new(
                Guardrails::none(),
                ExitOwnership::new("exitbrain_v3_5").unwrap(),
            ),
            assume_in_force: false,
            reports: false,
            now: None,
            scope: Scope::Tape,
        };
        let work: &Work<'_> = &|chunk, first, timeline, scratch, judged| {
            let count = judge.chunk(chunk, first, timeline, scratch, judged);
            if first == 1 {
                spoil(judged);
            }
            count
        };
        let mut bytes = Vec::new();
        crate::generate::write_tape(RECORDS, 1, &mut bytes).unwrap();
        let tape = TapeSource::Memory {
            name: "a test",
            bytes: bytes.into(),
        };
        let sinks = Sinks {
            answers: AnswersTo::Nobody,
            tally: None,
            progress: &mut |_| (),
        };
        let initial = Err(PolicyUnavailable::NotFound);
        replay_with(work, initial, TapeReader::new(vec![tape]), threads, sinks)
            .map(|outcome| outcome.counts.records)
    }

    #[track_caller]
    fn check_miscounted(
        spoil: impl Fn(&mut ChunkOutput) + Sync,
        is_expected: impl Fn(u64) -> bool,
    ) {
        for threads in [1, 3] {
            match run(threads, &spoil) {
                Err(ReplayError::Miscounted { read, answered }) => {
                    assert_eq!(read, RECORDS);
                    assert!(is_expected(answered), "{answered}");
                }
                other => panic!("{threads} threads: {other:?}"),
            }
        }
    }

    #[test]
    fn lost_or_duplicate_answers_are_errors() {
        for threads in [1, 3] {
            assert_eq!(run(threads, |_| ()).unwrap(), RECORDS);
        }
        check_miscounted(ChunkOutput::clear, |answered| answered < RECORDS);
        check_miscounted(|judged| judged.counts.records -= 1, |n| n == RECORDS - 1);
        check_miscounted(|judged| judged.counts.records += 1, |n| n == RECORDS + 1);
        let twice = |judged: &mut ChunkOutput| {
            let counts = judged.counts.clone();
            judged.counts.merge(&counts);
        };
        check_miscounted(twice, |answered| answered > RECORDS);
        // As many answers as records, but the counts by kind do not add up.
        let answer = |judged: &mut ChunkOutput| {
            let mut one = Counts::default();
            one.merge(&judged.counts);
            one.records = 0;
            judged.counts.merge(&one);
        };
        check_miscounted(answer, |n| n == RECORDS);
    }
}
