//! Tests of `policy rollout` with the results of an arm on a Redis server.

use std::{fs, process::Output};

use serde_json::{Value, json};

use crate::process::Server;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// A Redis server, and a folder with a policy.
struct Place {
    server: Server,
    folder: tempfile::TempDir,
}

impl Place {
    /// Publishes the sample policy, and starts a canary with half of the symbols.
    fn new() -> Self {
        let place = Self {
            server: Server::start(),
            folder: tempfile::tempdir().unwrap(),
        };
        let sample = place.run(&["policy", "sample", "--valid-for", "2h"]);
        let text = String::from_utf8(sample.stdout).unwrap();
        fs::write(place.folder.path().join("live.json"), &text).unwrap();
        let canary = text.replace("\"BTCUSDT\": 8", "\"BTCUSDT\": 5");
        fs::write(place.folder.path().join("canary.json"), &canary).unwrap();
        let canary: Value = serde_json::from_str(&canary).unwrap();
        let until = canary["valid_until_epoch"].as_f64().unwrap().floor();
        let store = place.server.url();
        let common = ["--store", &store, "--no-guardrails", "--yes"];
        let publish = ["policy", "publish", "live.json"];
        assert!(
            place
                .run(&[&publish[..], &common].concat())
                .status
                .success()
        );
        let until = until.to_string();
        let start = [
            "policy",
            "rollout",
            "start",
            "canary.json",
            "--role",
            "canary",
            "--bps",
            "2500",
            "--salt",
            "canary-7",
            "--until",
            &until,
        ];
        let started = place.run(&[&start[..], &common].concat());
        assert!(started.status.success(), "{started:?}");
        place
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = std::process::Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path());
        command.output().unwrap()
    }

    /// Returns the first arm.
    fn arm(&self) -> Value {
        let store = self.server.url();
        let status = [
            "policy", "rollout", "status", "--store", &store, "--format", "json",
        ];
        let status: Value = serde_json::from_slice(&self.run(&status).stdout).unwrap();
        status["set"]["arms"][0].clone()
    }

    /// Raises the arm, with a required number of closed trades. Returns the exit status and standard error.
    fn raise(&self, arm: &str, bps: &str, required: &str) -> (Option<i32>, String) {
        let store = self.server.url();
        let run = self.run(&[
            "policy",
            "rollout",
            "raise",
            arm,
            "--bps",
            bps,
            "--min-sec",
            "0",
            "--min-closed-trades",
            required,
            "--store",
            &store,
        ]);
        (run.status.code(), String::from_utf8(run.stderr).unwrap())
    }
}

