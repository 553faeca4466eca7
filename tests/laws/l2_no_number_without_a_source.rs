//! L2 No number without a source: every leverage, size, threshold and stop in an answer names the field that holds it,
//! or the fields that it was computed from.

use std::collections::BTreeMap;

use portcullis::{answer::Verdict, decide::SkipCode, policy::Policy};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRng, TestRunner},
};

use crate::{
    Law, MANY, Portcullis, RNG,
    answered::Answered,
    sources::Inputs,
    strategies::{self, Call, IntentDraft, PolicyDraft},
    subject::{Subject, World},
};

const EVERY_NUMBER_OF_A_DECISION: Law<Call> = Law {
    cases: MANY,
    inputs: calls,
    demands: every_number_of_a_decision,
};

const TEN_AND_TWO_HUNDRED_ARE_HELD: Law<Call> = Law {
    cases: MANY,
    inputs: calls,
    demands: ten_and_two_hundred_are_held,
};

/// About half of these calls are trades.
fn calls() -> BoxedStrategy<Call> {
    prop_oneof![
        4 => strategies::calls_with_policy(),
        4 => strategies::sound_entries(),
        1 => strategies::calls(),
    ]
    .boxed()
}

fn every_number_of_a_decision(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let answered = subject.decide(&world, &call.intent, call.now);
    if answered.verdict == Verdict::Trade {
        no_more_than_given(call, &answered)?;
    }
    for (column, told) in &answered.numbers {
        let Some(source) = &told.source else {
            return Err(TestCaseError::fail(format!("{column} has no source")));
        };
        let named = inputs(call, &answered).value(source);
        prop_assert_eq!(
            named.map(f64::to_bits),
            Some(told.value.to_bits()),
            "{} is {}, its source `{}` is {:?}",
            column,
            told.value,
            source,
            named
        );
    }
    if answered.verdict == Verdict::Trade {
        whole_trade(call, &world, &answered)?;
    }
    Ok(())
}

fn inputs<'a>(call: &'a Call, answer: &'a Answered) -> Inputs<'a> {
    Inputs {
        policy: &call.policy,
        guardrails: Some(&call.guardrails),
        intent: Some(&call.intent),
        position: None,
        answer,
    }
}

fn no_more_than_given(call: &Call, answered: &Answered) -> Result<(), TestCaseError> {
    let policy = policy_of(call)?;
    let given = policy.leverage(&call.intent.symbol);
    prop_assert!(
        answered.number("leverage") <= given,
        "more leverage than in the policy"
    );
    Ok(())
}

fn policy_of(call: &Call) -> Result<&PolicyDraft, TestCaseError> {
    let nothing = || TestCaseError::fail("a trade without a policy");
    call.policy.draft().ok_or_else(nothing)
}

/// Checks everything in a trade except the sources of its numbers.
fn whole_trade(call: &Call, world: &World, answered: &Answered) -> Result<(), TestCaseError> {
    let policy = policy_of(call)?;
    for column in ["leverage", "size_usd", "notional_usd", "margin_usd"] {
        prop_assert!(
            answered.number(column).is_some(),
            "a trade without {column}"
        );
    }
    let basis = if call.intent.number("position_usd").is_some() && !has_quantity(&call.intent) {
        "margin"
    } else {
        "notional"
    };
    prop_assert_eq!(answered.basis, Some(basis), "wrong size basis");
    let asked = call.intent.number("leverage");
    prop_assert_eq!(
        answered.number("leverage_requested"),
        asked,
        "wrong leverage_requested"
    );
    if let (Some(asked), Some(given)) = (asked, policy.leverage(&call.intent.symbol)) {
        let from_intent = answered.source("leverage") == Some("intent:leverage");
        prop_assert_eq!(from_intent, asked < given, "wrong source of the leverage");
    }
    prop_assert_eq!(
        answered.not_after.map(|at| at.as_micros()),
        Some(policy.expires_at()),
        "not_after is not the expiry of the policy"
    );
    prop_assert_eq!(
        answered.version.as_deref(),
        Some("7.2-law"),
        "wrong policy version"
    );
    let hash = world.policy.as_ref().map(Policy::hash).ok();
    prop_assert_eq!(answered.hash, hash, "wrong policy hash");
    Ok(())
}

