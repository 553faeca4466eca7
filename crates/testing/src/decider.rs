//! Traits that a decision function implements so that the laws can test it.

use std::error::Error;

use super::{Question, Row};
use portcullis::{
    answer::Answer,
    harvest::{Snapshot, harvest},
    policy::PolicyState,
    record::{Scratch, TapeRecord, Untyped, read, read_as},
};

/// The error of a decider that has no answer. Any error type is accepted, and every error violates L3.
pub type Unanswered = Box<dyn Error>;

/// A decision function of any kind: a wrapper of [`Engine`](portcullis::decide::Engine), an
/// independent implementation, or a port that runs in another process.
///
/// A decider may keep state between two questions, but no answer may depend on that state (L6).
pub trait Decider {
    /// Answers an intent: `TRADE`, `EXIT` or `SKIP`.
    ///
    /// # Errors
    /// A decider must always answer: an error, for example because the process of a port has exited, violates L3.
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered>;
}

/// A harvest function of any kind, which answers positions.
pub trait Harvester {
    /// Answers a position: `HARVEST` or `SKIP`.
    ///
    /// # Errors
    /// A harvester must always answer: an error violates L3, as in [`Decider::decide`].
    fn harvest(&mut self, question: &Question) -> Result<Row, Unanswered>;
}

/// The engine as a decider and a harvester: the base for a wrapper, and the reference for a port.
///
/// ```
/// use portcullis_testing::{Laws, Portcullis};
///
/// Laws::new().with_cases(20).check(&mut Portcullis)?;
/// Laws::new().with_cases(20).check_harvester(&mut Portcullis)?;
/// # Ok::<(), portcullis_testing::LawFailures>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Portcullis;

impl Decider for Portcullis {
    fn decide(&mut self, question: &Question) -> Result<Row, Unanswered> {
        let engine = question.engine()?;
        let policy = question.read_policy();
        let state = PolicyState::from(&policy);
        let mut scratch = Scratch::default();
        let intent = read(&question.record, &mut scratch).into_intent();
        let decision = engine.decide(state, &intent, question.now);
        Ok(Row::from(&Answer::decision(&decision)))
    }
}

impl Harvester for Portcullis {
    fn harvest(&mut self, question: &Question) -> Result<Row, Unanswered> {
        let policy = question.read_policy();
        let state = PolicyState::from(&policy);
        let mut scratch = Scratch::default();
        let snapshot = match read_as(&question.record, Untyped::Position, &mut scratch) {
            TapeRecord::Position(record) => {
                Snapshot::from_json(record.text(), record.emitted_at()).ok()
            }
            TapeRecord::Intent(_)
            | TapeRecord::RecordedDecision(_)
            | TapeRecord::PolicyUpdated(..)
            | TapeRecord::PolicyWithdrawn(_) => None,
        };
        let Some(snapshot) = snapshot else {
            return Ok(Row::from(&Answer::harvest_invalid(
                "not a position snapshot",
            )));
        };
        let decision = harvest(
            state,
            &snapshot.position,
            snapshot.market.as_ref(),
            question.now,
        );
        let answer = Answer::harvest(&decision, state).about(&snapshot.position);
        Ok(Row::from(&answer))
    }
}
