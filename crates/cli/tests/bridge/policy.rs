//! Tests of the active policy and of halts.

use std::time::{Duration, Instant as Tick};

use super::process::{Bridge, HALTS, POLICY, Server, eventually};

#[test]
fn deleting_the_key_withdraws_at_once_and_publishing_is_followed_within_a_second() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    redis.intent("before", "BTCUSDT");
    assert_eq!(redis.await_answer("before"), "TRADE");
    for round in 0..3 {
        redis.run(&["DEL", POLICY]);
        let id = format!("without {round}");
        redis.intent(&id, "BTCUSDT");
        assert_eq!(redis.await_answer(&id), "POLICY_MISSING");

        redis.publish(3600);
        let published = Tick::now();
        let loaded = "POLICY_LOADED";
        eventually(loaded, || bridge.log().matches(loaded).count() == round + 2);
        assert!(published.elapsed() < Duration::from_secs(1));
        let id = format!("again {round}");
        redis.intent(&id, "BTCUSDT");
        assert_eq!(redis.await_answer(&id), "TRADE");
    }
    let log = bridge.stop();
    assert!(
        log.contains("SKIP POLICY_MISSING: no policy [POLICY_MISSING_FIELD]\n"),
        "{log}"
    );
}

#[test]
fn an_invalid_update_neither_replaces_nor_extends_the_active_policy() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(2);
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log("POLICY_LOADED");
    redis.publish_with(3600, &[("harvest_params", "{")]);
    bridge.await_log("POLICY_REFUSED: ");
    redis.intent("in force", "BTCUSDT");
    assert_eq!(redis.await_answer("in force"), "TRADE");
    let mut n = 0;
    eventually("the end of the policy", || {
        n += 1;
        let id = format!("{n}");
        redis.intent(&id, "BTCUSDT");
        matches!(
            redis.await_answer(&id).as_str(),
            "POLICY_STALE" | "POLICY_PARSE_ERROR"
        )
    });
    redis.publish(3600);
    eventually("a new policy", || {
        n += 1;
        let id = format!("{n}");
        redis.intent(&id, "BTCUSDT");
        redis.await_answer(&id) == "TRADE"
    });
}

#[test]
fn each_unusable_policy_has_its_skip_reason() {
    let server = Server::start();
    let mut redis = server.connect();
    let _bridge = Bridge::start(&server.url(), &[]);
    redis.intent("none", "BTCUSDT");
    assert_eq!(redis.await_answer("none"), "POLICY_MISSING");
    for (field, value, reason) in [
        ("policy_hash", &*"0".repeat(64), "POLICY_HASH_MISMATCH"),
        ("valid_until_epoch", "1", "POLICY_STALE"),
        ("valid_until_epoch", "-inf", "POLICY_INVALID"),
        ("universe_symbols", "[]", "POLICY_INVALID"),
        ("kill_params", "{}", "POLICY_MISSING_FIELD"),
        ("leverage_by_symbol", "x", "POLICY_PARSE_ERROR"),
    ] {
        redis.run(&["DEL", POLICY]);
        redis.publish_with(3600, &[(field, value)]);
        let mut n = 0;
        eventually(reason, || {
            n += 1;
            let id = format!("{field} {value} {n}");
            redis.intent(&id, "BTCUSDT");
            redis.await_answer(&id) == reason
        });
    }
    // The key has the wrong type.
    redis.run(&["SET", POLICY, "x"]);
    let mut n = 0;
    eventually("a skip", || {
        n += 1;
        let id = format!("text {n}");
        redis.intent(&id, "BTCUSDT");
        redis.await_answer(&id) == "POLICY_PARSE_ERROR"
    });
}

#[test]
fn a_halt_denies_entries_at_once_and_no_exits() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log("POLICY_LOADED");
    for (n, (member, halted, free)) in [
        ("ETHUSDT", "ETHUSDT", Some("BTCUSDT")),
        ("*", "BTCUSDT", None),
    ]
    .into_iter()
    .enumerate()
    {
        redis.run(&["SADD", HALTS, member]);
        let id = format!("halted {n}");
        redis.intent(&id, halted);
        assert_eq!(redis.await_answer(&id), "TRADING_HALTED");
        if let Some(free) = free {
            redis.intent("free", free);
            assert_eq!(redis.await_answer("free"), "TRADE");
        }
        let id = format!("exit {n}");
        redis.exit(&id, halted);
        assert_eq!(redis.await_answer(&id), "EXIT");

        redis.run(&["DEL", HALTS]);
        let mut tries = 0;
        eventually("the end of the halt", || {
            tries += 1;
            let id = format!("resumed {n} {tries}");
            redis.intent(&id, halted);
            redis.await_answer(&id) == "TRADE"
        });
    }
}

#[test]
fn a_policy_outside_the_guardrails_is_logged_once() {
    let server = Server::start();
    let mut redis = server.connect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guardrails.json");
    std::fs::write(&file, r#"{"max_validity_sec": 60}"#).unwrap();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &["--guardrails", file.to_str().unwrap()]);
    for id in ["a", "b"] {
        redis.intent(id, "BTCUSDT");
        assert_eq!(redis.await_answer(id), "POLICY_CONSTRAINT_VIOLATION");
    }
    let log = bridge.stop();
    assert_eq!(log.matches("POLICY_FORBIDDEN: ").count(), 1, "{log}");
}
