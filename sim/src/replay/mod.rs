//! Replay of tapes: every record is answered in order, and time comes from the tape.
//!
//! Apart from policy changes, memory does not grow with the number of records. A bounded number of
//! chunks is in memory at a time. The answers do not depend on the number of threads.

mod accumulator;
pub mod parts;

mod answer_rows;
mod chunk_output;
mod counts;
mod decisions;
mod digest;
mod digest_part;
mod entries;
mod error;
mod exact_sum;
mod explain;
mod fixed_entries;
mod fixed_policy;
mod loaded_set;
mod pipeline;
mod reached;
mod replayer;
mod report_row;
mod set_counts;
mod set_run;
mod sinks;
mod skip_samples;
mod table;
mod tally;
mod timeline;
mod totals;

use portcullis::policy::{Policy, PolicyUnavailable};
use portcullis_rollout::PolicySet;

use accumulator::{Accumulator, TapeCounts};
pub use answer_rows::AnswerRows;
pub(crate) use chunk_output::ChunkOutput;
pub use counts::{Counts, SymbolCounts};
pub(crate) use decisions::set_decisions;
pub use decisions::{TapeDecisions, decisions};
use digest_part::DigestPart;
pub use error::ReplayError;
pub use exact_sum::ExactSum;
pub use explain::{ExplainError, ExplainedRecord, explain};
pub(crate) use fixed_entries::{EntryAnswer, FixedEntries};
pub(crate) use fixed_policy::AnswerUnder;
pub use fixed_policy::FixedReplay;
pub use loaded_set::{LoadedSet, LoadedSetError};
use pipeline::{Work, run_inline, run_on_threads};
pub(crate) use reached::Reached;
pub use replayer::{Replayer, Scope, evaluate_position, read_snapshot};
pub(crate) use replayer::{Workspace, decide_again};
pub use set_counts::{EntryCounts, SetCounts, SetOutcome};
pub(crate) use set_run::SetRun;
pub use sinks::{AnswerSink, Sinks};
pub use skip_samples::{FirstSkip, SkipSamples};
pub use table::{AnswerFormat, TableError, TableReplay, record_columns};
pub use tally::AnswerTally;
pub(crate) use tally::{
    Cells, EXPIRIES, KILLS, LEVERAGES, NOTIONALS, NearMissKind, R_STEPS, RATIOS,
};
pub use timeline::{NumberedPolicy, Timeline};
pub use totals::Totals;

use crate::tape::TapeReader;

/// The result of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReplayOutcome {
    /// The counts of all answers.
    pub counts: Counts,
    /// The policies of the tapes by time.
    pub timeline: Timeline,
    /// The digest of all answers, in order.
    pub digest: blake3::Hash,
    /// The policy set and the counts of its entries, if the tapes were replayed under one.
    pub set: Option<SetOutcome>,
    /// The indexes of tapes that have lines but no readable record.
    pub unreadable_tapes: Vec<usize>,
}

/// Answers every record of the tapes.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end or answers cannot be written.
pub fn replay(
    replayer: &Replayer,
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    threads: usize,
    sinks: Sinks<'_, '_>,
) -> Result<ReplayOutcome, ReplayError> {
    let work: &Work<'_> = &|chunk, first, timeline, workspace, output| {
        replayer.chunk(chunk, first, timeline, workspace, output)
    };
    let run = replay_with(work, Timeline::new(initial), tapes, threads, sinks)?;
    Ok(run.outcome(None))
}

/// Answers every record of the tapes under a policy set, in place of the policies on the tapes. If the answers are
/// Parquet rows, `sinks` must have been created with [`AnswerRows::with_arm_reasons`].
///
/// Each entry is decided as without an open position, because positions are unknown in a replay. A change of the policy
/// on the tapes is answered, but has no effect. All records are answered one at a time.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end or answers cannot be written.
pub fn replay_set(
    replayer: &Replayer,
    set: &LoadedSet,
    tapes: TapeReader,
    threads: usize,
    sinks: Sinks<'_, '_>,
) -> Result<ReplayOutcome, ReplayError> {
    let set_run = SetRun::new(replayer, set);
    let work: &Work<'_> = &|chunk, first, timeline, workspace, output| {
        set_run.chunk((chunk, first), timeline, &mut workspace.scratch, output)
    };
    let run = replay_with(work, set_run.timeline(), tapes, threads, sinks)?;
    Ok(run.outcome(Some(set.set().clone())))
}

