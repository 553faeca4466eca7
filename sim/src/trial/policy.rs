//! The trial of one policy.

use portcullis::{
    answer::{Answer, Verdict},
    decide::Decision,
    intent::Intent,
    policy::{Policy, PolicyState},
    record::RecordedDecision,
    types::Timestamp,
};
use serde::Serialize;

use crate::{
    diff::Effect,
    replay::{Reached, Replayer, Totals, decide_again},
    simulate::{
        Order, Settings, SimulationOutcome, candles::Series, simulate_orders, units::AmountOverflow,
    },
};

/// The result of a trial for one policy.
#[derive(Debug)]
#[non_exhaustive]
pub struct PolicyTrial {
    /// The number of records whose answer, under this policy or under the first policy, depends on the numbers of the
    /// policy.
    pub reached: u64,
    /// The number of records that this policy skips and the first policy trades.
    pub new_trades: u64,
    /// The totals of the trades.
    pub totals: Totals,
    /// The BLAKE3 hash of all answers: for each record, a line of JSON with its number in the window and the effective
    /// part of its answer.
    pub answers: blake3::Hash,
    /// The simulated result, if there are candles.
    pub simulation: Option<SimulationOutcome>,
}

/// A record whose answer depends on the policy.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question<'r> {
    Intent(&'r Intent<'r>),
    Decision(&'r RecordedDecision<'r>),
}

/// The trial of one policy in progress.
#[derive(Debug)]
pub(crate) struct PolicyRun<'a> {
    policy: &'a Policy,
    reached: u64,
    new_trades: u64,
    totals: Totals,
    answers: blake3::Hasher,
    orders: Vec<Order>,
}

/// One line of the hash of the answers.
#[derive(Serialize)]
struct EffectLine<'e> {
    n: u64,
    #[serde(flatten)]
    effect: &'e Effect,
}

impl<'a> PolicyRun<'a> {
    pub(crate) fn new(policy: &'a Policy) -> Self {
        Self {
            policy,
            reached: 0,
            new_trades: 0,
            totals: Totals::default(),
            answers: blake3::Hasher::new(),
            orders: Vec::new(),
        }
    }

    /// Answers a record at its time, and adds its order.
    pub(crate) fn answer(
        &mut self,
        replayer: &Replayer,
        (at, n): (Timestamp, u64),
        question: &Question<'_>,
    ) -> Effect {
        let state = replayer.state(PolicyState::present(self.policy));
        let (decision, denial) = match *question {
            Question::Intent(intent) => (replayer.engine.decide_recorded(state, intent), None),
            Question::Decision(record) => (
                decide_again(&replayer.engine, state, record),
                // A denial that concerns the recorded policy does not apply under another policy.
                record.objection().filter(|it| !it.is_about_policy()),
            ),
        };
        let denial = denial.filter(|it| it.takes_precedence_over(&decision));
        let answer = match denial {
            Some(denial) => Answer::denied_by_service(&decision, denial),
            None => Answer::decision(&decision),
        };
        let effect = Effect::of(&answer);
        self.totals.add(&answer);
        let line = EffectLine { n, effect: &effect };
        // Numbers and names can always be written.
        let line = serde_json::to_vec(&line).unwrap_or_default();
        self.answers.update(&line).update(b"\n");
        if denial.is_none() && !matches!(decision, Decision::Skip(_)) {
            let order = Order::new(n, at, &decision, replayer.engine.guardrails());
            self.orders.extend(order);
        }
        effect
    }

    /// Compares the effect of an answer with that under the first policy.
    pub(crate) fn compare(&mut self, first: &Effect, own: &Effect) {
        let reached = |effect: &Effect| Reached::by(effect.decision, effect.reason);
        self.reached += u64::from(reached(first).max(reached(own)) == Reached::Policy);
        let is_new = first.decision == Verdict::Trade && own.decision == Verdict::Skip;
        self.new_trades += u64::from(is_new);
    }

    pub(crate) fn finish(
        self,
        replayer: &Replayer,
        simulation: Option<(&Settings, &[Series])>,
    ) -> Result<PolicyTrial, AmountOverflow> {
        let simulate = |(settings, series)| {
            simulate_orders((replayer, settings), self.policy, self.orders, series)
        };
        Ok(PolicyTrial {
            reached: self.reached,
            new_trades: self.new_trades,
            totals: self.totals,
            answers: self.answers.finalize(),
            simulation: simulation.map(simulate).transpose()?,
        })
    }
}
