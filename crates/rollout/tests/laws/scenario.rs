//! Random policy sets, policies, intents and positions.

use portcullis::{
    Answer, Engine, Leverage, Policy, PolicyHash, PolicyState, PolicyUnavailable, SignedDuration,
    Symbol, Timestamp,
    record::{Scratch, read},
};
use portcullis_rollout::{
    Arm, ArmReason, Key, OpenPosition, PolicySet, Question, Role, Rollout, Salt, ShadowAnswer,
};
use portcullis_testing::strategies::{self, Call, PolicyInput, number::positive, policies};
use proptest::{option::weighted, prelude::*, sample::select};

use crate::support::{bps, other_hash, row, set, symbol};

/// One second in microseconds.
const SECOND: i64 = 1_000_000;

/// An entry or an exit with everything on which its answer depends.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) engine: Engine,
    /// The live policy and those of the arms, in the order of the set.
    pub(crate) policies: Vec<(PolicyHash, Result<Policy, PolicyUnavailable>)>,
    pub(crate) set: PolicySet,
    pub(crate) record: String,
    pub(crate) open: Option<OpenPosition>,
    pub(crate) now: Timestamp,
}

/// The answer of a scenario, as plain values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// The answer row with its arm reason.
    pub(crate) row: String,
    pub(crate) arm: Option<PolicyHash>,
    pub(crate) reason: Option<ArmReason>,
    pub(crate) is_trade: bool,
    pub(crate) numbers: [Option<f64>; 3],
    pub(crate) shadows: Vec<ShadowAnswer>,
}

impl Scenario {
    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome_of(&self.set, self.open)
    }

    /// Returns the outcome with another set and another position.
    pub(crate) fn outcome_of(&self, set: &PolicySet, open: Option<OpenPosition>) -> Outcome {
        let mut scratch = Scratch::default();
        let intent = read(&self.record, &mut scratch).into_intent();
        let question = Question {
            engine: &self.engine,
            intent: &intent,
            open,
            now: self.now,
        };
        let rollout = self.rollout(set);
        let decided = rollout.decide(&question);
        let answer = decided.answer(1, None);
        Outcome {
            row: row(&decided),
            arm: decided.arm(),
            reason: decided.arm_reason(),
            is_trade: matches!(decided.decision(), portcullis::Decision::Trade(_)),
            numbers: [answer.leverage, answer.size_usd, answer.notional_usd],
            shadows: rollout.shadows(&question, &decided, 1, None),
        }
    }

    /// Returns the answer row under one policy, without a set.
    pub(crate) fn plain(&self, hash: PolicyHash) -> (String, Option<portcullis::Gate>) {
        let mut scratch = Scratch::default();
        let intent = read(&self.record, &mut scratch).into_intent();
        let state = self.state(hash);
        let absent = PolicyUnavailable::NotFound;
        let state = state.unwrap_or(PolicyState::unavailable(&absent));
        let leverage = self.open.and_then(|open| open.leverage);
        let decision = match leverage {
            Some(leverage) => self.engine.decide_add(state, &intent, leverage, self.now),
            None => self.engine.decide(state, &intent, self.now),
        };
        let gate = match &decision {
            portcullis::Decision::Skip(skip) => Some(skip.gate()),
            portcullis::Decision::Trade(_) | portcullis::Decision::Exit(_) => None,
        };
        let row = Answer::decision(&decision).to(1, None, Some(self.now));
        (serde_json::to_string(&row).unwrap(), gate)
    }

    pub(crate) fn rollout<'a>(&'a self, set: &'a PolicySet) -> Rollout<'a> {
        Rollout::new(set, |hash| self.state(hash))
    }

    fn state(&self, hash: PolicyHash) -> Option<PolicyState<'_>> {
        let found = self.policies.iter().find(|(it, _)| *it == hash);
        found.map(|(_, policy)| PolicyState::from(policy))
    }

    /// Returns the set with only the arms that are kept.
    pub(crate) fn set_with(&self, keep: impl Fn(&Arm) -> bool) -> PolicySet {
        let arms = self.set.arms().iter().filter(|arm| keep(arm));
        let arms: Vec<Arm> = arms.cloned().collect();
        set(self.set.live(), &arms, self.set.is_killed())
    }
}

/// An arm before its policy is known.
#[derive(Debug, Clone)]
pub(crate) struct ArmDraft {
    role: Role,
    bps: u64,
    salt: &'static str,
    until_sec: i64,
    source: Option<Matched>,
    symbol: Option<Matched>,
}

/// The value that an arm matches.
#[derive(Debug, Clone, Copy)]
enum Matched {
    OfRecord,
    Other,
}

pub(crate) fn role() -> impl Strategy<Value = Role> {
    prop_oneof![
        3 => Just(Role::Canary),
        1 => select(vec![Key::Symbol, Key::Source, Key::Id]).prop_map(Role::Shadow),
    ]
}

pub(crate) fn share() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(10_000), 1 => Just(0), 4 => 0..=10_000_u64]
}

