//! The decisions on a tape, for a simulation that executes them.

use portcullis::{
    answer::Answer,
    decide::Decision,
    policy::{Policy, PolicyUnavailable},
    record::{Scratch, TapeRecord},
    types::Timestamp,
};

use super::{ChunkOutput, ReplayError, Replayer, Timeline, replayer::decide_again};
use crate::{report::Counts, tape::TapeReader};

/// The result of reading the tapes.
#[derive(Debug)]
pub struct RecordedDecision {
    /// The policies of the tapes by time.
    pub timeline: Timeline,
    /// The counts of all answers.
    pub counts: Counts,
    /// The number of position snapshots. They are counted but not evaluated.
    pub positions: u64,
}

/// Passes each decision to `hear`, with the number of its record and the timestamp at which it was made.
///
/// Records are evaluated as in [`super::replay`], except position snapshots, which are only counted. A recorded
/// decision whose service denial overrides the engine's decision is counted but not passed on.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end.
pub fn decisions(
    judge: &Replayer,
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    hear: &mut dyn FnMut(u64, Timestamp, &Decision<'_>),
    progress: &mut dyn FnMut(u64),
) -> Result<RecordedDecision, ReplayError> {
    let mut timeline = Timeline::new(initial);
    let mut judged = ChunkOutput::default();
    let mut scratch = Scratch::default();
    let mut positions = 0;
    let mut n = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(|error| ReplayError::Tape { error, records: n })?;
        for line in chunk.lines() {
            n += 1;
            let number = usize::try_from(line.number).unwrap_or(usize::MAX);
            let mut unknown = PolicyUnavailable::NotFound;
            match judge.read(line, number, &mut scratch) {
                TapeRecord::Intent(mut intent) => {
                    intent.set_line(number);
                    let at = intent.event_time();
                    let recorded = intent.recorded_policy();
                    let policy = judge.policy_for(recorded, at, &timeline, &mut unknown);
                    let decision = judge.engine.decide_recorded(policy.state, &intent);
                    if let Some(at) = at {
                        hear(n, at, &decision);
                    }
                    let answer = Answer::decision(&decision).to(n, intent.id(), at);
                    judge.record(&answer, &timeline, policy.number, &mut judged);
                }
                TapeRecord::RecordedDecision(record) => {
                    let at = record.at();
                    let recorded = record.recorded_policy();
                    let policy = judge.policy_for(recorded, at, &timeline, &mut unknown);
                    let decision = decide_again(&judge.engine, policy.state, &record);
                    let objection = record.objection();
                    if let Some(at) = at
                        && !objection.is_some_and(|it| it.takes_precedence_over(&decision))
                    {
                        hear(n, at, &decision);
                    }
                    let answer = judge.answer_decided(&record, objection, policy.state, n);
                    judge.record(&answer, &timeline, policy.number, &mut judged);
                }
                TapeRecord::Position(_) => positions += 1,
                TapeRecord::PolicyUpdated(record, text) => {
                    judge.policy_updated(&record, text, n, &mut timeline, &mut judged);
                }
                TapeRecord::PolicyWithdrawn(record) => {
                    judge.policy_withdrawn(&record, n, &mut timeline, &mut judged);
                }
            }
        }
        judged.rows.clear();
        progress(n);
    }
    Ok(RecordedDecision {
        timeline,
        counts: judged.counts,
        positions,
    })
}
