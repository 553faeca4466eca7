//! Inputs put together.

use proptest::{prelude::*, sample::select};

use super::{
    DELEGATE, GuardrailsDraft, IntentDraft, OWNER, PolicyInput, PositionDraft, guardrails, intents,
    number::any_float, policies, positions,
};
use crate::harvest::Market;

/// An instant on a winter morning, in microseconds, with digits in every place.
const BASE: i64 = 1_766_550_734_062_733;

/// Everything that one answer to an intent depends on.
#[derive(Debug, Clone)]
pub struct Call {
    /// The policy.
    pub policy: PolicyInput,
    /// What the operator says.
    pub guardrails: GuardrailsDraft,
    /// The intent.
    pub intent: IntentDraft,
    /// The caller's clock, in microseconds; where it has none, the intent's own time counts.
    pub now: Option<i64>,
}

/// Everything that one answer to a position depends on.
#[derive(Debug, Clone)]
pub struct HarvestCall {
    /// The policy.
    pub policy: PolicyInput,
    /// The position and its market.
    pub position: PositionDraft,
    /// The caller's clock, in microseconds.
    pub now: i64,
}

impl Call {
    /// The instant that the intent is judged at, if there is one.
    #[must_use]
    pub fn judged_at(&self) -> Option<i64> {
        self.now.or_else(|| self.intent.event_time())
    }
}

/// Instants that a policy can be in force at, in microseconds.
pub fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(BASE),
        2 => Just(BASE - 733),
        2 => 0..253_402_000_000_000_000_i64,
        1 => -60_000_000_000_000_000..0_i64,
    ]
}

/// Puts the parts together: the policy's window lies about the instant that the intent is judged at.
fn call(
    policy: BoxedStrategy<PolicyInput>,
    guardrails: BoxedStrategy<GuardrailsDraft>,
    intent: BoxedStrategy<IntentDraft>,
) -> BoxedStrategy<Call> {
    let own_clock = prop_oneof![2 => Just(false), 1 => Just(true)];
    (instant(), age(), own_clock, policy, guardrails, intent)
        .prop_map(|(at, age, own_clock, policy, guardrails, intent)| {
            let mut call = Call {
                policy,
                guardrails,
                intent: intent.sent_at(at - age),
                now: (!own_clock).then_some(at),
            };
            let judged_at = call.judged_at().unwrap_or(at);
            call.policy = call.policy.about(judged_at);
            call
        })
        .boxed()
}

/// How long ago an intent was sent, in microseconds; negative is ahead of the clock.
pub fn age() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0),
        2 => select(vec![1, 733, 1_000_000, 59_999_999, 60_000_000, 60_000_001, -1, -1_000_001]),
        1 => -100_000_000..200_000_000_i64,
    ]
}

/// Any intent in any world.
pub fn calls() -> BoxedStrategy<Call> {
    call(
        policies::any_state(),
        guardrails::any_guardrails(),
        intents::any_intent(),
    )
}

/// Any intent in any world, every number of it from any bits.
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

/// Any intent, where no policy is in force.
pub fn calls_without_policy() -> BoxedStrategy<Call> {
    call(
        policies::not_in_force(),
        guardrails::any_guardrails(),
        intents::any_intent(),
    )
}

/// Any intent under a policy in force.
pub fn calls_with_policy() -> BoxedStrategy<Call> {
    call(
        policies::in_force(),
        guardrails::any_guardrails(),
        intents::any_intent(),
    )
}

/// An entry that trades: a sound policy, no guardrails, and nothing wrong with it.
pub fn sound_entries() -> BoxedStrategy<Call> {
    call(
        policies::sound(),
        Just(GuardrailsDraft::none()).boxed(),
        intents::sound_entry(),
    )
}

/// An exit in any world.
pub fn exits() -> BoxedStrategy<Call> {
    call(
        policies::any_state(),
        guardrails::any_guardrails(),
        intents::any_exit(),
    )
}

/// An entry of one who owns exits, under a policy that would let it trade.
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

/// Any position in any world.
pub fn harvests() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::any_state(), positions::any_position())
}

/// Any position in any world, every number of it and of its market from any bits.
pub fn harvests_of_any_floats() -> BoxedStrategy<HarvestCall> {
    (harvests(), prop::collection::vec(any_float(), 11))
        .prop_map(|(mut call, bits)| {
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
                *place = place.and(Some(bits));
            }
            call
        })
        .boxed()
}

/// Any position under a policy in force.
pub fn harvests_with_policy() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::in_force(), positions::any_position())
}

/// Any position, where no θ is in force.
pub fn harvests_without_policy() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::not_in_force(), positions::any_position())
}

/// A position with an R and a K.
pub fn sound_harvests() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::sound(), positions::sound_position())
}
