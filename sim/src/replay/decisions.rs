//! The decisions on a tape, for a simulation that executes them.
//!
//! All records are decided one at a time. The order of a trade or an exit is made from its intent, which columns do not
//! contain, so columns could decide skips only: 8.6 % of the records of a generated tape, and thus at most 8 % of the
//! instructions of a simulation. On a tape without policies, where all entries are skipped, a replay that decides them
//! as columns executes 12,800 instructions per record, and a simulation 12,100.

use portcullis::{
    answer::Answer,
    decide::Decision,
    policy::{Policy, PolicyUnavailable},
    record::{Scratch, TapeRecord},
    types::Timestamp,
};

use super::{
    chunk_output::ChunkOutput,
    counts::Counts,
    error::ReplayError,
    replayer::{Replayer, decide_again},
    set_counts::SetOutcome,
    set_run::SetRun,
    timeline::Timeline,
};
use crate::tape::{TapeReader, table::Rows};

/// The policies and counts of tapes whose intents were decided.
#[derive(Debug)]
#[non_exhaustive]
pub struct TapeDecisions {
    /// The policies of the tapes by time.
    pub timeline: Timeline,
    /// The counts of all answers.
    pub counts: Counts,
    /// The number of position snapshots. They are counted but not evaluated.
    pub positions: u64,
    /// The policy set and the counts of its entries, if the intents were decided under one.
    pub set: Option<SetOutcome>,
}

/// Passes each decision to `on_decision`, with the number of its record and the timestamp at which it was made.
///
/// Records are evaluated as in [`super::replay`], except position snapshots, which are only counted. A decision without
/// a timestamp, and a recorded decision whose service denial overrides the engine's decision, are counted but not
/// passed on.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end.
pub fn decisions(
    replayer: &Replayer,
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    on_decision: &mut dyn FnMut(u64, Timestamp, &Decision<'_>),
    progress: &mut dyn FnMut(u64),
) -> Result<TapeDecisions, ReplayError> {
    let mut timeline = Timeline::new(initial);
    let mut output = ChunkOutput::default();
    let mut scratch = Scratch::default();
    let mut positions = 0;
    let mut n = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(|error| ReplayError::Tape { error, records: n })?;
        output.counts.offset_assumed += chunk.rows().map_or(0, Rows::ts_without_zone);
        for line in chunk.lines() {
            n += 1;
            let number = usize::try_from(line.number).unwrap_or(usize::MAX);
            let mut unknown = PolicyUnavailable::NotFound;
            match replayer.read(line, number, &mut scratch) {
                TapeRecord::Intent(mut intent) => {
                    intent.set_line(number);
                    let at = intent.event_time();
                    output.counts.offset_assumed += u64::from(intent.offset_assumed());
                    let recorded = intent.recorded_policy();
                    let policy = replayer.policy_for(recorded, at, &timeline, &mut unknown);
                    let decision = replayer.engine.decide_recorded(policy.state, &intent);
                    if let Some(at) = at {
                        on_decision(n, at, &decision);
                    }
                    let answer = Answer::decision(&decision).to(n, intent.id(), at);
                    replayer.record(&answer, &timeline, policy.number, &mut output);
                }
                TapeRecord::RecordedDecision(record) => {
                    let at = record.at();
                    let recorded = record.recorded_policy();
                    let policy = replayer.policy_for(recorded, at, &timeline, &mut unknown);
                    let decision = decide_again(&replayer.engine, policy.state, &record);
                    let objection = record.objection();
                    if let Some(at) = at
                        && !objection.is_some_and(|it| it.takes_precedence_over(&decision))
                    {
                        on_decision(n, at, &decision);
                    }
                    let answer = replayer.answer_decided(&record, objection, policy.state, n);
                    replayer.record(&answer, &timeline, policy.number, &mut output);
                }
                TapeRecord::Position(_) => positions += 1,
                TapeRecord::PolicyUpdated(record, text) => {
                    let change = replayer.policy_updated(&record, text, n, &timeline, &mut output);
                    change.into_iter().for_each(|it| timeline.apply(it));
                }
                TapeRecord::PolicyWithdrawn(record) => {
                    let change = replayer.policy_withdrawn(&record, n, &timeline, &mut output);
                    change.into_iter().for_each(|it| timeline.apply(it));
                }
            }
        }
        output.rows.clear();
        progress(n);
    }
    Ok(TapeDecisions {
        timeline,
        counts: output.counts,
        positions,
        set: None,
    })
}

/// Passes each decision under a policy set to `on_decision`, as [`decisions`] does. Each entry is decided as without an
/// open position.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end.
pub(crate) fn set_decisions(
    run: &SetRun<'_>,
    tapes: TapeReader,
    on_decision: &mut dyn FnMut(u64, Timestamp, &Decision<'_>),
    progress: &mut dyn FnMut(u64),
) -> Result<TapeDecisions, ReplayError> {
    let timeline = run.timeline();
    let mut output = ChunkOutput::default();
    let mut scratch = Scratch::default();
    let (mut positions, mut n) = (0, 0);
    for chunk in tapes {
        let chunk = chunk.map_err(|error| ReplayError::Tape { error, records: n })?;
        output.counts.offset_assumed += chunk.rows().map_or(0, Rows::ts_without_zone);
        for line in chunk.lines() {
            n += 1;
            let number = usize::try_from(line.number).unwrap_or(usize::MAX);
            match run.replayer.read(line, number, &mut scratch) {
                TapeRecord::Position(_) => positions += 1,
                record @ (TapeRecord::Intent(_)
                | TapeRecord::RecordedDecision(_)
                | TapeRecord::PolicyUpdated(..)
                | TapeRecord::PolicyWithdrawn(_)) => {
                    run.answer((record, number, n), &timeline, &mut output, on_decision);
                }
            }
        }
        output.rows.clear();
        progress(n);
    }
    Ok(TapeDecisions {
        timeline,
        counts: output.counts,
        positions,
        set: Some(SetOutcome {
            set: run.set().clone(),
            counts: output.set,
        }),
    })
}
