//! Checks of L2, no number without a source, for typed answers: every number with a source equals,
//! to the last bit, the field that the source names or the expression over such fields. This
//! includes numbers that a row does not contain: the margin and its source, the limit in a skip,
//! and the thresholds of a harvest.

use std::collections::BTreeMap;

use portcullis::answer::Verdict;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRng, TestRunner},
};

use crate::{
    MANY, Property, RNG,
    answered::Answered,
    sources::Inputs,
    strategies::{self, Call, HarvestCall, IntentDraft, PositionDraft},
    subject::{Portcullis, Subject, World},
};

const EVERY_NUMBER_OF_A_DECISION: Property<Call> = Property {
    cases: MANY,
    inputs: calls,
    demands: every_number_of_a_decision,
};

const EVERY_NUMBER_OF_A_HARVEST: Property<HarvestCall> = Property {
    cases: MANY,
    inputs: strategies::harvests_with_policy,
    demands: every_number_of_a_harvest,
};

/// Generates calls, about half of which are trades.
fn calls() -> BoxedStrategy<Call> {
    prop_oneof![
        4 => strategies::calls_with_policy(),
        4 => strategies::sound_entries(),
        1 => strategies::calls(),
    ]
    .boxed()
}

fn every_number_of_a_decision(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let answered = subject.decide(&World::of(call), &call.intent, call.now);
    for (column, number) in &answered.numbers {
        prop_assert!(number.source.is_some(), "{column} has no source");
    }
    equal_to_their_sources(&Inputs {
        policy: &call.policy,
        guardrails: Some(&call.guardrails),
        intent: Some(&call.intent),
        position: None,
        answer: &answered,
    })
}

fn every_number_of_a_harvest(
    subject: &dyn Subject,
    call: &HarvestCall,
) -> Result<(), TestCaseError> {
    let answered = subject.harvest(&World::of_harvest(call), &call.position, call.now);
    equal_to_their_sources(&Inputs {
        policy: &call.policy,
        guardrails: None,
        intent: None,
        position: Some(&call.position),
        answer: &answered,
    })?;
    if answered.verdict == Verdict::Harvest {
        let names = answered.numbers.keys();
        let thresholds = names.filter(|name| name.contains("_params.")).count();
        let policy = call.policy.draft();
        let fallback = policy.and_then(|p| p.number("harvest_params.fallback_stop_pct"));
        let expected = 17 + usize::from(fallback.is_some());
        prop_assert_eq!(thresholds, expected, "thresholds are missing");
    }
    Ok(())
}

fn equal_to_their_sources(inputs: &Inputs<'_>) -> Result<(), TestCaseError> {
    for (column, number) in &inputs.answer.numbers {
        let Some(source) = &number.source else {
            continue;
        };
        let named = inputs.value(source);
        prop_assert_eq!(
            named.map(f64::to_bits),
            Some(number.value.to_bits()),
            "{} is {}, its source `{}` is {:?}",
            column,
            number.value,
            source,
            named
        );
    }
    Ok(())
}

#[test]
fn l2_typed_numbers_of_a_decision() {
    EVERY_NUMBER_OF_A_DECISION.holds();
}

#[test]
fn l2_typed_numbers_of_a_harvest() {
    EVERY_NUMBER_OF_A_HARVEST.holds();
}

/// An engine that never trades would pass, so the cases must contain trades of every kind.
#[test]
fn the_cases_contain_trades_of_every_kind() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RNG));
    let calls = calls();
    for _ in 0..2_000 {
        let call = calls.new_tree(&mut runner).unwrap().current();
        let answered = Portcullis.decide(&World::of(&call), &call.intent, call.now);
        if answered.verdict == Verdict::Trade {
            let [leverage, size, margin] = ["leverage", "size_usd", "margin_usd"]
                .map(|column| answered.source(column).unwrap());
            let leverage = leverage.split('.').next().unwrap();
            for kind in ["TRADE", leverage, size, margin] {
                *seen.entry(kind.to_owned()).or_default() += 1;
            }
        }
    }
    for (kind, least) in [
        ("TRADE", 800),
        ("notional/leverage", 300),
        ("policy:leverage_by_symbol", 300),
        ("intent:leverage", 50),
        ("intent:quantity*price", 10),
        ("intent:quantity*entry_price", 5),
        ("intent:position_usd", 10),
        ("intent:size", 50),
    ] {
        assert!(
            seen.get(kind).is_some_and(|count| *count >= least),
            "{kind}: {seen:#?}"
        );
    }
}

/// The engine with a planted bug that changes its answers.
struct Changed(fn(&mut Answered));

impl Subject for Changed {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut answered = Portcullis.decide(world, intent, now);
        (self.0)(&mut answered);
        answered
    }

    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut answered = Portcullis.harvest(world, position, now);
        (self.0)(&mut answered);
        answered
    }
}

/// Changes a number by one bit.
fn round(answered: &mut Answered, column: &str) {
    if let Some(number) = answered.numbers.get_mut(column) {
        number.value = number.value.next_up();
    }
}

const MARGIN_ROUNDED: Changed = Changed(|answered| round(answered, "margin_usd"));
const LIMIT_ROUNDED: Changed = Changed(|answered| round(answered, "limit"));
const STOP_ROUNDED: Changed = Changed(|answered| round(answered, "stop"));
const COSTS_ROUNDED: Changed = Changed(|answered| round(answered, "cost"));

const SOURCE_LOST: Changed = Changed(|answered| {
    if let Some(margin) = answered.numbers.get_mut("margin_usd") {
        margin.source = None;
    }
});

/// The engine that names a wrong field as the source of a right number.
const SOURCE_INVENTED: Changed = Changed(|answered| {
    if let Some(limit) = answered.numbers.get_mut("limit") {
        limit.source = Some("guardrails:max_validity_sec".to_owned());
    }
});

const THRESHOLD_LOST: Changed = Changed(|answered| {
    answered.numbers.remove("policy:harvest_params.T2_R");
});

#[test]
fn l2_detects_typed_numbers_without_their_source() {
    EVERY_NUMBER_OF_A_DECISION.detects(&MARGIN_ROUNDED, "margin_usd is");
    EVERY_NUMBER_OF_A_DECISION.detects(&LIMIT_ROUNDED, "limit is");
    EVERY_NUMBER_OF_A_DECISION.detects(&SOURCE_LOST, "margin_usd has no source");
    EVERY_NUMBER_OF_A_DECISION.detects(&SOURCE_INVENTED, "`guardrails:max_validity_sec` is");
    EVERY_NUMBER_OF_A_HARVEST.detects(&STOP_ROUNDED, "stop is");
    EVERY_NUMBER_OF_A_HARVEST.detects(&COSTS_ROUNDED, "cost is");
    EVERY_NUMBER_OF_A_HARVEST.detects(&THRESHOLD_LOST, "thresholds are missing");
}
