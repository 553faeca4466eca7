//! The decisions on a tape, for a simulation that executes them.

use portcullis::{
    answer::Answer,
    decide::Decision,
    domain::Instant,
    event::{Event, Scratch},
    policy::{Policy, PolicyAbsence},
};

use super::{
    Judge, Judged, ReplayError, Rulers, Timeline,
    judge::{decide_again, rule},
};
use crate::{report::Counts, tape::TapeReader};

/// The result of reading the tapes.
#[derive(Debug)]
pub struct Decided {
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
    judge: &Judge,
    initial: Result<Policy, PolicyAbsence>,
    tapes: TapeReader,
    hear: &mut dyn FnMut(u64, Instant, &Decision<'_>),
    progress: &mut dyn FnMut(u64),
) -> Result<Decided, ReplayError> {
    let mut timeline = Timeline::new(initial);
    let mut judged = Judged::default();
    let mut scratch = Scratch::default();
    let mut positions = 0;
    let mut n = 0;
    for chunk in tapes {
        let chunk = chunk.map_err(|error| ReplayError::Tape { error, records: n })?;
        for line in chunk.lines() {
            n += 1;
            let number = usize::try_from(line.number).unwrap_or(usize::MAX);
            let mut unknown = PolicyAbsence::NotFound;
            match judge.read(line, number, &mut scratch) {
                Event::Intent(mut intent) => {
                    intent.set_line(number);
                    let at = intent.event_time();
                    let rule = rule(&timeline, intent.recorded_policy(), at, &mut unknown);
                    let decision = judge.engine.decide_recorded(judge.state(rule), &intent);
                    if let Some(at) = at {
                        hear(n, at, &decision);
                    }
                    let answer = Answer::decision(&decision).to(n, intent.id(), at);
                    judge.record(&answer, &timeline, rule.ok(), &mut judged);
                }
                Event::Decided(record) => {
                    let at = record.at();
                    let rule = rule(&timeline, Some(record.policy()), at, &mut unknown);
                    let state = judge.state(rule);
                    let decision = decide_again(&judge.engine, state, &record);
                    let objection = record.objection();
                    if let Some(at) = at
                        && !objection.is_some_and(|it| it.outweighs(&decision))
                    {
                        hear(n, at, &decision);
                    }
                    let answer = judge.answer_decided(&record, objection, state, n);
                    judge.record(&answer, &timeline, rule.ok(), &mut judged);
                }
                Event::Position(_) => positions += 1,
                Event::PolicyUpdated(record, text) => {
                    let mut rulers = Rulers::Open(&mut timeline);
                    judge.policy_updated(&record, text, n, &mut rulers, &mut judged);
                }
                Event::PolicyWithdrawn(record) => {
                    let mut rulers = Rulers::Open(&mut timeline);
                    judge.policy_withdrawn(&record, n, &mut rulers, &mut judged);
                }
            }
        }
        judged.rows.clear();
        progress(n);
    }
    Ok(Decided {
        timeline,
        counts: judged.counts,
        positions,
    })
}
