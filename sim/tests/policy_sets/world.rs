//! Generated tapes, policies and policy sets, and their replays.

use portcullis::{
    decide::Engine,
    exit::ExitOwnership,
    guardrails::Guardrails,
    policy::{Policy, PolicyUnavailable},
};
use portcullis_rollout::PolicySet;
use portcullis_sim::{
    generate::write_tape,
    replay::{
        AnswerSink, LoadedSet, ReplayError, ReplayOutcome, Replayer, Sinks, replay, replay_set,
    },
    tape::{TapeReader, TapeSource},
};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

/// The start of a generated tape in epoch seconds: 2026-01-05T00:00:00Z. [`RECORDS`] records take about 75 s.
const START: i64 = 1_767_571_200;
/// The number of records of a tape.
const RECORDS: u64 = 300;

/// A tape, and the JSON of its first policy.
#[derive(Debug, Clone)]
pub(crate) struct Tape {
    text: Vec<u8>,
    policy: Value,
}

/// The role of an arm, its share, and everything else by which it applies to a record.
#[derive(Debug, Clone)]
pub(crate) struct ArmPlan {
    pub(crate) is_shadow: bool,
    pub(crate) bps: u64,
    key: &'static str,
    condition: Option<Value>,
    salt: u8,
    until: &'static str,
}

/// A set of variants of the policy of a tape.
#[derive(Debug, Clone)]
pub(crate) struct SetPlan {
    /// The numbers of the variants: first that of the live policy, then those of the arms.
    variants: Vec<usize>,
    pub(crate) arms: Vec<ArmPlan>,
    kill: bool,
}

/// The answers as JSON lines, and the outcome.
pub(crate) struct Ran {
    pub(crate) answers: String,
    pub(crate) outcome: ReplayOutcome,
}

impl Tape {
    pub(crate) fn new(seed: u64) -> Self {
        let mut text = Vec::new();
        write_tape(RECORDS, seed, &mut text).unwrap();
        let first = text.split(|byte| *byte == b'\n').next().unwrap();
        let first: Value = serde_json::from_slice(first).unwrap();
        let mut policy = first["policy"].clone();
        policy.as_object_mut().unwrap().remove("policy_hash");
        Self { text, policy }
    }

    /// Returns this tape without changes of the policy and without records that name their policy.
    pub(crate) fn without_policies(&self) -> Self {
        let names = [&b"policy"[..], b"decided_at", b"\\u"];
        let is_kept = |line: &&[u8]| {
            let contains = |name: &[u8]| line.windows(name.len()).any(|it| it == name);
            !names.iter().any(|name| contains(name))
        };
        let lines = self.text.split_inclusive(|byte| *byte == b'\n');
        Self {
            text: lines.filter(is_kept).flatten().copied().collect(),
            policy: self.policy.clone(),
        }
    }

    /// Returns a variant of the policy, numbered from 0 to 5.
    pub(crate) fn policy(&self, variant: usize) -> Policy {
        let mut policy = self.policy.clone();
        policy["policy_version"] = format!("variant {variant}").into();
        match variant {
            0 => {}
            1 => {
                for leverage in policy["leverage_by_symbol"]
                    .as_object_mut()
                    .unwrap()
                    .values_mut()
                {
                    *leverage = 2.into();
                }
            }
            2 => policy["limits"]["max_notional_usd"] = 700.into(),
            3 => policy["harvest_params"]["T1_R"] = 0.5.into(),
            4 => policy["universe_symbols"]
                .as_array_mut()
                .unwrap()
                .truncate(15),
            _ => policy["valid_until_epoch"] = (START + 30).into(),
        }
        Policy::from_json(&policy.to_string()).unwrap()
    }

    fn reader(&self) -> TapeReader {
        let tape = TapeSource::Memory {
            name: "a generated tape",
            bytes: self.text.clone().into(),
        };
        // The chunks are small, so that several threads have something to do.
        TapeReader::with_sizes(vec![tape], 4096, 1 << 24)
    }

    /// Replays the tape under the policies on the tape and an initial one.
    pub(crate) fn replay(&self, initial: Option<Policy>) -> Ran {
        let initial = initial.ok_or(PolicyUnavailable::NotFound);
        ran(|replayer, sinks| replay(replayer, initial, self.reader(), 1, sinks))
    }

    /// Replays the tape under a set.
    pub(crate) fn rehearse(&self, plan: &SetPlan, threads: usize) -> Ran {
        let set = plan.load(self);
        ran(|replayer, sinks| replay_set(replayer, &set, self.reader(), threads, sinks))
    }
}

