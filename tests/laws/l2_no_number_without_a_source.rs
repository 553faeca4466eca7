//! L2 No number without a source: every leverage, size, threshold and stop in an answer names a field that
//! holds it, or the fields that it was worked out from.

use portcullis::{
    answer::Verdict,
    decide::Reason,
    harvest::{Market, Standing},
    policy::Policy,
};
use proptest::prelude::*;

use crate::{
    Law, MANY, Portcullis,
    answered::Answered,
    sources::Inputs,
    strategies::{self, Call, HarvestCall, IntentDraft, PolicyDraft, PositionDraft},
    subject::{Subject, World},
};

const EVERY_NUMBER_OF_A_DECISION: Law<Call> = Law {
    cases: MANY,
    inputs: || prop_oneof![3 => strategies::calls_with_policy(), 1 => strategies::calls()].boxed(),
    demands: every_number_of_a_decision,
};

const EVERY_NUMBER_OF_A_HARVEST: Law<HarvestCall> = Law {
    cases: MANY,
    inputs: strategies::harvests_with_policy,
    demands: every_number_of_a_harvest,
};

const TEN_AND_TWO_HUNDRED_ARE_HELD: Law<Call> = Law {
    cases: MANY,
    inputs: strategies::calls_with_policy,
    demands: ten_and_two_hundred_are_held,
};