fn has_quantity(intent: &IntentDraft) -> bool {
    intent.number("quantity").or(intent.number("qty")).is_some()
}

/// Checks that a 10 or a 200 in an answer is in an input, and that the answer names the field.
fn ten_and_two_hundred_are_held(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let answered = subject.decide(&World::of(call), &call.intent, call.now);
    for (column, told) in &answered.numbers {
        if told.value != 10.0 && told.value != 200.0 {
            continue;
        }
        let source = told.source.as_deref().unwrap_or_default();
        let is_worked_out = source.contains(['*', '/']);
        let held = inputs(call, &answered).value(source);
        prop_assert_eq!(
            held,
            Some(told.value),
            "{} is {}, but its source `{}` has another value",
            column,
            told.value,
            source
        );
        // A leverage is never computed.
        prop_assert!(
            column != "leverage" || !is_worked_out,
            "a computed leverage: `{source}`"
        );
        if column == "leverage" || column == "size_usd" {
            prop_assert!(
                answered.text.contains(source),
                "`{source}` is not named: {}",
                answered.text
            );
        }
    }
    for (word, column) in [("10x", "leverage"), ("200 USD", "size_usd")] {
        let is_told = answered
            .text
            .split([' ', ','])
            .collect::<Vec<_>>()
            .join(" ")
            .contains(&format!(" {word}"));
        let value = word
            .trim_end_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .ok();
        prop_assert!(
            !is_told || answered.number(column) == value,
            "`{word}` without a source: {}",
            answered.text
        );
    }
    Ok(())
}

#[test]
fn l2_no_number_without_a_source() {
    EVERY_NUMBER_OF_A_DECISION.holds();
}

#[test]
fn with_a_policy_10_or_200_is_in_an_answer_only_if_it_is_in_an_input() {
    TEN_AND_TWO_HUNDRED_ARE_HELD.holds();
}

/// An engine that never trades would pass the laws, so the cases must contain trades of every kind.
#[test]
fn the_cases_contain_trades_of_every_kind() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RNG));
    let calls = calls();
    for _ in 0..2_000 {
        let call = calls.new_tree(&mut runner).unwrap().current();
        let answered = Portcullis.decide(&World::of(&call), &call.intent, call.now);
        if answered.verdict == Verdict::Trade {
            let sources = ["leverage", "size_usd"].map(|column| answered.source(column).unwrap());
            let leverage_from = sources[0].split(['.', '*']).next().unwrap();
            for what in ["TRADE", answered.basis.unwrap(), leverage_from, sources[1]] {
                *seen.entry(what.to_owned()).or_default() += 1;
            }
            for (column, word) in [("leverage", "10x"), ("size_usd", "200 USD")] {
                let value = if word == "10x" { 10.0 } else { 200.0 };
                *seen.entry(word.to_owned()).or_default() +=
                    u32::from(answered.number(column) == Some(value));
            }
        }
    }
    for (what, least) in [
        ("TRADE", 800),
        ("margin", 10),
        ("notional", 300),
        ("policy:leverage_by_symbol", 300),
        ("intent:leverage", 50),
        ("intent:quantity*price", 10),
        ("intent:quantity*entry_price", 5),
        ("intent:position_usd", 10),
        ("intent:size", 50),
        ("10x", 50),
        ("200 USD", 50),
    ] {
        assert!(
            seen.get(what).is_some_and(|count| *count >= least),
            "{what}: {seen:#?}"
        );
    }
}

/// The engine with a change to its answers.
struct Doctored(fn(&IntentDraft, Answered) -> Answered);

