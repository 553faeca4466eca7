//! Who is held to the laws.

use std::error::Error;

use super::{Question, Row};
use crate::{
    answer::Answer,
    event::{Event, Scratch, Untyped, read, read_as},
    harvest::{Snapshot, harvest},
    policy::PolicyState,
};

/// Why a decider has no answer: a law is broken. Any error will do.
pub type Unanswered = Box<dyn Error>;

/// A function that decides, whatever it is made of: a wrapper of [`Engine`](crate::decide::Engine), code of its own, a
/// process that is asked over a pipe.
///
/// What it keeps between two questions is its own affair, as long as no answer shows it (L6).
pub trait Decider {
    /// The answer to an intent: `TRADE`, `EXIT` or `SKIP`.
    ///
    /// # Errors
    /// None: deciding never fails. Where it cannot be helped, a port that is dead say, an error breaks L3.
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered>;
}

/// A function that harvests.
pub trait Harvester {
    /// The answer to a position: `HARVEST` or `SKIP`.
    ///
    /// # Errors
    /// None, as in [`Decider::decide`].
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered>;
}

/// The engine itself, asked with texts: what a wrapper adds to, and what a port can be compared with.
///
/// ```
/// use portcullis::testing::{Laws, Portcullis};
///
/// Laws::new().cases(20).hold(&mut Portcullis)?;
/// Laws::new().cases(20).hold_harvest(&mut Portcullis)?;
/// # Ok::<(), portcullis::testing::Broken>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Portcullis;

impl Decider for Portcullis {
    fn decide(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let engine = asked.engine()?;
        let policy = asked.read_policy();
        let state = match &policy {
            Ok(policy) => PolicyState::present(policy),
            Err(absence) => PolicyState::absent(absence),
        };
        let mut scratch = Scratch::default();
        let intent = read(&asked.record, &mut scratch).into_intent();
        let decision = engine.decide(state, &intent, asked.now);
        Ok(Row::from(&Answer::decision(&decision)))
    }
}

impl Harvester for Portcullis {
    fn harvest(&mut self, asked: &Question) -> Result<Row, Unanswered> {
        let policy = asked.read_policy();
        let state = match &policy {
            Ok(policy) => PolicyState::present(policy),
            Err(absence) => PolicyState::absent(absence),
        };
        let mut scratch = Scratch::default();
        let snapshot = match read_as(&asked.record, Untyped::Position, &mut scratch) {
            Event::Position(record) => Snapshot::from_json(record.text(), record.emitted_at()).ok(),
            Event::Intent(_)
            | Event::Decided(_)
            | Event::PolicyUpdated(..)
            | Event::PolicyWithdrawn(_) => None,
        };
        let Some(snapshot) = snapshot else {
            return Ok(Row::from(&Answer::harvest_invalid("no position")));
        };
        let decision = harvest(
            state,
            &snapshot.position,
            snapshot.market.as_ref(),
            asked.now,
        );
        let answer = Answer::harvest(&decision, state).about(&snapshot.position);
        Ok(Row::from(&answer))
    }
}
