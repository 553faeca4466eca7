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
