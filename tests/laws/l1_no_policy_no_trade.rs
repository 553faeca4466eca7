//! L1 No policy, no trade: every entry is a skip if the policy is absent, unreadable, invalid, forged, stale or not yet
//! valid; and no path produces a leverage or a size without a policy.

use portcullis::{
    answer::Verdict,
    decide::{BatchRow, LeverageFrom, Outcome, SkipCode},
    types::{Leverage, Notional},
};
use proptest::prelude::*;

use crate::{
    Law, MANY,
    answered::Answered,
    strategies::{self, Call, HarvestCall, IntentDraft, PolicyInput, PositionDraft},
    subject::{Subject, World},
};

const NO_POLICY_NO_TRADE: Law<Call> = Law {
    cases: MANY,
    inputs: strategies::calls_without_policy,
    demands: no_policy_no_trade,
};

const NO_TEN_AND_NO_TWO_HUNDRED: Law<(Call, HarvestCall)> = Law {
    cases: MANY,
    inputs: || {
        (
            strategies::calls_without_policy(),
            strategies::harvests_without_policy(),
        )
            .boxed()
    },
    demands: no_ten_and_no_two_hundred,
};

fn no_policy_no_trade(subject: &dyn Subject, call: &Call) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let answered = subject.decide(&world, &call.intent, call.now);
    if call.intent.is_entry() {
        prop_assert_eq!(answered.verdict, Verdict::Skip, "an entry is not a skip");
        prop_assert!(answered.reason.is_some(), "a skip has no reason");
    }
    prop_assert_ne!(answered.verdict, Verdict::Trade, "an exit became a trade");
    Ok(())
}

/// Checks every path of the engine, and every number in its answers.
fn no_ten_and_no_two_hundred(
    subject: &dyn Subject,
    (call, position): &(Call, HarvestCall),
) -> Result<(), TestCaseError> {
    let world = World::of(call);
    let intent = &call.intent;
    no_number(&subject.decide(&world, intent, call.now), intent)?;
    no_number(&subject.decide_traced(&world, intent, call.now), intent)?;
    for row in subject.decide_columns(&world, std::slice::from_ref(intent), call.now) {
        prop_assert_ne!(row.outcome, Outcome::Trade, "a row of a batch trades");
        prop_assert_eq!(row.leverage, None, "a row of a batch has a leverage");
        prop_assert_eq!(row.notional, None, "a row of a batch has a size");
    }
    let world = World::of_harvest(position);
    let within_grace = world.state().theta_in_force(instant(position.now)).is_ok();
    if !within_grace {
        let answered = subject.harvest(&world, &position.position, position.now);
        prop_assert_eq!(answered.verdict, Verdict::Skip, "a harvest without θ");
        prop_assert!(
            answered.numbers.is_empty(),
            "a number without θ: {:?}",
            answered.numbers
        );
    }
    Ok(())
}

fn no_number(answered: &Answered, intent: &IntentDraft) -> Result<(), TestCaseError> {
    prop_assert_ne!(answered.verdict, Verdict::Trade, "a trade without a policy");
    for (column, told) in &answered.numbers {
        // The quantity of an exit comes from the intent; the limit in a skip can come from the guardrails.
        let is_asked = column == "quantity"
            && intent.number("quantity").or(intent.number("qty")) == Some(told.value);
        let is_guardrail = column == "limit"
            && told
                .source
                .as_deref()
                .is_some_and(|s| s.starts_with("guardrails:"));
        prop_assert!(
            is_asked || is_guardrail,
            "{column} is {told:?} without a policy"
        );
    }
    // Text between backticks is quoted from an input.
    let own_words: String = answered.text.split('`').step_by(2).collect();
    for word in ["10x", "200 USD", "10 USD"] {
        prop_assert!(
            !own_words.contains(word),
            "`{word}` without a policy: {}",
            answered.text
        );
    }
    Ok(())
}

fn instant(micros: i64) -> portcullis::types::Timestamp {
    portcullis::types::Timestamp::from_micros(micros).unwrap()
}

#[test]
fn l1_no_policy_no_trade() {
    NO_POLICY_NO_TRADE.holds();
}

#[test]
fn no_path_produces_10x_or_200_usd_without_a_policy() {
    NO_TEN_AND_NO_TWO_HUNDRED.holds();
}

/// A fallback to 10x and 200 USD.
struct TenfoldForTwoHundred;

impl Subject for TenfoldForTwoHundred {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = crate::Portcullis.decide(world, intent, now);
        match answered.reason {
            Some(SkipCode::PolicyMissing | SkipCode::PolicyStoreUnavailable) => {
                answered.forged_trade((10.0, "policy:default"), (200.0, "intent:size"))
            }
            _ => answered,
        }
    }
}

