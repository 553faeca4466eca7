//! Tests of the updater with features on a Redis server.

use std::fs;

use crate::process::{Bridge, Redis, Server, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");
const TEMPLATES: &str = include_str!("../../../../examples/templates.toml");
const GATE: &str = include_str!("../../../../examples/gate.toml");

/// Runs the updater once with a source of features. Returns its log.
fn update(server: &Server, source: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let short = TEMPLATES.replace("returns = 96", "returns = 4");
    fs::write(folder.path().join("templates.toml"), short).unwrap();
    let gate = GATE.split("[simulation]").next().unwrap();
    fs::write(folder.path().join("gate.toml"), gate).unwrap();
    let output = std::process::Command::new(PROGRAM)
        .args([
            "updater",
            "--once",
            "--templates",
            "templates.toml",
            "--gate",
            "gate.toml",
        ])
        .args([
            "--every",
            "300",
            "--no-guardrails",
            "--store",
            &server.url(),
        ])
        .args(source)
        .current_dir(folder.path())
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// Returns the time of the server in seconds, at an offset.
fn seconds(redis: &mut Redis, offset: i64) -> i64 {
    let (seconds, _): (i64, i64) = redis::cmd("TIME").query(&mut redis.0).unwrap();
    seconds + offset
}

#[test]
fn a_policy_follows_market_states() {
    let server = Server::start();
    let mut redis = server.connect();
    let nothing = update(&server, &["--market-states"]);
    assert!(
        nothing.starts_with("UPDATE_FAILED no features: "),
        "{nothing}"
    );
    let mut state = |symbol: &str, at: i64, spread: &str| {
        let (key, at) = (format!("quantum:marketstate:{symbol}"), at.to_string());
        redis.run(&[
            "HSET",
            &key,
            "sigma",
            "0.02",
            "ts",
            "0.4",
            "p_chop",
            "0.5",
            "volume",
            "9e7",
            "ts_timestamp",
            &at,
        ]);
        if !spread.is_empty() {
            redis.run(&["HSET", &key, "spread", spread]);
        }
    };
    let now = seconds(&mut server.connect(), 0);
    state("BTCUSDT", now, "0.0001");
    state("ETHUSDT", now, "");
    state("SOLUSDT", now - 1000, "0.0001");
    let published = update(&server, &["--market-states"]);
    assert!(
        published.starts_with("POLICY_PUBLISHED first "),
        "{published}"
    );
    let universe = redis.run(&["HGET", "quantum:policy:current", "universe_symbols"]);
    assert_eq!(
        universe,
        redis::Value::BulkString(br#"["BTCUSDT"]"#.to_vec())
    );
    redis.run(&["SET", "quantum:policy:updater:lease", "another"]);
    let standby = update(&server, &["--market-states"]);
    assert!(standby.starts_with("UPDATER_STANDBY "), "{standby}");
    redis.run(&["DEL", "quantum:policy:updater:lease"]);
    let unchanged = update(&server, &["--market-states"]);
    assert!(unchanged.starts_with("POLICY_UNCHANGED"), "{unchanged}");
}

#[test]
fn a_policy_follows_candle_streams() {
    let server = Server::start();
    let mut redis = server.connect();
    let start = seconds(&mut redis, -8 * 60);
    for n in 0..8 {
        let open = (start + n * 60) * 1000;
        let price = if n % 2 == 0 { "100" } else { "101" };
        // Venues state the last millisecond of a candle as its end.
        let (open, close) = (open.to_string(), (open + 59_999).to_string());
        redis.run(&[
            "XADD",
            "klines:BTCUSDT",
            "*",
            "open_time",
            &open,
            "close_time",
            &close,
            "high",
            "101.01",
            "low",
            "99.99",
            "close",
            price,
            "volume",
            "90000",
        ]);
    }
    let templates = update(&server, &["--candle-streams", "klines:"]);
    assert!(templates.contains("spread"), "{templates}");
    let nothing = update(&server, &["--candle-streams", "other:"]);
    assert!(
        nothing.starts_with("UPDATE_FAILED no features: "),
        "{nothing}"
    );
}

#[test]
fn a_service_publishes_until_it_is_stopped_and_ends_its_lease() {
    let server = Server::start();
    let mut redis = server.connect();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("templates.toml"), TEMPLATES).unwrap();
    fs::write(
        folder.path().join("gate.toml"),
        GATE.split("[simulation]").next().unwrap(),
    )
    .unwrap();
    let start = || {
        let mut command = std::process::Command::new(PROGRAM);
        command
            .args([
                "updater",
                "--templates",
                "templates.toml",
                "--gate",
                "gate.toml",
                "--every",
                "1",
            ])
            .args([
                "--no-guardrails",
                "--market-states",
                "--store",
                &server.url(),
            ])
            .current_dir(folder.path());
        Bridge::spawn(command)
    };
    let (leader, other) = (start(), start());
    let at = seconds(&mut redis, 0).to_string();
    let state = [
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
        &at,
    ];
    redis.run(&[&["HSET", "quantum:marketstate:BTCUSDT"], &state[..]].concat());
    eventually("a publication", || {
        redis.length("quantum:policy:history") == 1
    });
    eventually("an unchanged policy and a standby", || {
        let logs = leader.log() + &other.log();
        logs.contains("POLICY_UNCHANGED") && logs.contains("UPDATER_STANDBY")
    });
    leader.stop();
    other.stop();
    let lease: u64 = redis::cmd("EXISTS")
        .arg("quantum:policy:updater:lease")
        .query(&mut redis.0)
        .unwrap();
    assert_eq!(lease, 0);
}
