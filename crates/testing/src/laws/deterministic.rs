//! L6 Deterministic.

use proptest::prelude::*;

use super::trial::{Ask, Asking, Breach, Trial, Tried, demand};
use crate::{
    Question, Row, Violation,
    strategies::{self, Call, HarvestCall, IntentDraft, PolicyInput},
};

/// A question, the same question with its keys in another order, and an unrelated question.
#[derive(Debug)]
struct Thrice {
    question: Question,
    reordered: Question,
    other: Question,
}

pub(super) fn decision(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = || prop_oneof![1 => strategies::sound_entries(), 2 => strategies::calls()];
    let thrice = (calls(), calls(), 1..1_000_u64).prop_map(|(call, other, order)| Thrice {
        question: call.question(),
        reordered: reordered_call(call, order).question(),
        other: other.question(),
    });
    trial.run(ask, thrice.boxed(), same_answer)
}

pub(super) fn harvest(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = || prop_oneof![1 => strategies::sound_harvests(), 2 => strategies::harvests()];
    let thrice = (calls(), calls(), 1..1_000_u64).prop_map(|(call, other, order)| Thrice {
        question: call.question(),
        reordered: reordered_harvest(call, order),
        other: other.question(),
    });
    trial.run(ask, thrice.boxed(), same_answer)
}

/// Returns the same policy with its keys in another order.
fn reordered(mut policy: PolicyInput, order: u64) -> PolicyInput {
    // In another order, a text that is cut short would lose another part.
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

fn same_answer(asking: &mut Asking<'_, '_>, thrice: &Thrice) -> Result<Tried, Breach> {
    let first = asking.ask("a question", thrice.question.clone())?;
    let again = |what: &str, asking: &mut Asking<'_, '_>| {
        let row = asking.ask(what, thrice.question.clone())?;
        demand(row.columns() == first.columns(), || {
            format!("the same question must have the same answer when {what}")
        })
    };
    again("asked again", asking)?;
    again("asked once more", asking)?;
    asking.ask("another question", thrice.other.clone())?;
    again("asked after another", asking)?;
    let reordered = asking.ask("with its keys in another order", thrice.reordered.clone())?;
    // The text for people may contain positions in the input.
    let told = |row: &Row| {
        let columns = row.columns().into_iter();
        columns
            .filter(|(column, _)| *column != "detail")
            .collect::<Vec<_>>()
    };
    demand(told(&reordered) == told(&first), || {
        "the order of the keys must not change the answer, except for `detail`".to_owned()
    })?;
    Ok(Tried::Yes)
}