/// Uses the last policy after it has expired.
struct StaleIsGoodEnough;

impl Subject for StaleIsGoodEnough {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = crate::Portcullis.decide(world, intent, now);
        match (answered.reason, &world.policy) {
            (Some(SkipCode::PolicyStale), Ok(policy)) => {
                let expiry = policy.valid_until().as_micros();
                crate::Portcullis.decide(world, intent, Some(expiry))
            }
            _ => answered,
        }
    }
}

/// Accepts a policy one microsecond after its expiry.
struct ExpiryIsRounded;

impl Subject for ExpiryIsRounded {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = crate::Portcullis.decide(world, intent, now);
        match (answered.reason, &world.policy, now) {
            (Some(SkipCode::PolicyStale), Ok(policy), Some(now))
                if policy.valid_until().as_micros() == now - 1 =>
            {
                crate::Portcullis.decide(world, intent, Some(now - 1))
            }
            _ => answered,
        }
    }
}

/// Ignores a stated hash that does not match.
struct ForgedIsBelieved;

impl Subject for ForgedIsBelieved {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let mut input = world.input.clone();
        if let PolicyInput::Draft(draft) = &mut input {
            draft.stated_hash = strategies::StatedHash::None;
        }
        let believing = World::new(&input, &world.guardrails);
        crate::Portcullis.decide(&believing, intent, now)
    }
}

/// Uses the readable fields of an invalid policy.
struct HalfAPolicy;

impl Subject for HalfAPolicy {
    fn decide(&self, world: &World, intent: &IntentDraft, now: Option<i64>) -> Answered {
        let answered = crate::Portcullis.decide(world, intent, now);
        let read = || {
            Some((
                world.input.draft()?.leverage(&intent.symbol)?,
                intent.number("size")?,
            ))
        };
        match (answered.reason, read()) {
            (Some(SkipCode::PolicyInvalid), Some((leverage, size))) => answered.forged_trade(
                (leverage, "policy:leverage_by_symbol.BTCUSDT"),
                (size, "intent:size"),
            ),
            _ => answered,
        }
    }
}

/// Correct for single decisions; a batch falls back to 10x.
struct TenfoldInABatch;

impl Subject for TenfoldInABatch {
    fn decide_columns(
        &self,
        world: &World,
        intents: &[IntentDraft],
        now: Option<i64>,
    ) -> Vec<BatchRow> {
        let mut rows = crate::Portcullis.decide_columns(world, intents, now);
        for row in &mut rows {
            if row.outcome == Outcome::Skip(SkipCode::PolicyMissing) {
                *row = BatchRow {
                    outcome: Outcome::Trade,
                    leverage: Leverage::new(10.0)
                        .ok()
                        .map(|ten| (ten, LeverageFrom::Policy)),
                    notional: Notional::new(200.0).ok(),
                };
            }
        }
        rows
    }
}

/// Reports an R without a policy.
struct ThetaOfItsOwn;

impl Subject for ThetaOfItsOwn {
    fn harvest(&self, world: &World, position: &PositionDraft, now: i64) -> Answered {
        let mut answered = crate::Portcullis.harvest(world, position, now);
        if answered.reason == Some(SkipCode::PolicyMissing) {
            answered.forge("r_net", 1.8, None);
        }
        answered
    }
}

#[test]
fn l1_detects_a_fallback() {
    NO_POLICY_NO_TRADE.bites(&TenfoldForTwoHundred, "an entry is not a skip");
    NO_TEN_AND_NO_TWO_HUNDRED.bites(&TenfoldForTwoHundred, "a trade without a policy");
    NO_TEN_AND_NO_TWO_HUNDRED.bites(&TenfoldInABatch, "a row of a batch trades");
    NO_TEN_AND_NO_TWO_HUNDRED.bites(&ThetaOfItsOwn, "a number without θ");
}

#[test]
fn l1_detects_an_expired_policy_in_use() {
    NO_POLICY_NO_TRADE.bites(&StaleIsGoodEnough, "an entry is not a skip");
    NO_POLICY_NO_TRADE.bites(&ExpiryIsRounded, "an entry is not a skip");
}

#[test]
fn l1_detects_an_invalid_policy_in_use() {
    NO_POLICY_NO_TRADE.bites(&ForgedIsBelieved, "an entry is not a skip");
    NO_POLICY_NO_TRADE.bites(&HalfAPolicy, "an entry is not a skip");
}
