//! Checks of L3, total, on the paths that the law kit cannot test: for any texts and any floats,
//! every reader, explanation and batch has a result, and no call panics.

use portcullis::{
    answer::{Answer, Verdict},
    decide::{DecisionColumns, Engine, IntentColumns},
    exit::ExitOwnership,
    explain::{Explanation, HarvestExplanation},
    guardrails::Guardrails,
    harvest::{Market, Position, Snapshot, harvest},
    intent::Intent,
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{Scratch, TapeRecord, Untyped, read_as},
    types::Timestamp,
};
use proptest::prelude::*;

use crate::{
    Property, SOME,
    answered::Answered,
    strategies::{self, Call, DELEGATE, HarvestCall, IntentDraft, OWNER, text::any_text},
    subject::{Portcullis, Subject, World},
};

/// A text for each input that is a text, and a timestamp in microseconds.
type Texts = (String, String, String, i64);

const ANY_TEXT: Property<Texts> = Property {
    cases: SOME,
    inputs: || (any_text(), any_text(), any_text(), any_instant()).boxed(),
    demands: any_text_is_answered,
};

const ANY_FLOATS: Property<(Call, HarvestCall)> = Property {
    cases: SOME,
    inputs: || (floats(), strategies::harvests_of_any_floats()).boxed(),
    demands: any_floats_are_answered,
};

fn any_instant() -> impl Strategy<Value = i64> {
    let (first, last) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
    prop_oneof![1 => Just(first), 1 => Just(last), 4 => first..=last]
}

/// Generates calls with any floats and, if the caller has a clock, any time.
fn floats() -> impl Strategy<Value = Call> {
    (strategies::calls_of_any_floats(), any_instant()).prop_map(|(mut call, now)| {
        call.now = call.now.and(Some(now));
        call
    })
}

/// Parses every text as every kind of input, and computes every kind of answer.
fn any_text_is_answered(_: &dyn Subject, texts: &Texts) -> Result<(), TestCaseError> {
    let (line, policy_text, guardrails_text, now) = texts;
    let now = Timestamp::from_micros(*now).unwrap();
    let guardrails = Guardrails::from_json(guardrails_text).unwrap_or(Guardrails::none());
    let engine = Engine::new(
        guardrails,
        ExitOwnership::new(OWNER)
            .unwrap()
            .with_delegate(DELEGATE)
            .unwrap(),
    );
    let _ = Policy::hash_of(policy_text);
    let _ = Policy::from_fields([(line, policy_text), (policy_text, guardrails_text)]);
    let policy = Policy::from_json(policy_text).map_err(PolicyUnavailable::from);
    let state = PolicyState::from(&policy);
    for untyped in [Untyped::Intent, Untyped::Position] {
        let mut scratch = Scratch::default();
        match read_as(line, untyped, &mut scratch) {
            TapeRecord::Intent(intent) => every_answer(&engine, state, &intent, now),
            TapeRecord::RecordedDecision(record) => {
                every_answer(&engine, state, record.intent(), now)
            }
            TapeRecord::Position(record) => {
                if let Ok(snapshot) = Snapshot::from_json(record.text(), record.emitted_at()) {
                    harvested(state, &snapshot.position, snapshot.market.as_ref(), now);
                }
            }
            TapeRecord::PolicyUpdated(_, Some(text)) => drop(text.as_str().map(Policy::from_json)),
            TapeRecord::PolicyUpdated(_, None) | TapeRecord::PolicyWithdrawn(_) => {}
        }
    }
    Ok(())
}

fn every_answer(engine: &Engine, state: PolicyState<'_>, intent: &Intent<'_>, now: Timestamp) {
    Answered::decision(&engine.decide(state, intent, now));
    Answered::decision(&engine.decide_recorded(state, intent));
    let explanation = Explanation::new(engine.decide_traced(state, intent, Some(now)));
    let _ = (
        explanation.to_string(),
        serde_json::to_string(&explanation).unwrap(),
    );
    let mut columns = IntentColumns::default();
    columns.push(intent);
    let mut answers = DecisionColumns::default();
    engine.decide_columns(state, &columns, Some(now), &mut answers);
    engine.decide_columns(state, &columns, None, &mut answers);
}

fn harvested(state: PolicyState<'_>, position: &Position, market: Option<&Market>, now: Timestamp) {
    let decision = harvest(state, position, market, now);
    let _ = serde_json::to_string(&Answer::harvest(&decision, state)).unwrap();
    let explanation = HarvestExplanation::new(decision, state);
    let _ = (
        explanation.to_string(),
        serde_json::to_string(&explanation).unwrap(),
    );
}

fn any_floats_are_answered(
    subject: &dyn Subject,
    (call, position): &(Call, HarvestCall),
) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let verdict = subject.decide(&world, &call.intent, call.now).verdict;
    prop_assert!(matches!(
        verdict,
        Verdict::Trade | Verdict::Exit | Verdict::Skip
    ));
    subject.decide_traced(&world, &call.intent, call.now);
    let rows = subject.decide_columns(&world, std::slice::from_ref(&call.intent), call.now);
    prop_assert_eq!(rows.len(), 1, "no answer");
    let world = World::of_harvest(position);
    let answered = subject.harvest(&world, &position.position, position.now);
    prop_assert!(matches!(answered.verdict, Verdict::Harvest | Verdict::Skip));
    // Every number in an answer is finite, for any input.
    for (column, number) in &answered.numbers {
        prop_assert!(number.value.is_finite(), "{column} is {}", number.value);
    }
    subject.harvest_batch(
        &world,
        std::slice::from_ref(&position.position),
        position.now,
    );
    Ok(())
}

#[test]
fn l3_any_text_is_answered() {
    ANY_TEXT.holds();
}

#[test]
fn l3_any_floats_are_answered() {
    ANY_FLOATS.holds();
}

/// The engine that assumes, when a decision is traced, that any two floats can be compared.
struct Ordering;

impl Subject for Ordering {
    fn decide_traced(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        if let Some(leverage) = intent.number("leverage") {
            leverage.partial_cmp(&1.0).unwrap();
        }
        Portcullis.decide_traced(world, intent, now)
    }
}

#[test]
fn l3_detects_a_panic() {
    ANY_FLOATS.detects(&Ordering, "called `Option::unwrap()` on a `None` value");
}