#[test]
fn a_raise_needs_closed_trades_and_the_status_shows_the_results() {
    let place = Place::new();
    let mut redis = place.server.connect();
    let arm = place.arm()["hash"].as_str().unwrap().to_owned();
    let key = format!("quantum:policy:arm:{arm}");
    redis.run(&[
        "HSET",
        &key,
        "closed_trades",
        "3",
        "compared",
        "10",
        "agreed",
        "9",
        "drawdown",
        "0.01",
    ]);
    let shown = place.arm();
    for (field, value) in [
        ("closed_trades", json!(3)),
        ("compared", json!(10)),
        ("agreed", json!(9)),
        ("drawdown", json!(0.01)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    let (status, error) = place.raise(&arm, "5000", "4");
    assert_eq!(status, Some(1), "{error}");
    let expected =
        "portcullis: nothing was changed: ROLLOUT_TOO_FEW_TRADES: 3 trades of the arm were closed";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(place.raise(&arm, "5000", "3"), (Some(0), String::new()));
    // Each share counts its own trades.
    assert_eq!(place.arm()["closed_trades"], 0);
    redis.run(&["HSET", &key, "closed_trades", "5"]);
    assert_eq!(place.raise(&arm, "10000", "3").0, Some(1));
    assert_eq!(place.raise(&arm, "10000", "2"), (Some(0), String::new()));
    redis.run(&["HSET", &key, "drawdown", "unknown"]);
    assert_eq!(place.arm()["drawdown"], Value::Null);
}

/// Runs the updater once. Returns its log.
fn update(place: &Place) -> String {
    let run = place.run(&[
        "updater",
        "--once",
        "--templates",
        "templates.toml",
        "--gate",
        "gate.toml",
        "--every",
        "300",
        "--no-guardrails",
        "--store",
        &place.server.url(),
        "--market-states",
        "--by",
        "updater",
    ]);
    assert!(run.status.success(), "{run:?}");
    String::from_utf8(run.stderr).unwrap()
}

#[test]
fn the_updater_raises_and_promotes_an_arm_by_its_results() {
    let place = Place {
        server: Server::start(),
        folder: tempfile::tempdir().unwrap(),
    };
    let put = |name: &str, text: &str| fs::write(place.folder.path().join(name), text).unwrap();
    put(
        "templates.toml",
        include_str!("../../../../examples/templates.toml"),
    );
    let gate = include_str!("../../../../examples/gate.toml");
    put("gate.toml", gate.split("[simulation]").next().unwrap());
    let mut redis = place.server.connect();
    let (now, _): (i64, i64) = redis::cmd("TIME").query(&mut redis.0).unwrap();
    redis.run(&[
        "HSET",
        "quantum:marketstate:BTCUSDT",
        "sigma",
        "0.02",
        "ts",
        "0.4",
        "p_chop",
        "0.5",
        "volume",
        "9e7",
        "spread",
        "0.0001",
        "ts_timestamp",
        &now.to_string(),
    ]);
    let first = update(&place);
    assert!(first.contains("POLICY_PUBLISHED first "), "{first}");

    let store = place.server.url();
    let shown = place.run(&["policy", "show", "--store", &store, "--format", "json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let mut fields = shown["fields"].clone();
    let policy = fields.as_object_mut().unwrap();
    policy.retain(|name, _| !matches!(name.as_str(), "policy_seq" | "policy_hash"));
    policy["policy_version"] = json!("canary");
    policy["leverage_by_symbol"] = json!("{\"BTCUSDT\":1}");
    policy["valid_until_epoch"] = json!((now + 7200).to_string());
    put("canary.json", &fields.to_string());
    let step = |bps: u64| json!({"bps": bps, "min_sec": 0, "min_closed_trades": 2});
    let schedule = json!({
        "format": 1, "steps": [step(5000), step(10000)], "conditions": {"max_drawdown_bps": 500},
        "deadline": "2090-01-01T00:00:00Z",
    });
    put("schedule.json", &schedule.to_string());
    let until = (now + 3600).to_string();
    let started = place.run(&[
        "policy",
        "rollout",
        "start",
        "canary.json",
        "--role",
        "canary",
        "--schedule",
        "schedule.json",
        "--salt",
        "canary-7",
        "--until",
        &until,
        "--store",
        &store,
        "--no-guardrails",
        "--yes",
    ]);
    assert!(started.status.success(), "{started:?}");
    let arm = place.arm()["hash"].as_str().unwrap().to_owned();
    let key = format!("quantum:policy:arm:{arm}");
    let waits = update(&place);
    assert!(waits.contains(": ROLLOUT_TOO_FEW_TRADES: "), "{waits}");
    redis.run(&["HSET", &key, "closed_trades", "2"]);
    let waits = update(&place);
    assert!(waits.contains(": DRAWDOWN_UNKNOWN: "), "{waits}");
    redis.run(&["HSET", &key, "drawdown", "0.01"]);
    let raised = update(&place);
    assert!(raised.contains("ROLLOUT_RAISED arm "), "{raised}");
    assert_eq!(place.arm()["bps"], 10_000);
    redis.run(&["HSET", &key, "closed_trades", "4"]);
    let promoted = update(&place);
    assert!(promoted.contains("ROLLOUT_PROMOTED arm "), "{promoted}");
    assert_eq!(place.arm(), Value::Null);
    let history = place.run(&["policy", "history", "--store", &store, "--format", "json"]);
    let history: Value = serde_json::from_slice(&history.stdout).unwrap();
    assert_eq!(history[0]["promotion_of"], json!(arm));
    assert_eq!(history[0]["by"], "updater");
}
