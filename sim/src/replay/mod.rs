//! A tape in, its answers out, in their order; the clock is the tape's.
//!
//! Memory does not grow with the tape: chunks go through one by one, or a few at a time with threads. The
//! answers do not depend on how many there are.

mod explained;
mod judge;
mod pipeline;
mod timeline;

use std::io::{self, Write};

use portcullis::{
    event::Scratch,
    policy::{Policy, PolicyAbsence},
};
use thiserror::Error;

pub use explained::{Told, explain};
pub use judge::{Judge, Judged, Rulers, Scope, may_change_policy};
use judge::{judge_position, rule};
pub use timeline::{Rule, Timeline};

use crate::{
    report::Counts,
    tape::{TapeError, TapeReader},
};

/// What came of a whole run.
#[derive(Debug)]
pub struct Outcome {
    /// The answers, counted.
    pub counts: Counts,
    /// What ruled when.
    pub timeline: Timeline,
    /// Over all answers, in their order.
    pub digest: blake3::Hash,
    /// The tapes, by their places, that have lines and not one that could be read as a record.
    pub illegible: Vec<usize>,
}

/// Why a run ended early. The answers so far are written, and there is no digest.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The tape cannot be read to its end.
    #[error("{error}; {records} records were answered")]
    Tape {
        /// Why not.
        error: TapeError,
        /// How many answers were written.
        records: u64,
    },
    /// The answers cannot be written.
    #[error("cannot write answers: {0}")]
    Write(io::Error),
    /// The system gives no threads.
    #[error("cannot start {threads} threads: {error}; try `--threads 1`")]
    Threads {
        /// So many judge.
        threads: usize,
        /// What the system says.
        error: io::Error,
    },
    /// The answers do not add up to the records read.
    #[error("{answered} answers to {read} records: this is a bug, please report it with the tape")]
    Miscounted {
        /// Records read.
        read: u64,
        /// Answers given.
        answered: u64,
    },
}

/// Where answers and news of the progress go.
pub struct Sinks<'a> {
    /// The answers, as JSONL.
    pub answers: Option<&'a mut dyn Write>,
    /// Called after every chunk.
    pub progress: &'a mut dyn FnMut(&Counts),
}

/// Answers every record of the tapes.
///
/// # Errors
/// A tape that cannot be read to its end, or answers that cannot be written.
pub fn replay(
    judge: &Judge,
    initial: Result<Policy, PolicyAbsence>,
    tapes: TapeReader,
    threads: usize,
    sinks: Sinks<'_>,
) -> Result<Outcome, ReplayError> {
    let mut collector = Collector {
        hasher: blake3::Hasher::new(),
        counts: Counts::default(),
        tapes: Vec::new(),
        sinks,
    };
    let timeline = Timeline::new(initial);
    let (timeline, read) = if threads > 1 {
        pipeline::run(judge, timeline, tapes, threads, &mut collector)?
    } else {
        inline(judge, timeline, tapes, &mut collector)?
    };
    let illegible = collector.illegible();
    let Collector { hasher, counts, .. } = collector;
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

/// One thread does everything.
fn inline(
    judge: &Judge,
    mut timeline: Timeline,
    tapes: TapeReader,
    collector: &mut Collector<'_>,
) -> Result<(Timeline, u64), ReplayError> {
    let mut scratch = Scratch::default();
    let mut judged = Judged::default();
    let mut read = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(|error| collector.tape_error(error))?;
        judged.clear();
        read += judge.chunk(
            &chunk,
            read + 1,
            Rulers::Open(&mut timeline),
            &mut scratch,
            &mut judged,
        );
        collector.take(&judged)?;
    }
    Ok((timeline, read))
}

/// Puts together what came of the chunks, in their order.
struct Collector<'a> {
    hasher: blake3::Hasher,
    counts: Counts,
    /// Of each tape: how many records, and how many of them were unreadable.
    tapes: Vec<(u64, u64)>,
    sinks: Sinks<'a>,
}

impl Collector<'_> {
    fn take(&mut self, judged: &Judged) -> Result<(), ReplayError> {
        self.hasher.update(&judged.rows);
        self.counts.merge(&judged.counts);
        if self.tapes.len() <= judged.tape {
            self.tapes.resize(judged.tape + 1, (0, 0));
        }
        if let Some((records, unreadable)) = self.tapes.get_mut(judged.tape) {
            *records += judged.counts.records;
            *unreadable += judged.counts.unreadable();
        }
        if let Some(answers) = &mut self.sinks.answers {
            answers
                .write_all(&judged.answers)
                .map_err(ReplayError::Write)?;
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
