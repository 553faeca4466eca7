//! Tests of the publish gate and of single runs of the updater, with file stores.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::program::{Place, Run};

const STORE: &str = "file:store";
const TEMPLATES: &str = include_str!("../../../../examples/templates.toml");
const GATE: &str = "\
format = 1
days = 7
min_reached = 100
max_new_trades = 0.6
notional_ratio = { min = 0.5, max = 3 }
max_leverage_rise = 2
";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// Returns a folder with a store, a gate, templates, and intents of BTCUSDT for each hour of the last eight days.
fn place() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path().join("store")).unwrap();
    place.put("gate.toml", GATE);
    place.put("templates.toml", TEMPLATES);
    let mut tape = String::new();
    for hour in 0..=192 {
        let ts = now() - 8 * 86400 + hour * 3600;
        writeln!(
            tape,
            r#"{{"id":"{hour}","timestamp":{ts},"symbol":"BTCUSDT","side":"BUY","position_usd":100,"leverage":50}}"#
        )
        .unwrap();
    }
    place.put("history.jsonl", tape);
    place
}

fn policy(leverage: u32, limits: &Value) -> String {
    let place = Place::new();
    let sample = place.run(&["policy", "sample"]).stdout;
    let mut policy: Value = serde_json::from_str(&sample).unwrap();
    policy["leverage_by_symbol"]["BTCUSDT"] = json!(leverage);
    policy["valid_from_epoch"] = json!(now() - 60);
    policy["valid_until_epoch"] = json!(now() + 3600);
    policy["limits"] = limits.clone();
    policy.to_string()
}

fn publish(place: &Place, policy: &str, more: &[&str]) -> Run {
    place.put("draft.json", policy);
    let publish = [
        "policy",
        "publish",
        "draft.json",
        "--store",
        STORE,
        "--no-guardrails",
        "--yes",
    ];
    place.run(&[&publish, more].concat())
}

const THROUGH_GATE: [&str; 4] = ["--gate", "gate.toml", "--history", "history.jsonl"];

