//! L3 Total.

use proptest::prelude::*;

use super::trial::{Ask, Asking, Breach, Trial, Tried, demand};
use crate::{
    answer::Verdict,
    domain::Instant,
    harvest::{HarvestAction, Market},
    testing::{
        Question, Row, Violation,
        strategies::{self, Call, HarvestCall, number::any_float, text::any_text},
    },
};

pub(super) fn any_text_of_an_intent(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let question = strategies::calls().prop_map(|call| call.question());
    trial.run(ask, texts(question.boxed()), of_a_decision)
}

pub(super) fn any_text_of_a_position(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let question = strategies::harvests().prop_map(|call| call.question());
    trial.run(ask, texts(question.boxed()), of_a_harvest)
}

pub(super) fn any_floats_of_an_intent(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let call = strategies::calls();
    let calls = (call, prop::collection::vec(any_float(), 8), any_instant());
    let questions = calls.prop_map(|(call, bits, now)| Question {
        now,
        ..floats(call, &bits).question()
    });
    trial.run(ask, questions.boxed(), of_a_decision)
}

pub(super) fn any_floats_of_a_position(trial: &Trial, ask: &mut Ask<'_>) -> Result<(), Violation> {
    let calls = (
        strategies::harvests(),
        prop::collection::vec(any_float(), 11),
    );
    let questions = calls.prop_map(|(call, bits)| harvest_floats(call, &bits).question());
    trial.run(ask, questions.boxed(), of_a_harvest)
}

fn any_instant() -> impl Strategy<Value = Instant> {
    let (first, last) = (Instant::MIN.as_micros(), Instant::MAX.as_micros());
    let micros = prop_oneof![1 => Just(first), 1 => Just(last), 4 => first..=last];
    micros.prop_filter_map("no instant", |micros| Instant::from_micros(micros).ok())
}

/// Any text in the place of the record, of the policy, or of both.
fn texts(questions: BoxedStrategy<Question>) -> BoxedStrategy<Question> {
    let text = || prop_oneof![1 => Just(None), 2 => any_text().prop_map(Some)];
    (questions, text(), text(), any_instant())
        .prop_map(|(asked, record, policy, now)| Question {
            record: record.unwrap_or_else(|| asked.record.clone()),
            policy: policy.map_or_else(|| asked.policy.clone(), Ok),
            now,
            ..asked
        })
        .boxed()
}

/// Every number of an intent from any bits.
fn floats(mut call: Call, bits: &[f64]) -> Call {
    for ((_, number), bits) in call.intent.numbers.iter_mut().zip(bits) {
        *number = *bits;
    }
    call
}

/// Every number of a position and its market from any bits.
fn harvest_floats(mut call: HarvestCall, bits: &[f64]) -> HarvestCall {
    let position = &mut call.position.position;
    let mut places = vec![
        &mut position.quantity,
        &mut position.entry_price,
        &mut position.current_price,
        &mut position.age_sec,
        &mut position.current_sl,
        &mut position.stop_dist_pct,
    ];
    if let Some(market) = &mut call.position.market {
        let Market {
            sigma,
            ts,
            p_trend,
            p_mr,
            p_chop,
            ..
        } = market;
        places.extend([sigma, ts, p_trend, p_mr, p_chop]);
    }
    for (place, bits) in places.into_iter().zip(bits) {
        *place = place.and(Some(*bits));
    }
    call
}

fn of_a_decision(asking: &mut Asking<'_, '_>, question: &Question) -> Result<Tried, Breach> {
    let row = asking.ask("whatever texts and numbers", question.clone())?;
    let is_one = matches!(row.decision, Verdict::Trade | Verdict::Exit | Verdict::Skip);
    demand(is_one, || {
        "an intent is answered TRADE, EXIT or SKIP".to_owned()
    })?;
    well_formed(&row)
}

fn of_a_harvest(asking: &mut Asking<'_, '_>, question: &Question) -> Result<Tried, Breach> {
    let row = asking.ask("whatever texts and numbers", question.clone())?;
    let is_one = matches!(row.decision, Verdict::Harvest | Verdict::Skip);
    demand(is_one, || {
        "a position is answered HARVEST or SKIP".to_owned()
    })?;
    let action = row.harvest_action.as_deref();
    let is_known = |action: &str| HarvestAction::ALL.iter().any(|it| it.as_str() == action);
    demand(
        action.is_some_and(is_known) == (row.decision == Verdict::Harvest),
        || "a HARVEST has an action".to_owned(),
    )?;
    well_formed(&row)
}

fn well_formed(row: &Row) -> Result<Tried, Breach> {
    let reason = row
        .reason
        .as_deref()
        .is_some_and(|reason| !reason.is_empty());
    demand(reason == (row.decision == Verdict::Skip), || {
        "a SKIP has a reason, and nothing else has".to_owned()
    })?;
    for (column, x) in row.numbers() {
        demand(x.is_finite(), || format!("{column} is finite"))?;
    }
    Ok(Tried::Yes)
}