fn every_number_of_a_decision(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let answered = subject.decide(&world, &call.intent, call.now);
    if answered.verdict == Verdict::Trade {
        whole_trade(call, &world, &answered)?;
    }
    for (column, told) in &answered.numbers {
        let Some(source) = &told.source else {
            return Err(TestCaseError::fail(format!("{column} has no source")));
        };
        let named = inputs(call, &answered).value(source);
        prop_assert_eq!(
            named.map(f64::to_bits),
            Some(told.value.to_bits()),
            "{} is {}, its source `{}` holds {:?}",
            column,
            told.value,
            source,
            named
        );
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

/// What a trade carries, and that it is never more than the policy gives or other than the intent asks.
fn whole_trade(call: &Call, world: &World, answered: &Answered) -> Result<(), TestCaseError> {
    let policy = call
        .policy
        .draft()
        .ok_or_else(|| TestCaseError::fail("a trade without a policy"))?;
    for column in ["leverage", "size_usd", "notional_usd", "margin_usd"] {
        prop_assert!(
            answered.number(column).is_some(),
            "a trade without {column}"
        );
    }
    let given = policy.leverage(&call.intent.symbol);
    prop_assert!(
        answered.number("leverage") <= given,
        "more leverage than the policy gives"
    );
    let asked = call.intent.number("leverage");
    prop_assert_eq!(
        answered.number("leverage_requested"),
        asked,
        "what was asked is not told"
    );
    if let (Some(asked), Some(given)) = (asked, given) {
        let from_intent = answered.source("leverage") == Some("intent:leverage");
        prop_assert_eq!(
            from_intent,
            asked < given,
            "the leverage came from the wrong one"
        );
    }
    let basis = if call.intent.number("position_usd").is_some() && !has_quantity(&call.intent) {
        "margin"
    } else {
        "notional"
    };
    prop_assert_eq!(answered.basis, Some(basis), "the basis is another");
    prop_assert_eq!(
        answered.not_after.map(|at| at.as_micros()),
        Some(policy.expires_at()),
        "another expiry than the policy's"
    );
    prop_assert_eq!(
        answered.version.as_deref(),
        Some("7.2-law"),
        "another version"
    );
    let hash = world.policy.as_ref().map(Policy::hash).ok();
    prop_assert_eq!(answered.hash, hash, "another hash");
    Ok(())
}

fn has_quantity(intent: &IntentDraft) -> bool {
    intent.number("quantity").or(intent.number("qty")).is_some()
}

fn every_number_of_a_harvest(
    subject: &dyn Subject,
    call: &HarvestCall,
) -> Result<(), TestCaseError> {
    let answered = subject.harvest(&World::of_harvest(call), &call.position, call.now);
    for (column, told) in &answered.numbers {
        let named = match &told.source {
            Some(source) => {
                let inputs = Inputs {
                    policy: &call.policy,
                    guardrails: None,
                    intent: None,
                    position: Some(&call.position),
                    answer: &answered,
                };
                inputs.value(source)
            }
            None => worked_out(call, &answered, column),
        };
        // K goes through an exponential of its own, and agrees with any other to the last digits.
        let agrees = named.is_some_and(|named| match column.as_str() {
            "kill_score" => (named - told.value).abs() < 1e-14,
            _ => named.to_bits() == told.value.to_bits(),
        });
        prop_assert!(agrees, "{column} is {told:?}, and comes to {named:?}");
    }
    if answered.verdict == Verdict::Harvest {
        let thresholds = answered
            .numbers
            .keys()
            .filter(|name| name.contains("_params."));
        let fallback = call
            .policy
            .draft()
            .and_then(|p| p.number("harvest_params.fallback_stop_pct"));
        let expected = 17 + usize::from(fallback.is_some());
        prop_assert_eq!(thresholds.count(), expected, "thresholds are missing");
    }
    Ok(())
}

/// The results of a harvest, by the formulas of its documentation.
fn worked_out(call: &HarvestCall, answered: &Answered, column: &str) -> Option<f64> {
    let policy = call.policy.draft()?;
    let (position, market) = (&call.position.position, call.position.market);
    match column {
        "r_net" => {
            let Some(Standing::Open(side)) = position.side else {
                return None;
            };
            let gain = side.sign() * (position.current_price? - position.entry_price?);
            Some((gain - answered.number("cost")?) / answered.number("risk_unit")?)
        }
        "kill_score" => {
            let weights = [
                ("k_regime_flip", "harvest_params.k_regime_flip"),
                ("k_sigma_spike", "harvest_params.k_sigma_spike"),
                ("k_ts_drop", "harvest_params.k_ts_drop"),
                ("k_age_penalty", "harvest_params.k_age_penalty"),
            ];
            let terms = weights.map(|(component, weight)| {
                Some(policy.number(weight)? * answered.number(component)?)
            });
            let z: Option<f64> = terms.into_iter().sum();
            Some(1.0 / (1.0 + (-z?).exp()))
        }
        _ => component(policy, position.age_sec, &market?, column),
    }
}

fn component(
    policy: &PolicyDraft,
    age_sec: Option<f64>,
    market: &Market,
    column: &str,
) -> Option<f64> {
    let of = |name: &str| policy.number(&format!("kill_params.{name}"));
    // Without the sign of a zero.
    let clamp = |x: f64, cap: f64| x.min(cap).max(0.0) + 0.0;
    match column {
        "k_regime_flip" => {
            let flips = market.p_trend? < of("trend_min")? && market.p_mr? + market.p_chop? > 0.5;
            Some(if flips { 1.0 } else { 0.0 })
        }
        "k_sigma_spike" => Some(clamp(
            market.sigma? / of("sigma_ref")? - 1.0,
            of("sigma_spike_cap")?,
        )),
        "k_ts_drop" => Some(clamp(of("ts_ref")? - market.ts?, of("ts_drop_cap")?)),
        "k_age_penalty" => Some(clamp(age_sec? / of("max_age_sec")?, 1.0)),
        _ => None,
    }
}

/// A 10 or a 200 in an answer stood in an input, and the answer says in which.
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
            "{} is {}, and `{}` does not hold it",
            column,
            told.value,
            source
        );
        // Nobody works out a leverage.
        prop_assert!(
            column != "leverage" || !is_worked_out,
            "a leverage that was worked out: `{source}`"
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
            "`{word}` from nowhere: {}",
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
fn l2_no_number_of_a_harvest_without_a_source() {
    EVERY_NUMBER_OF_A_HARVEST.holds();
}

#[test]
fn with_a_policy_10_or_200_comes_out_only_where_an_input_held_it() {
    TEN_AND_TWO_HUNDRED_ARE_HELD.holds();
}

/// A way to doctor an answer.
struct Doctored(fn(&IntentDraft, Answered) -> Answered);

impl Subject for Doctored {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        (self.0)(intent, Portcullis.decide(world, intent, now))
    }
}

const LEVERAGE_FOR_ALL: Doctored = Doctored(|_, answered| match answered.reason {
    Some(Reason::PolicyMissingLeverage) => answered.forged_trade(
        (10.0, "policy:leverage_by_symbol.BTCUSDT"),
        (200.0, "intent:size"),
    ),
    _ => answered,
});

const SIZE_FOR_ALL: Doctored =
    Doctored(
        |intent, answered| match (answered.reason, intent.number("leverage")) {
            (Some(Reason::PolicyMissingSize), Some(asked)) => answered.forged_trade(
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

/// Gives what was asked, though the policy gives less.
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

/// Its sizes are what fits, and not what was asked.
const LIMITS_SHAVE: Doctored = Doctored(|intent, answered| {
    match (
        answered.reason,
        answered.number("limit"),
        intent.number("size"),
    ) {
        (Some(Reason::PolicyLimitExceeded), Some(limit), Some(_)) => {
            let leverage = intent.number("leverage").unwrap_or(1.0);
            answered.forged_trade((leverage, "intent:leverage"), (limit, "intent:size"))
        }
        _ => answered,
    }
});

/// One bit away.
const SIZE_ROUNDED: Doctored = Doctored(|_, mut answered| {
    if let (Some(size), Some(source)) = (
        answered.number("size_usd"),
        answered.source("size_usd").map(str::to_owned),
    ) {
        answered.forge("size_usd", size.next_up(), Some(&source));
    }
    answered
});

struct StopOfTwoPercent;

impl Subject for StopOfTwoPercent {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut with_stop = position.clone();
        with_stop.position.stop_dist_pct = with_stop.position.stop_dist_pct.or(Some(0.02));
        Portcullis.harvest(world, &with_stop, now)
    }
}

#[test]
fn l2_bites_numbers_from_nowhere() {
    EVERY_NUMBER_OF_A_DECISION.bites(&LEVERAGE_FOR_ALL, "leverage is 10");
    EVERY_NUMBER_OF_A_DECISION.bites(&SIZE_FOR_ALL, "another expiry");
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(&LEVERAGE_FOR_ALL, "does not hold it");
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(&SIZE_FOR_ALL, "does not hold it");
    EVERY_NUMBER_OF_A_HARVEST.bites(&StopOfTwoPercent, "stop");
}

#[test]
fn l2_bites_sources_that_are_none() {
    EVERY_NUMBER_OF_A_DECISION.bites(&SOURCE_INVENTED, "its source `intent:position_size_usd`");
    EVERY_NUMBER_OF_A_DECISION.bites(&SOURCE_LOST, "leverage has no source");
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(
        &SOURCE_INVENTED,
        "`intent:position_size_usd` does not hold it",
    );
    TEN_AND_TWO_HUNDRED_ARE_HELD.bites(&SOURCE_LOST, "does not hold it");
}

#[test]
fn l2_bites_numbers_that_were_changed() {
    EVERY_NUMBER_OF_A_DECISION.bites(&ASKED_IS_GIVEN, "more leverage than the policy gives");
    EVERY_NUMBER_OF_A_DECISION.bites(&LIMITS_SHAVE, "is ");
    EVERY_NUMBER_OF_A_DECISION.bites(&SIZE_ROUNDED, "is ");
}