pub(crate) fn arm() -> impl Strategy<Value = ArmDraft> {
    let matched = || prop_oneof![3 => Just(Matched::OfRecord), 1 => Just(Matched::Other)];
    let until = prop_oneof![1 => Just(0), 4 => 0..1_000_000_i64, 1 => -1000..0_i64];
    let salt = select(vec!["canary-7", "other", "é"]);
    let condition = (weighted(0.15, matched()), weighted(0.15, matched()));
    (role(), share(), salt, until, condition).prop_map(
        |(role, bps, salt, until_sec, (source, symbol))| ArmDraft {
            role,
            bps,
            salt,
            until_sec,
            source,
            symbol,
        },
    )
}

impl ArmDraft {
    fn arm(&self, hash: PolicyHash, call: &Call, now: Timestamp) -> Arm {
        let until = now.saturating_add(SignedDuration::from_micros(self.until_sec * SECOND));
        let [first, last] = ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"];
        let until = until.clamp(first.parse().unwrap(), last.parse().unwrap());
        let salt = Salt::new(self.salt).unwrap();
        let mut arm = Arm::new(self.role, hash, bps(self.bps), salt, until).unwrap();
        if let Some(matched) = self.source {
            let own = call.intent.source.clone().filter(|it| !it.is_empty());
            let name = match matched {
                Matched::OfRecord => own.unwrap_or("another-source".to_owned()),
                Matched::Other => "another-source".to_owned(),
            };
            arm = arm.with_source(name).unwrap();
        }
        if let Some(matched) = self.symbol {
            let own = Symbol::new(&call.intent.symbol).ok();
            let other = symbol("OTHERUSDT");
            arm = arm.with_symbol(match matched {
                Matched::OfRecord => own.unwrap_or(other),
                Matched::Other => other,
            });
        }
        arm
    }
}

fn policy() -> impl Strategy<Value = PolicyInput> {
    let absent = PolicyInput::Absent(PolicyUnavailable::NotFound);
    prop_oneof![
        10 => policies::sound(),
        2 => policies::in_force(),
        2 => policies::any_state(),
        1 => Just(absent),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![5 => strategies::sound_entries(), 2 => strategies::calls(), 1 => strategies::exits()]
}

/// Generates scenarios. The policy of the call is the live one.
pub(crate) fn scenarios() -> impl Strategy<Value = Scenario> {
    let arms = prop::collection::vec((arm(), policy()), 0..5);
    // The place of the policy under which the position was opened; the last one is in no set.
    let opened = weighted(0.8, 0..6_usize);
    let open = weighted(0.4, (opened, weighted(0.5, positive())));
    (calls(), arms, open, weighted(0.1, Just(())))
        .prop_map(|(call, drafts, open, kill)| scenario(&call, &drafts, open, kill.is_some()))
}

/// Generates scenarios with an exit.
pub(crate) fn exits() -> impl Strategy<Value = Scenario> {
    (strategies::exits(), scenarios()).prop_map(|(call, scenario)| {
        let question = call.question();
        Scenario {
            engine: question.engine().unwrap(),
            record: question.record,
            ..scenario
        }
    })
}

type Opened = (Option<usize>, Option<f64>);

fn scenario(
    call: &Call,
    drafts: &[(ArmDraft, PolicyInput)],
    open: Option<Opened>,
    kill: bool,
) -> Scenario {
    let question = call.question();
    let now = question.now;
    let mut policies = vec![loaded(0, question.read_policy())];
    let mut arms = Vec::new();
    let mut shadows = 0;
    for (index, (draft, input)) in drafts.iter().enumerate() {
        let place = u8::try_from(index + 1).unwrap();
        let policy = loaded(place, input.clone().about(now.as_micros()).read());
        let is_shadow = matches!(draft.role, Role::Shadow(_));
        let is_known = policies.iter().any(|(hash, _)| *hash == policy.0);
        if is_known || is_shadow && shadows == 2 {
            continue;
        }
        shadows += usize::from(is_shadow);
        arms.push(draft.arm(policy.0, call, now));
        policies.push(policy);
    }
    let open = open.map(|(opened, leverage)| OpenPosition {
        opened_under: opened.map(|place| {
            let known = policies.get(place);
            known.map_or(other_hash(200), |(hash, _)| *hash)
        }),
        leverage: leverage.and_then(|it| Leverage::new(it).ok()),
    });
    Scenario {
        engine: question.engine().unwrap(),
        set: set(policies[0].0, &arms, kill),
        policies,
        record: question.record,
        open,
        now,
    }
}

/// Returns the hash of a policy, or another hash if it is absent or invalid.
fn loaded(
    place: u8,
    policy: Result<Policy, PolicyUnavailable>,
) -> (PolicyHash, Result<Policy, PolicyUnavailable>) {
    let hash = policy
        .as_ref()
        .map_or(other_hash(100 + place), Policy::hash);
    (hash, policy)
}
