//! Random inputs: floats over every bit pattern, policies in every state, intents through both doors.
//!
//! A draft is an input before it is written down. What a law looks up in it was never read by the engine.

pub(crate) mod guardrails;
pub(crate) mod intent;
pub(crate) mod number;
mod policies;
pub(crate) mod policy;
pub(crate) mod position;
pub(crate) mod text;

pub(crate) use guardrails::{GuardrailsDraft, HaltDraft};
pub(crate) use intent::{Closing, Door, IntentDraft, Kind, TimeField};
pub(crate) use policy::{PolicyDraft, PolicyInput};
pub(crate) use position::PositionDraft;

use proptest::{prelude::*, sample::select};

/// An instant on a winter morning, in microseconds, with digits in every place.
const BASE: i64 = 1_766_550_734_062_733;

/// The symbols of the policies here, and one that is in none of them.
pub(crate) const SYMBOLS: [&str; 6] = [
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "1000PEPEUSDT",
    "币安人生USDT",
    "XRPUSDT",
];
pub(crate) const OUTSIDER: &str = "XRPUSDT";

pub(crate) const OWNER: &str = "exitbrain_v3_5";
pub(crate) const DELEGATE: &str = "emergency";

/// A service that owns no exits.
pub(crate) const STRANGER: &str = "momentum";

/// Everything that one answer to an intent depends on.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) policy: PolicyInput,
    pub(crate) guardrails: GuardrailsDraft,
    pub(crate) intent: IntentDraft,
    /// The caller's clock, in microseconds; where it has none, the intent's own time counts.
    pub(crate) now: Option<i64>,
}

/// Everything that one answer to a position depends on.
#[derive(Debug, Clone)]
pub(crate) struct HarvestCall {
    pub(crate) policy: PolicyInput,
    pub(crate) position: PositionDraft,
    /// In microseconds.
    pub(crate) now: i64,
}

impl Call {
    /// The instant that the intent is judged at, if there is one.
    pub(crate) fn judged_at(&self) -> Option<i64> {
        self.now.or_else(|| self.intent.event_time())
    }
}

/// Instants that a policy can be in force at.
pub(crate) fn instant() -> impl Strategy<Value = i64> {
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
pub(crate) fn age() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0),
        2 => select(vec![1, 733, 1_000_000, 59_999_999, 60_000_000, 60_000_001, -1, -1_000_001]),
        1 => -100_000_000..200_000_000_i64,
    ]
}

/// Any intent in any world.
pub(crate) fn calls() -> BoxedStrategy<Call> {
    call(
        policies::any_state(),
        guardrails::any_guardrails(),
        intent::any_intent(),
    )
}

/// Any intent, where no policy is in force.
pub(crate) fn calls_without_policy() -> BoxedStrategy<Call> {
    call(
        policies::not_in_force(),
        guardrails::any_guardrails(),
        intent::any_intent(),
    )
}

/// Any intent under a policy in force.
pub(crate) fn calls_with_policy() -> BoxedStrategy<Call> {
    call(
        policies::in_force(),
        guardrails::any_guardrails(),
        intent::any_intent(),
    )
}

/// An entry that trades: a sound policy, no guardrails, and nothing wrong with it.
pub(crate) fn sound_entries() -> BoxedStrategy<Call> {
    call(
        policies::sound(),
        Just(GuardrailsDraft::none()).boxed(),
        intent::sound_entry(),
    )
}

/// An exit in any world.
pub(crate) fn exits() -> BoxedStrategy<Call> {
    call(
        policies::any_state(),
        guardrails::any_guardrails(),
        intent::any_exit(),
    )
}

/// An entry of one who owns exits, under a policy that would let it trade.
pub(crate) fn owners_entries() -> BoxedStrategy<Call> {
    let by_owner = (intent::sound_entry(), select(vec![OWNER, DELEGATE]));
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
pub(crate) fn harvests() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::any_state(), position::any_position())
}

/// Any position under a policy in force.
pub(crate) fn harvests_with_policy() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::in_force(), position::any_position())
}

/// Any position, where no θ is in force.
pub(crate) fn harvests_without_policy() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::not_in_force(), position::any_position())
}

/// A position with an R and a K.
pub(crate) fn sound_harvests() -> BoxedStrategy<HarvestCall> {
    harvest_call(policies::sound(), position::sound_position())
}