fn replay_with(
    work: &Work<'_>,
    timeline: Timeline,
    tapes: TapeReader,
    threads: usize,
    sinks: Sinks<'_, '_>,
) -> Result<Run, ReplayError> {
    let run = run(work, timeline, DigestPart::default(), tapes, threads, sinks)?;
    run.check()?;
    Ok(run)
}

/// The result of a run over consecutive records, which may be a part of all records.
struct Run {
    counts: Counts,
    timeline: Timeline,
    digest: DigestPart,
    set: SetCounts,
    tapes: Vec<TapeCounts>,
    read: u64,
}

impl Run {
    /// Returns the outcome of a run over all records. `set` is the policy set of the run, if there is one.
    fn outcome(self, set: Option<PolicySet>) -> ReplayOutcome {
        let counts = self.set;
        ReplayOutcome {
            digest: self.digest.digest().unwrap_or_else(|| blake3::hash(&[])),
            set: set.map(|set| SetOutcome { set, counts }),
            unreadable_tapes: TapeCounts::unreadable_tapes(&self.tapes),
            counts: self.counts,
            timeline: self.timeline,
        }
    }

    /// Checks that each record has an answer.
    fn check(&self) -> Result<(), ReplayError> {
        if self.counts.records != self.read || !self.counts.adds_up() {
            return Err(ReplayError::Miscounted {
                read: self.read,
                answered: self.counts.records,
            });
        }
        Ok(())
    }
}

/// Replays tapes, starting from the policy timeline and the digest of the records before them.
fn run(
    work: &Work<'_>,
    timeline: Timeline,
    digest: DigestPart,
    tapes: TapeReader,
    threads: usize,
    sinks: Sinks<'_, '_>,
) -> Result<Run, ReplayError> {
    let mut results = Accumulator::new(digest, sinks);
    let run = if threads > 1 {
        run_on_threads(work, timeline, tapes, threads, &mut results)
    } else {
        run_inline(work, timeline, tapes, &mut results)
    };
    let Accumulator {
        digest,
        counts,
        set,
        tapes,
        sinks,
    } = results;
    let run = run.map(|(timeline, read)| Run {
        counts,
        timeline,
        digest,
        set,
        tapes,
        read,
    });
    let complete = run.as_ref().ok().filter(|run| run.check().is_ok());
    let digest = complete.and_then(|run| run.digest.digest());
    // The output is completed even after an error, so that the answers so far are readable.
    let finished = sinks.answers.finish(digest);
    let run = run?;
    finished.map_err(ReplayError::Write)?;
    Ok(run)
}

#[cfg(test)]
mod tests {
    use portcullis::{decide::Engine, exit::ExitOwnership, guardrails::Guardrails};

    use super::*;
    use crate::tape::TapeSource;

    const RECORDS: u64 = 5_000;

    /// Replays a generated tape and applies `spoil` to the result of the first chunk.
    fn run(threads: usize, spoil: impl Fn(&mut ChunkOutput) + Sync) -> Result<u64, ReplayError> {
        let replayer = Replayer::new(Engine::new(
            Guardrails::none(),
            ExitOwnership::new("exitbrain_v3_5").unwrap(),
        ));
        let work: &Work<'_> = &|chunk, first, timeline, workspace, output| {
            let count = replayer.chunk(chunk, first, timeline, workspace, output);
            if first == 1 {
                spoil(output);
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
            answers: AnswerSink::Discard,
            tally: None,
            progress: &mut |_| (),
        };
        let timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
        replay_with(work, timeline, TapeReader::new(vec![tape]), threads, sinks)
            .map(|run| run.counts.records)
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
        check_miscounted(|output| output.counts.records -= 1, |n| n == RECORDS - 1);
        check_miscounted(|output| output.counts.records += 1, |n| n == RECORDS + 1);
        let twice = |output: &mut ChunkOutput| {
            let counts = output.counts.clone();
            output.counts.merge(&counts);
        };
        check_miscounted(twice, |answered| answered > RECORDS);
        // The number of answers is right, but the counts by kind do not add up.
        let answer = |output: &mut ChunkOutput| {
            let mut one = Counts::default();
            one.merge(&output.counts);
            one.records = 0;
            output.counts.merge(&one);
        };
        check_miscounted(answer, |n| n == RECORDS);
    }
}