fn audited(place: &Place) -> Value {
    let run = place.run(&["policy", "audit", "--store", STORE, "--format", "json"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_gate_judges_and_a_judgement_is_verified() {
    let place = place();
    let limits = json!({"max_notional_usd": 5000});
    let first = publish(&place, &policy(4, &limits), &THROUGH_GATE);
    assert_eq!(first.status, 1);
    assert!(
        first
            .stderr
            .contains("nothing was published: PUBLISH_GATE_NO_ACTIVE_POLICY: "),
        "{}",
        first.stderr
    );
    assert_eq!(publish(&place, &policy(4, &limits), &[]).status, 0);

    let looser = publish(&place, &policy(5, &limits), &THROUGH_GATE);
    assert_eq!((looser.status, &*looser.stderr), (0, ""));
    assert!(
        looser
            .stdout
            .contains("gate: looser, and within all bounds\npublished: "),
        "{}",
        looser.stdout
    );
    let tighter = publish(&place, &policy(3, &limits), &THROUGH_GATE);
    assert!(
        tighter
            .stdout
            .contains("gate: nowhere looser than the policy in the store\n"),
        "{}",
        tighter.stdout
    );

    let refused = publish(&place, &policy(6, &limits), &THROUGH_GATE);
    assert_eq!(refused.status, 1);
    assert!(refused.stderr.contains("nothing was published: PUBLISH_GATE_LEVERAGE: the leverage of BTCUSDT rises by 3.0000x above that of the active policy"), "{}", refused.stderr);
    let mixed = publish(
        &place,
        &policy(6, &json!({"max_notional_usd": 900})),
        &THROUGH_GATE,
    );
    assert_eq!(mixed.status, 1);
    assert!(
        mixed
            .stderr
            .contains("only the tightening part was published: PUBLISH_GATE_LEVERAGE"),
        "{}",
        mixed.stderr
    );
    let shown = place
        .run(&["policy", "show", "--store", STORE, "--format", "json"])
        .stdout;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        shown["fields"]["limits"],
        json!(r#"{"max_notional_usd":900}"#)
    );

    let audit = audited(&place);
    let events: Vec<_> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "policy.publish_refused",
            "policy.published",
            "policy.published",
            "policy.published",
            "policy.publish_refused",
            "policy.publish_refused",
            "policy.published",
        ]
    );
    assert_eq!(audit["entries"][4]["code"], json!("PUBLISH_GATE_LEVERAGE"));

    let verify = [
        "policy",
        "verify-gate",
        "--seq",
        "2",
        "--store",
        STORE,
        "--no-guardrails",
    ];
    let verified = place.run(&[&verify[..], &THROUGH_GATE].concat());
    assert_eq!(
        (verified.status, &*verified.stdout, &*verified.stderr),
        (0, "the judgement of the sequence 2 is confirmed\n", "")
    );
    let tape = place.read("history.jsonl");
    place.put(
        "history.jsonl",
        tape.replace(r#""id":"100""#, r#""id":"x""#),
    );
    let differs = place.run(&[&verify[..], &THROUGH_GATE].concat());
    assert_eq!(differs.status, 1);
    assert!(
        differs.stdout.starts_with("tape_blake3: stored "),
        "{}",
        differs.stdout
    );
    let without = place.run(
        &[
            &["policy", "verify-gate", "--seq", "1"],
            &verify[4..],
            &THROUGH_GATE,
        ]
        .concat(),
    );
    assert_eq!(
        (without.status, &*without.stderr),
        (
            2,
            "portcullis: the publication with the sequence 1 was made without a judgement; choose one that was made with `--gate` or by `portcullis updater`, but not the first one\n"
        )
    );
}

#[test]
fn wrong_inputs_of_the_gate_are_errors() {
    let place = place();
    assert_eq!(publish(&place, &policy(4, &json!({})), &[]).status, 0);
    let looser = policy(5, &json!({}));
    let check = |more: &[&str], status: i32, message: &str| {
        let run = publish(&place, &looser, more);
        assert_eq!(run.status, status, "{}", run.stderr);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    };
    check(&["--gate", "gate.toml"], 2, "--history");
    check(
        &["--gate", "absent.toml", "--history", "history.jsonl"],
        2,
        "absent.toml",
    );
    place.put("typo.toml", GATE.replace("days", "day"));
    check(
        &["--gate", "typo.toml", "--history", "history.jsonl"],
        2,
        "unknown field `day`",
    );
    place.put("empty.jsonl", "");
    check(
        &["--gate", "gate.toml", "--history", "empty.jsonl"],
        1,
        "PUBLISH_GATE_TOO_LITTLE_HISTORY",
    );
    place.put(
        "simulated.toml",
        include_str!("../../../../examples/gate.toml"),
    );
    check(
        &["--gate", "simulated.toml", "--history", "history.jsonl"],
        2,
        "needs candles; add `--candles`",
    );
    check(
        &["--gate", "gate.toml", "--history", "absent.jsonl"],
        2,
        "absent.jsonl",
    );
}

fn features(place: &Place, age_sec: u64, sigma: f64) {
    let at = jiff::Timestamp::from_second(i64::try_from(now() - age_sec).unwrap()).unwrap();
    let of_symbol =
        json!({"sigma": sigma, "ts": 0.4, "p_chop": 0.5, "spread": 0.0001, "volume": 9e7});
    let features = json!({"window_end": at.to_string(), "symbols": {"BTCUSDT": of_symbol}});
    place.put("features.json", features.to_string());
}

fn update(place: &Place, more: &[&str]) -> Run {
    let update = [
        "updater",
        "--once",
        "--store",
        STORE,
        "--templates",
        "templates.toml",
        "--gate",
        "gate.toml",
        "--features",
        "features.json",
        "--history",
        "history.jsonl",
        "--no-guardrails",
        "--every",
    ];
    place.run(&[&update, more].concat())
}

#[test]
fn an_updater_publishes_and_its_policy_is_explained() {
    let place = place();
    features(&place, 10, 0.02);
    let first = update(&place, &["300"]);
    assert_eq!(first.status, 0, "{}", first.stderr);
    assert!(
        first
            .stderr
            .starts_with("POLICY_PUBLISHED first version forge-"),
        "{}",
        first.stderr
    );
    let again = update(&place, &["300"]);
    assert_eq!((again.status, &*again.stderr), (0, "POLICY_UNCHANGED\n"));
    let explained = place.run(&["policy", "explain", "--seq", "1", "--store", STORE]);
    assert!(explained.stdout.contains("\nBTCUSDT 2x: volatility 0.02 against target 0.2; was not in the universe; regime range since "), "{}", explained.stdout);
    let json = place.run(&[
        "policy", "explain", "--seq", "1", "--store", STORE, "--format", "json",
    ]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["format"], json!(1));

    features(&place, 0, 0.05);
    let tighter = update(&place, &["300"]);
    assert!(
        tighter.stderr.starts_with("POLICY_PUBLISHED tightening "),
        "{}",
        tighter.stderr
    );
    features(&place, 1000, 0.02);
    let old = update(&place, &["300"]);
    assert_eq!(old.status, 1);
    assert!(
        old.stderr.contains("UPDATE_FAILED no draft: "),
        "{}",
        old.stderr
    );
}

#[test]
fn an_updater_does_not_start_with_settings_that_do_not_fit() {
    let place = place();
    features(&place, 0, 0.02);
    let check = |more: &[&str], message: &str| {
        let run = update(&place, more);
        assert_eq!(run.status, 2, "{}", run.stderr);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    };
    check(
        &["10m"],
        "the shortest `validity_sec` of the templates is 900, but must be at least 1800",
    );
    check(&["0"], "must be from 1s to 24h");
    check(&["300", "--candles", "BTCUSDT.csv"], "cannot be used with");
    check(&["300", "--jitter", "200"], "must be at least 1500");
    place.put(
        "templates.toml",
        TEMPLATES.replace("harvest_grace_sec = 7200", "harvest_grace_sec = 0"),
    );
    check(&["300"], "`harvest_grace_sec` of the templates is 0");
    place.put("templates.toml", TEMPLATES.replace("min_volume", "min_vol"));
    check(&["300"], "unknown field `min_vol`");
}

#[test]
fn a_publication_by_hand_has_no_derivation() {
    let place = place();
    publish(&place, &policy(4, &json!({})), &[]);
    let run = place.run(&["policy", "explain", "--seq", "1", "--store", STORE]);
    assert_eq!(run.status, 1);
    assert!(
        run.stderr
            .contains("the publication with the sequence 1 has no derivation"),
        "{}",
        run.stderr
    );
    let absent = place.run(&["policy", "explain", "--seq", "7", "--store", STORE]);
    assert!(
        absent
            .stderr
            .contains("the history has no publication with the sequence 7"),
        "{}",
        absent.stderr
    );
}

/// A process that is killed at any time leaves the old or the new policy, and an audit log without a fault.
#[test]
fn a_killed_updater_leaves_a_whole_store() {
    let place = place();
    features(&place, 100, 0.02);
    assert_eq!(update(&place, &["300"]).status, 0);
    let mut published = 0;
    for n in 0..24_u64 {
        // Each run has features of another window, and publishes unless it is killed first.
        let sigma = if n % 2 == 0 { 0.05 } else { 0.1 };
        features(&place, 90 - n, sigma);
        let mut command = place.command(&[
            "updater",
            "--once",
            "--store",
            STORE,
            "--templates",
            "templates.toml",
            "--gate",
            "gate.toml",
            "--features",
            "features.json",
            "--no-guardrails",
            "--every",
            "300",
        ]);
        let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(n * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        let shown = place.run(&["policy", "check", "--store", STORE]);
        assert_eq!(shown.status, 0, "{}", shown.stderr);
        published = audited(&place)["entries"].as_array().unwrap().len();
    }
    assert!(published > 0);
}
