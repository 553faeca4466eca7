//! L6 Deterministic: an answer is a function of its arguments. The same inputs give the same bytes: on a repeated call,
//! after other calls, on another thread, and with the keys of the inputs in another order.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use proptest::prelude::*;

use crate::{
    Law, Portcullis, SOME,
    answered::Answered,
    strategies::{self, Call, HarvestCall, IntentDraft, PolicyInput, PositionDraft},
    subject::{Subject, World},
};

const SAME_BYTES: Law<(Call, Call, u64)> = Law {
    cases: SOME,
    inputs: || (strategies::calls(), strategies::calls(), 1..1_000_u64).boxed(),
    demands: same_bytes,
};

const SAME_BYTES_OF_A_HARVEST: Law<(HarvestCall, HarvestCall, u64)> = Law {
    cases: SOME,
    inputs: || (strategies::harvests(), strategies::harvests(), 1..1_000_u64).boxed(),
    demands: same_bytes_of_a_harvest,
};

/// Returns the complete answer as text.
fn bytes(answered: &Answered) -> String {
    format!(
        "{}\n{}\n{:?}\n{:?}",
        answered.bytes, answered.text, answered.gates, answered.numbers
    )
}

/// Returns the same policy with its keys in another order, and as a map of strings instead of JSON or vice versa.
fn reordered(policy: &PolicyInput, order: u64) -> PolicyInput {
    let mut policy = policy.clone();
    if let PolicyInput::Draft(draft) = &mut policy {
        // In another order, a text that is cut short would lose another part.
        if draft.flaw.is_none() {
            draft.order = order;
            draft.as_map = !draft.as_map;
        }
    }
    policy
}

fn same_bytes(
    subject: &dyn Subject,
    (call, other, order): &(Call, Call, u64),
) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let ask = || bytes(&subject.decide(&world, &call.intent, call.now));
    let first = ask();
    prop_assert_eq!(&ask(), &first, "on a repeated call");
    subject.decide(&World::of(other), &other.intent, other.now);
    prop_assert_eq!(&ask(), &first, "after another call");
    let elsewhere = thread::scope(|scope| scope.spawn(ask).join()).unwrap();
    prop_assert_eq!(&elsewhere, &first, "on another thread");

    let reordered_world = World::new(&reordered(&call.policy, *order), &call.guardrails);
    let intent = IntentDraft {
        order: *order,
        ..call.intent.clone()
    };
    let answered = bytes(&subject.decide(&reordered_world, &intent, call.now));
    prop_assert_eq!(&answered, &first, "with another order of keys");
    Ok(())
}

fn same_bytes_of_a_harvest(
    subject: &dyn Subject,
    (call, other, order): &(HarvestCall, HarvestCall, u64),
) -> Result<(), TestCaseError> {
    let world = World::of_harvest(call);
    let ask = || bytes(&subject.harvest(&world, &call.position, call.now));
    let first = ask();
    prop_assert_eq!(&ask(), &first, "on a repeated call");
    subject.harvest(&World::of_harvest(other), &other.position, other.now);
    prop_assert_eq!(&ask(), &first, "after another call");
    let elsewhere = thread::scope(|scope| scope.spawn(ask).join()).unwrap();
    prop_assert_eq!(&elsewhere, &first, "on another thread");
    let reordered = World::new(&reordered(&call.policy, *order), &world.guardrails);
    let answered = bytes(&subject.harvest(&reordered, &call.position, call.now));
    prop_assert_eq!(&answered, &first, "with another order of keys");
    Ok(())
}

#[test]
fn l6_same_inputs_same_bytes() {
    SAME_BYTES.holds();
}

#[test]
fn l6_same_bytes_of_a_harvest() {
    SAME_BYTES_OF_A_HARVEST.holds();
}

/// Adds a call counter to its answers.
struct Counting(AtomicU64);

impl Subject for Counting {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut answered = Portcullis.decide(world, intent, now);
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        answered.text.push_str(&format!(" #{count}"));
        answered
    }

    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut answered = Portcullis.harvest(world, position, now);
        // Changes every hundredth answer only.
        if self.0.fetch_add(1, Ordering::Relaxed) % 100 == 99 {
            answered.numbers.clear();
            answered.text.clear();
            answered.bytes.clear();
        }
        answered
    }
}

/// Keeps the size of the last trade, and adds it to other answers.
struct Remembering(AtomicU64);

impl Subject for Remembering {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut answered = Portcullis.decide(world, intent, now);
        if let Some(size) = answered.number("size_usd") {
            self.0.store(size.to_bits(), Ordering::Relaxed);
        } else if intent.is_entry() {
            answered.forge(
                "size_usd",
                f64::from_bits(self.0.load(Ordering::Relaxed)),
                None,
            );
        }
        answered
    }
}

/// Returns a different answer on a thread without a name, as an engine with thread-local state could.
struct Threaded;

impl Subject for Threaded {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut answered = Portcullis.decide(world, intent, now);
        if thread::current().name().is_none() {
            answered.numbers.clear();
            answered.text.clear();
        }
        answered
    }
}

/// Uses the first of two sizes in the order of the text.
struct FirstInTheText;

impl Subject for FirstInTheText {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let text = intent.text();
        let place = |field: &str| {
            text.find(&format!("{field}\""))
                .or(text.find(&format!("{field}\\\"")))
        };
        let mut read = intent.clone();
        if place("position_size_usd") < place("quantity") && place("position_size_usd").is_some() {
            read.remove("quantity");
        }
        Portcullis.decide(world, &read, now)
    }
}

#[test]
fn l6_detects_state() {
    SAME_BYTES.bites(&Counting(AtomicU64::new(0)), "on a repeated call");
    SAME_BYTES_OF_A_HARVEST.bites(&Counting(AtomicU64::new(0)), "call");
    SAME_BYTES.bites(&Remembering(AtomicU64::new(0)), "after another call");
    SAME_BYTES.bites(&Threaded, "on another thread");
}

#[test]
fn l6_detects_dependence_on_the_order_of_keys() {
    SAME_BYTES.bites(&FirstInTheText, "with another order of keys");
}
