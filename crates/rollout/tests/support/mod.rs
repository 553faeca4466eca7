//! Policies, sets and questions for tests.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use portcullis::{
    Engine, ExitOwnership, Guardrails, Intent, IntentBuilder, Leverage, Policy, PolicyHash,
    PolicyState, PolicyUnavailable, Side, Symbol, Timestamp,
};
use portcullis_rollout::{
    Arm, Bps, Decided, OpenPosition, PolicySet, Question, Role, Rollout, Salt,
};
use serde_json::{Value as Json, json};

/// 2026-01-05T00:00:00Z, the time of most decisions.
pub(crate) const NOW_SEC: i64 = 1_767_571_200;
/// The owner of exits.
pub(crate) const OWNER: &str = "exit-service";
/// The page of the documentation.
pub(crate) const PAGE: &str = include_str!("../../../../docs/rollout.md");

/// Returns the code block of the page that begins with this line, without it.
pub(crate) fn block(opening: &str) -> &'static str {
    let mut blocks = PAGE.split("```");
    let block = blocks.find_map(|it| it.strip_prefix(opening)?.strip_prefix('\n'));
    block.unwrap()
}

/// Returns the Python program of the page that contains a text.
pub(crate) fn program(text: &str) -> &'static str {
    let mut blocks = PAGE
        .split("```")
        .filter_map(|it| it.strip_prefix("python\n"));
    blocks.find(|it| it.contains(text)).unwrap()
}

/// Returns the output of a Python program; `None` if there is no Python.
pub(crate) fn python(program: &str, input: &str) -> Option<String> {
    let mut command = Command::new("python3");
    command
        .env("PYTHONIOENCODING", "utf-8")
        .args(["-c", program]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = piped.spawn().ok()?;
    process
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000).unwrap()
}

pub(crate) fn now() -> Timestamp {
    at(NOW_SEC)
}

pub(crate) fn symbol(name: &str) -> Symbol {
    Symbol::new(name).unwrap()
}

pub(crate) fn bps(number: u64) -> Bps {
    Bps::new(number).unwrap()
}

/// The symbols of the check values.
pub(crate) const UNIVERSE: [&str; 5] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOTUSDT", "LINKUSDT"];

/// Returns a policy with one leverage for all symbols, in force from an hour before [`now`] for `valid_sec` after it. Its
/// θ stays in force for 600 s more.
pub(crate) fn policy(leverage: u32, valid_sec: i64) -> Policy {
    let symbols = UNIVERSE.map(|it| format!("\"{it}\"")).join(",");
    let leverages = UNIVERSE.map(|it| format!("\"{it}\":{leverage}")).join(",");
    let (from, until) = (NOW_SEC - 3600, NOW_SEC + valid_sec);
    Policy::from_json(&format!(
        r#"{{"policy_version": "{leverage}x", "valid_from_epoch": {from}, "valid_until_epoch": {until},
        "harvest_grace_sec": 600, "universe_symbols": [{symbols}], "leverage_by_symbol": {{{leverages}}},
        "harvest_params": {{"T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003,
            "cost_bps": 12, "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4,
            "k_age_penalty": 0.2, "kill_threshold": 0.55}},
        "kill_params": {{"trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35,
            "ts_drop_cap": 0.45, "max_age_sec": 72000}}}}"#
    ))
    .unwrap()
}

/// Returns a hash that is not that of a policy.
pub(crate) fn other_hash(digit: u8) -> PolicyHash {
    PolicyHash::from_bytes([digit; 32])
}

pub(crate) fn engine() -> Engine {
    Engine::new(Guardrails::none(), ExitOwnership::new(OWNER).unwrap())
}

pub(crate) fn entry(symbol: &str) -> Intent<'_> {
    IntentBuilder::new(symbol)
        .with_side(Side::Buy)
        .with_source("momentum")
        .with_id("i-1")
        .with_notional_usd(250.0)
        .build()
}

pub(crate) fn exit(symbol: &str) -> Intent<'_> {
    IntentBuilder::new(symbol)
        .with_close()
        .with_source(OWNER)
        .build()
}

/// Returns an arm with the salt `canary-7` that ends a week after [`now`].
pub(crate) fn arm(role: Role, hash: PolicyHash, share: u64) -> Arm {
    let (salt, until) = (Salt::new("canary-7").unwrap(), at(NOW_SEC + 604_800));
    Arm::new(role, hash, bps(share), salt, until).unwrap()
}

/// Returns a set with these arms, which are not checked against a universe.
pub(crate) fn set(live: PolicyHash, arms: &[Arm], kill: bool) -> PolicySet {
    let arms: Vec<Json> = arms.iter().map(arm_json).collect();
    let set = json!({"format": 1, "seq": 1, "live": live, "arms": arms, "kill": kill});
    PolicySet::from_json(&set.to_string()).unwrap()
}

fn arm_json(arm: &Arm) -> Json {
    let key: &str = arm.key().into();
    let mut text = json!({
        "hash": arm.hash(),
        "role": if arm.is_shadow() { "shadow" } else { "canary" },
        "bps": arm.bps().get(),
        "key": key,
        "salt": arm.salt().as_str(),
        "until": arm.until().to_string(),
    });
    for (name, value) in [
        ("source", json!(arm.source())),
        ("symbol", json!(arm.symbol())),
    ] {
        if !value.is_null() {
            text["match"][name] = value;
        }
    }
    text
}

/// Policies, some of which are loaded by their hashes.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) policies: Vec<(PolicyHash, Result<Policy, PolicyUnavailable>)>,
}

impl World {
    pub(crate) fn new(policies: impl IntoIterator<Item = Policy>) -> Self {
        let policies = policies.into_iter().map(|it| (it.hash(), Ok(it)));
        Self {
            engine: engine(),
            policies: policies.collect(),
        }
    }

    pub(crate) fn rollout<'a>(&'a self, set: &'a PolicySet) -> Rollout<'a> {
        Rollout::new(set, |hash| {
            let found = self.policies.iter().find(|(it, _)| *it == hash);
            found.map(|(_, policy)| PolicyState::from(policy))
        })
    }

    pub(crate) fn question<'a>(
        &'a self,
        intent: &'a Intent<'a>,
        open: Option<OpenPosition>,
        now: Timestamp,
    ) -> Question<'a> {
        Question {
            engine: &self.engine,
            intent,
            open,
            now,
        }
    }
}

/// Returns an open position.
pub(crate) fn open(opened_under: Option<PolicyHash>, leverage: Option<f64>) -> OpenPosition {
    OpenPosition {
        opened_under,
        leverage: leverage.map(|it| Leverage::new(it).unwrap()),
    }
}

/// Returns the answer row as JSON.
pub(crate) fn row(decided: &Decided<'_>) -> String {
    let mut bytes = Vec::new();
    decided.write_json(1, None, &mut bytes);
    String::from_utf8(bytes).unwrap()
}