impl Subject for Doctored {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        (self.0)(intent, Portcullis.decide(world, intent, now))
    }
}

const LEVERAGE_FOR_ALL: Doctored = Doctored(|_, answered| match answered.reason {
    Some(SkipCode::PolicyMissingLeverage) => answered.forged_trade(
        (10.0, "policy:leverage_by_symbol.BTCUSDT"),
        (200.0, "intent:size"),
    ),
    _ => answered,
});

const SIZE_FOR_ALL: Doctored =
    Doctored(
        |intent, answered| match (answered.reason, intent.number("leverage")) {
            (Some(SkipCode::PolicyMissingSize), Some(asked)) => answered.forged_trade(
                (asked, "intent:leverage"),
                (200.0, "intent:position_size_usd"),
            ),
            _ => answered,
        },
    );

/// Names the wrong field for the right number.
const SOURCE_INVENTED: Doctored = Doctored(|_, mut answered| {
    if answered.source("size_usd") == Some("intent:size") {
        let size = answered.number("size_usd").unwrap();
        answered.forge("size_usd", size, Some("intent:position_size_usd"));
    }
    answered
});

const SOURCE_LOST: Doctored = Doctored(|_, mut answered| {
    if let Some(leverage) = answered.number("leverage") {
        answered.forge("leverage", leverage, None);
    }
    answered
});

/// Returns the requested leverage although the leverage of the policy is lower.
const ASKED_IS_GIVEN: Doctored = Doctored(|_, mut answered| {
    let (asked, given) = (
        answered.number("leverage_requested"),
        answered.number("leverage"),
    );
    if asked > given
        && let Some(asked) = asked
    {
        answered.forge("leverage", asked, Some("intent:leverage"));
    }
    answered
});

/// Reduces a size to its limit.
const LIMITS_SHAVE: Doctored = Doctored(|intent, answered| {
    match (
        answered.reason,
        answered.number("limit"),
        intent.number("size"),
    ) {
        (Some(SkipCode::PolicyLimitExceeded), Some(limit), Some(_)) => {
            let leverage = intent.number("leverage").unwrap_or(1.0);
            answered.forged_trade((leverage, "intent:leverage"), (limit, "intent:size"))
        }
        _ => answered,
    }
});

/// Changes a size by one bit.
const SIZE_ROUNDED: Doctored = Doctored(|_, mut answered| {
    if let (Some(size), Some(source)) = (
        answered.number("size_usd"),
        answered.source("size_usd").map(str::to_owned),
    ) {
        answered.forge("size_usd", size.next_up(), Some(&source));
    }
    answered
});

#[test]
fn l2_detects_numbers_without_a_source() {
    EVERY_NUMBER_OF_A_DECISION.bites(&LEVERAGE_FOR_ALL, "leverage is 10");
    EVERY_NUMBER_OF_A_DECISION.bites(&SIZE_FOR_ALL, "is 200");
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(&LEVERAGE_FOR_ALL, "has another value");
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(&SIZE_FOR_ALL, "has another value");
}

#[test]
fn l2_detects_wrong_sources() {
    EVERY_NUMBER_OF_A_DECISION.bites(&SOURCE_INVENTED, "its source `intent:position_size_usd`");
    EVERY_NUMBER_OF_A_DECISION.bites(&SOURCE_LOST, "leverage has no source");
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(
        &SOURCE_INVENTED,
        "`intent:position_size_usd` has another value",
    );
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(&SOURCE_LOST, "has another value");
}

#[test]
fn l2_detects_changed_numbers() {
    EVERY_NUMBER_OF_A_DECISION.bites(&ASKED_IS_GIVEN, "more leverage than in the policy");
    EVERY_NUMBER_OF_A_DECISION.bites(&LIMITS_SHAVE, "its source");
    EVERY_NUMBER_OF_A_DECISION.bites(&SIZE_ROUNDED, "its source");
}
