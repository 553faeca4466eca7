//! Checks of L3, total.

use proptest::prelude::*;

use super::trial::{Ask, Case, FailedDemand, Tested, Trial, demand};
use crate::{
    Question, Row, Violation,
    strategies::{self, text::any_text},
};
use portcullis::{answer::Verdict, types::Timestamp};

pub(super) fn any_text_of_an_intent(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let question = strategies::calls().prop_map(|call| call.question());
    trial.run(ask, texts(question.boxed()), of_a_decision)
}

pub(super) fn any_text_of_a_position(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let question = strategies::harvests().prop_map(|call| call.question());
    trial.run(ask, texts(question.boxed()), of_a_harvest)
}

pub(super) fn any_floats_of_an_intent(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = (strategies::calls_of_any_floats(), any_instant());
    let questions = calls.prop_map(|(call, now)| Question {
        now,
        ..call.question()
    });
    trial.run(ask, questions.boxed(), of_a_decision)
}

pub(super) fn any_floats_of_a_position(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let questions = strategies::harvests_of_any_floats().prop_map(|call| call.question());
    trial.run(ask, questions.boxed(), of_a_harvest)
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
    let micros = prop_oneof![1 => Just(first), 1 => Just(last), 4 => first..=last];
    micros.prop_filter_map("timestamp out of range", |micros| {
        Timestamp::from_micros(micros).ok()
    })
}

/// Generates questions in which the record, the policy, or both are replaced with any text.
fn texts(questions: BoxedStrategy<Question>) -> BoxedStrategy<Question> {
    let text = || prop_oneof![1 => Just(None), 2 => any_text().prop_map(Some)];
    (questions, text(), text(), any_instant())
        .prop_map(|(question, record, policy, now)| Question {
            record: record.unwrap_or_else(|| question.record.clone()),
            policy: policy.map_or_else(|| question.policy.clone(), Ok),
            now,
            ..question
        })
        .boxed()
}

fn of_a_decision(case: &mut Case<'_, '_>, question: &Question) -> Result<Tested, FailedDemand> {
    let row = case.ask("any texts and numbers", question.clone())?;
    let is_one = matches!(row.decision, Verdict::Trade | Verdict::Exit | Verdict::Skip);
    demand(is_one, || {
        "the answer to an intent must be TRADE, EXIT or SKIP".to_owned()
    })?;
    well_formed(&row)
}

fn of_a_harvest(case: &mut Case<'_, '_>, question: &Question) -> Result<Tested, FailedDemand> {
    let row = case.ask("any texts and numbers", question.clone())?;
    let is_one = matches!(row.decision, Verdict::Harvest | Verdict::Skip);
    demand(is_one, || {
        "the answer to a position must be HARVEST or SKIP".to_owned()
    })?;
    demand(
        row.action().is_some() == (row.decision == Verdict::Harvest),
        || "a HARVEST, and no other answer, must have a known `harvest_action`".to_owned(),
    )?;
    well_formed(&row)
}

fn well_formed(row: &Row) -> Result<Tested, FailedDemand> {
    let reason = row
        .reason
        .as_deref()
        .is_some_and(|reason| !reason.is_empty());
    demand(reason == (row.decision == Verdict::Skip), || {
        "a SKIP, and no other answer, must have a `reason`".to_owned()
    })?;
    for (column, x) in row.numbers() {
        demand(x.is_finite(), || format!("`{column}` must be finite"))?;
    }
    Ok(Tested::Yes)
}
