//! Strategies for complete inputs: a policy, guardrails and an intent, or a policy and a position.

use proptest::{prelude::*, sample::select};

use super::{
    DELEGATE, GuardrailsDraft, IntentDraft, OWNER, PolicyInput, PositionDraft, guardrails, intents,
    number::any_float, policies, positions,
};
use portcullis::harvest::Market;

/// 2025-12-24 04:32:14.062733 UTC in microseconds. No group of digits is zero, so that a loss of
/// precision is detected.
const BASE: i64 = 1_766_550_734_062_733;

/// Everything that one answer to an intent depends on.
#[derive(Debug, Clone)]
pub struct Call {
    /// The policy under which the intent is decided, or its absence.
    pub policy: PolicyInput,
    /// The guardrails of the engine.
    pub guardrails: GuardrailsDraft,
    /// The intent that is decided.
    pub intent: IntentDraft,
    /// The clock of the caller in microseconds. If it is `None`, the timestamp of the intent is used.
    pub now: Option<i64>,
}

/// Everything that one answer to a position depends on.
#[derive(Debug, Clone)]
pub struct HarvestCall {
    /// The policy under which the position is evaluated, or its absence.
    pub policy: PolicyInput,
    /// The position and its market.
    pub position: PositionDraft,
    /// The clock of the caller in microseconds.
    pub now: i64,
}

impl Call {
    /// Returns the time of the decision in microseconds, or `None` if there is neither a clock nor a timestamp.
    #[must_use]
    pub fn decision_time(&self) -> Option<i64> {
        self.now.or_else(|| self.intent.event_time())
    }
}

/// Generates timestamps at which a policy can be in force, in microseconds.
pub fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(BASE),
        2 => Just(BASE - 733),
        2 => 0..253_402_000_000_000_000_i64,
        1 => -60_000_000_000_000_000..0_i64,
    ]
}

/// Generates timestamps that an intent can have, in microseconds: from 2000-01-02 to the beginning of 2099-12-31.
fn plausible_instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(BASE),
        2 => Just(BASE - 733),
        2 => 946_771_200_000_000..4_102_358_400_000_000_i64,
    ]
}

/// Combines an intent, a policy and guardrails into a call at a plausible time. The validity window of the policy is
/// placed around the time of the decision.
fn call(
    policy: BoxedStrategy<PolicyInput>,
    guardrails: BoxedStrategy<GuardrailsDraft>,
    intent: BoxedStrategy<IntentDraft>,
) -> BoxedStrategy<Call> {
    let own_clock = prop_oneof![2 => Just(false), 1 => Just(true)];
    let at = plausible_instant();
    (at, age(), own_clock, policy, guardrails, intent)
        .prop_map(|(at, age, own_clock, policy, guardrails, intent)| {
            let mut call = Call {
                policy,
                guardrails,
                intent: intent.sent_at(at - age),
                now: (!own_clock).then_some(at),
            };
            let decision_time = call.decision_time().unwrap_or(at);
            call.policy = call.policy.about(decision_time);
            call
        })
        .boxed()
}

/// Generates the age of an intent in microseconds. A negative age means that the intent is ahead of the clock.
pub fn age() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0),
        2 => select(vec![1, 733, 1_000_000, 59_999_999, 60_000_000, 60_000_001, -1, -1_000_001]),
        1 => -100_000_000..200_000_000_i64,
    ]
}

/// Generates any intent with any guardrails and any policy state.
pub fn calls() -> BoxedStrategy<Call> {
    call(
        policies::any_state(),
        guardrails::any_guardrails(),
        intents::any_intent(),
    )
}

/// Generates any intent with any guardrails and any policy state; every number of the intent can be
/// any bit pattern.
pub fn calls_of_any_floats() -> BoxedStrategy<Call> {
    (calls(), prop::collection::vec(any_float(), 8))
        .prop_map(|(mut call, bits)| {
            for ((_, number), bits) in call.intent.numbers.iter_mut().zip(bits) {
                *number = bits;
            }
            call
        })
        .boxed()
}

/// Generates a call with any intent and no policy in force.
pub fn calls_without_policy() -> BoxedStrategy<Call> {
    call(
        policies::not_in_force(),
        guardrails::any_guardrails(),
        intents::any_intent(),
    )
}

/// Generates a call with any intent and a policy in force.
pub fn calls_with_policy() -> BoxedStrategy<Call> {
    call(
        policies::in_force(),
        guardrails::any_guardrails(),
        intents::any_intent(),
    )
}

/// Generates an entry that becomes a trade: the policy and the entry are valid, and there are no
/// guardrails.
pub fn sound_entries() -> BoxedStrategy<Call> {
    call(
        policies::sound(),
        Just(GuardrailsDraft::none()).boxed(),
        intents::sound_entry(),
    )
}

/// Generates an exit of the exit owner or a delegate, with any guardrails and any policy state.
pub fn exits() -> BoxedStrategy<Call> {
    call(
        policies::any_state(),
        guardrails::any_guardrails(),
        intents::any_exit(),
    )
}

/// Generates an entry whose source is the exit owner or a delegate, and which is otherwise valid.
pub fn owners_entries() -> BoxedStrategy<Call> {
    let by_owner = (intents::sound_entry(), select(vec![OWNER, DELEGATE]));
    let entry = by_owner.prop_map(|(entry, owner)| IntentDraft {
        source: Some(owner.to_owned()),
        ..entry
    });
    call(
        policies::sound(),
        Just(GuardrailsDraft::none()).boxed(),
        entry.boxed(),
    )
}

fn harvest_call(
    policy: BoxedStrategy<PolicyInput>,
    position: BoxedStrategy<PositionDraft>,
) -> BoxedStrategy<HarvestCall> {
    (instant(), policy, position)
        .prop_map(|(now, policy, position)| HarvestCall {
            policy: policy.about(now),
            position: position.about(now),
            now,
        })
        .boxed()
}

/// Generates any position with any policy state.
pub fn harvests() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::any_state(), positions::any_position())
}

/// Generates any position with any policy state; every number of the position and its market can be
/// any bit pattern.
pub fn harvests_of_any_floats() -> BoxedStrategy<HarvestCall> {
    (harvests(), prop::collection::vec(any_float(), 15))
        .prop_map(|(mut call, bits)| {
            let position = &mut call.position.position;
            let mut places = vec![
                &mut position.quantity,
                &mut position.peak_quantity,
                &mut position.sizes.lot_size,
                &mut position.sizes.min_quantity,
                &mut position.sizes.min_notional_usd,
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
                *place = place.and(Some(bits));
            }
            call
        })
        .boxed()
}

/// Generates a call with any position and a policy in force.
pub fn harvests_with_policy() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::in_force(), positions::any_position())
}

/// Generates a call with any position and no policy in force.
pub fn harvests_without_policy() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::not_in_force(), positions::any_position())
}

/// Generates a position for which R and K can be computed.
pub fn sound_harvests() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::sound(), positions::sound_position())
}