fn ran(run: impl FnOnce(&Replayer, Sinks<'_, '_>) -> Result<ReplayOutcome, ReplayError>) -> Ran {
    let ownership = ExitOwnership::new("exitbrain_v3_5").unwrap();
    let replayer = Replayer::new(Engine::new(Guardrails::none(), ownership));
    let mut answers = Vec::new();
    let sinks = Sinks {
        answers: AnswerSink::Lines(&mut answers),
        tally: None,
        progress: &mut |_| (),
    };
    let outcome = run(&replayer, sinks).unwrap();
    Ran {
        answers: String::from_utf8(answers).unwrap(),
        outcome,
    }
}

impl SetPlan {
    /// Returns a set without arms, whose live policy is this variant.
    pub(crate) fn without_arms(live: usize, kill: bool) -> Self {
        Self {
            variants: vec![live],
            arms: Vec::new(),
            kill,
        }
    }

    /// Returns the number of the variant of the live policy.
    pub(crate) fn live(&self) -> usize {
        self.variants[0]
    }

    /// Returns the number of the variant of an arm.
    pub(crate) fn variant(&self, arm: usize) -> usize {
        self.variants[arm + 1]
    }

    /// Returns this set without its shadows.
    pub(crate) fn without_shadows(&self) -> Self {
        let arms = self.arms.iter().zip(self.variants.iter().skip(1));
        let canaries = arms.filter(|(arm, _)| !arm.is_shadow);
        let (arms, variants): (Vec<_>, Vec<_>) =
            canaries.map(|(arm, it)| (arm.clone(), *it)).unzip();
        Self {
            variants: [vec![self.live()], variants].concat(),
            arms,
            kill: self.kill,
        }
    }

    /// Returns the set with its policies.
    pub(crate) fn load(&self, tape: &Tape) -> LoadedSet {
        let policies = self.variants.iter().take(self.arms.len() + 1);
        let policies: Vec<Policy> = policies.map(|it| tape.policy(*it)).collect();
        let arms = self.arms.iter().zip(&policies[1..]);
        let arms: Vec<Value> = arms.map(|(arm, policy)| arm.json(policy)).collect();
        let set = json!({
            "format": 1, "seq": 7, "live": policies[0].hash(), "arms": arms, "kill": self.kill
        });
        let set = PolicySet::from_json(&set.to_string()).unwrap();
        let named = policies.into_iter().map(|it| (it.version().to_owned(), it));
        LoadedSet::new(set, named.collect()).unwrap()
    }
}

impl ArmPlan {
    fn json(&self, policy: &Policy) -> Value {
        let mut arm = json!({
            "hash": policy.hash(),
            "role": if self.is_shadow { "shadow" } else { "canary" },
            "bps": self.bps,
            "key": if self.is_shadow { self.key } else { "symbol" },
            "salt": format!("salt-{}", self.salt),
            "until": self.until,
        });
        if let Some(condition) = &self.condition {
            arm["match"] = condition.clone();
        }
        arm
    }
}

fn any_arm() -> impl Strategy<Value = ArmPlan> {
    let conditions = [json!({"source": "momentum"}), json!({"symbol": "BTCUSDT"})];
    (
        prop_oneof![4 => 0..=10_000_u64, 1 => Just(10_000)],
        select(vec!["symbol", "source", "id"]),
        prop::option::weighted(0.2, select(conditions.to_vec())),
        any::<u8>(),
        // During the tape, or after its end.
        prop_oneof![1 => Just("2026-01-05T00:00:40Z"), 4 => Just("2026-01-12T00:00:00Z")],
    )
        .prop_map(|(bps, key, condition, salt, until)| ArmPlan {
            is_shadow: false,
            bps,
            key,
            condition,
            salt,
            until,
        })
}

pub(crate) fn any_tape() -> impl Strategy<Value = Tape> {
    (0..1000_u64).prop_map(Tape::new)
}

/// Returns sets with up to three canaries and up to two shadows, in any order.
pub(crate) fn any_set() -> impl Strategy<Value = SetPlan> {
    let arms = (
        prop::collection::vec(any_arm(), 0..=3),
        prop::collection::vec(any_arm(), 0..=2),
    );
    let arms = arms.prop_flat_map(|(canaries, mut shadows)| {
        shadows.iter_mut().for_each(|arm| arm.is_shadow = true);
        Just([canaries, shadows].concat()).prop_shuffle()
    });
    let variants = Just((0..6).collect::<Vec<usize>>()).prop_shuffle();
    let kill = prop::bool::weighted(0.1);
    (variants, arms, kill).prop_map(|(variants, arms, kill)| SetPlan {
        variants,
        arms,
        kill,
    })
}
