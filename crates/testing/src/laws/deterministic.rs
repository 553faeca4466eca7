//! Checks of L6, deterministic.

use proptest::prelude::*;

use super::trial::{Ask, Case, FailedDemand, Tested, Trial, demand};
use crate::{
    Question, Row, Violation,
    strategies::{self, Call, HarvestCall, IntentDraft, PolicyInput},
};

/// A question, the same question with its keys in another order, and an unrelated question.
#[derive(Debug)]
struct Questions {
    question: Question,
    reordered: Question,
    other: Question,
}

pub(super) fn decision(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = || prop_oneof![1 => strategies::sound_entries(), 2 => strategies::calls()];
    let questions = (calls(), calls(), 1..1_000_u64).prop_map(|(call, other, order)| Questions {
        question: call.question(),
        reordered: reordered_call(call, order).question(),
        other: other.question(),
    });
    trial.run(ask, questions.boxed(), same_answer)
}

pub(super) fn harvest(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = || prop_oneof![1 => strategies::sound_harvests(), 2 => strategies::harvests()];
    let questions = (calls(), calls(), 1..1_000_u64).prop_map(|(call, other, order)| Questions {
        question: call.question(),
        reordered: reordered_harvest(call, order),
        other: other.question(),
    });
    trial.run(ask, questions.boxed(), same_answer)
}

/// Returns the same policy with its keys in another order.
fn reordered(mut policy: PolicyInput, order: u64) -> PolicyInput {
    // A spoiled draft keeps its order: its text may be cut short, and a reordered text would lose another part.
    if let Some(draft) = policy.draft_mut().filter(|draft| draft.flaw.is_none()) {
        draft.order = order;
    }
    policy
}

fn reordered_call(call: Call, order: u64) -> Call {
    Call {
        policy: reordered(call.policy, order),
        intent: IntentDraft {
            order,
            ..call.intent
        },
        ..call
    }
}

fn reordered_harvest(call: HarvestCall, order: u64) -> Question {
    let record = call.position.text(order);
    let policy = reordered(call.policy.clone(), order);
    Question {
        record,
        ..HarvestCall { policy, ..call }.question()
    }
}

fn same_answer(case: &mut Case<'_, '_>, questions: &Questions) -> Result<Tested, FailedDemand> {
    let first = case.ask("a question", questions.question.clone())?;
    let again = |what: &str, case: &mut Case<'_, '_>| {
        let row = case.ask(what, questions.question.clone())?;
        demand(row.columns() == first.columns(), || {
            format!("the same question must have the same answer when {what}")
        })
    };
    again("asked again", case)?;
    again("asked once more", case)?;
    case.ask("another question", questions.other.clone())?;
    again("asked after another", case)?;
    let reordered = case.ask(
        "with its keys in another order",
        questions.reordered.clone(),
    )?;
    // The human-readable text may contain positions in the input.
    let without_detail = |row: &Row| {
        let columns = row.columns().into_iter();
        columns
            .filter(|(column, _)| *column != "detail")
            .collect::<Vec<_>>()
    };
    demand(without_detail(&reordered) == without_detail(&first), || {
        "the order of the keys must not change the answer, except for `detail`".to_owned()
    })?;
    Ok(Tested::Yes)
}
