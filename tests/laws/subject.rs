//! The subject of the laws: the engine, or an engine with a planted bug.

use portcullis::{
    answer::Answer,
    decide::{BatchRow, DecisionColumns, Engine, IntentColumns},
    exit::ExitOwnership,
    guardrails::Guardrails,
    harvest::{HarvestBatch, HarvestColumns, HarvestDecision, HarvestRow, harvest, harvest_batch},
    policy::{Policy, PolicyState, PolicyUnavailable},
    types::Timestamp,
};

use crate::{
    answered::Answered,
    strategies::{
        Call, DELEGATE, GuardrailsDraft, HarvestCall, IntentDraft, OWNER, PolicyInput,
        PositionDraft,
    },
};

/// A parsed policy, and an engine with guardrails.
pub(crate) struct World {
    pub(crate) policy: Result<Policy, PolicyUnavailable>,
    pub(crate) engine: Engine,
}

impl World {
    pub(crate) fn new(input: &PolicyInput, guardrails: &GuardrailsDraft) -> Self {
        Self {
            policy: input.read(),
            engine: Engine::new(
                Guardrails::from_json(&guardrails.text()).unwrap(),
                ExitOwnership::new(OWNER)
                    .unwrap()
                    .with_delegate(DELEGATE)
                    .unwrap(),
            ),
        }
    }

    pub(crate) fn of(call: &Call) -> Self {
        Self::new(&call.policy, &call.guardrails)
    }

    pub(crate) fn of_harvest(call: &HarvestCall) -> Self {
        Self::new(&call.policy, &GuardrailsDraft::none())
    }

    pub(crate) fn state(&self) -> PolicyState<'_> {
        PolicyState::from(&self.policy)
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

/// An engine under test. The default methods call the real engine.
pub(crate) trait Subject: Sync {
    /// Decides at `now` in microseconds, or at the timestamp of the intent.
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        intent.with(|intent| {
            let (engine, state) = (&world.engine, world.state());
            Answered::decision(&match now {
                Some(now) => engine.decide(state, intent, at(now)),
                None => engine.decide_recorded(state, intent),
            })
        })
    }

    fn decide_traced(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        intent.with(|intent| {
            let now = now.map(at);
            let (decision, trace) = world.engine.decide_traced(world.state(), intent, now);
            Answered {
                gates: trace.passed().iter().map(|saw| saw.gate()).collect(),
                ..Answered::decision(&decision)
            }
        })
    }

    fn decide_columns(
        &self,
        world: &World,
        intents: &[IntentDraft],
        now: Option<i64>,
    ) -> Vec<BatchRow> {
        let mut columns = IntentColumns::default();
        for intent in intents {
            intent.with(|intent| columns.push(intent));
        }
        let mut answers = DecisionColumns::default();
        let engine = &world.engine;
        engine.decide_columns(world.state(), &columns, now.map(at), &mut answers);
        (0..answers.len())
            .filter_map(|row| answers.row(row))
            .collect()
    }

    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let (position, market) = position.read();
        let decision = harvest(world.state(), &position, market.as_ref(), at(now));
        let answer = Answer::harvest(&decision, world.state());
        match &decision {
            HarvestDecision::Harvest(harvest) => Answered::harvest(&answer, harvest),
            HarvestDecision::Skip(_) => Answered::bare(&answer),
        }
    }

    /// Evaluates a batch of positions. Returns `None` if no θ is in force.
    fn harvest_batch(
        &self,
        world: &World,
        positions: &[PositionDraft],
        now: i64,
    ) -> Option<Vec<HarvestRow>> {
        let mut columns = HarvestColumns::new();
        for position in positions {
            let (position, market) = position.read();
            columns.push(&position, market.as_ref());
        }
        let mut batch = HarvestBatch::new();
        let theta = world.state().theta_in_force(at(now)).ok()?;
        harvest_batch(theta, &columns, &mut batch);
        Some((0..batch.len()).filter_map(|row| batch.row(row)).collect())
    }
}

/// The engine without a planted bug.
pub(crate) struct Portcullis;

impl Subject for Portcullis {}
