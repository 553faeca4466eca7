//! Tests of `policy rollout`, with file stores. Results of arms are tested with a Redis server.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use crate::{
    policy_store::{STORE, published},
    program::{Place, Run},
};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn rollout(place: &Place, arguments: &[&str]) -> Run {
    let common = ["--store", STORE, "--by", "ada"];
    place.run(&[&["policy", "rollout"], arguments, &common].concat())
}

/// Returns the arguments of a start of `second.json` that succeeds, except its share.
fn start_of(until: &str) -> Vec<&str> {
    vec![
        "start",
        "second.json",
        "--role",
        "canary",
        "--salt",
        "canary-7",
        "--until",
        until,
        "--no-guardrails",
        "--yes",
    ]
}

/// Returns the last second of the policy.
fn until(place: &Place) -> String {
    let policy: Value = serde_json::from_str(&place.read("second.json")).unwrap();
    policy["valid_until_epoch"]
        .as_f64()
        .unwrap()
        .floor()
        .to_string()
}

fn start(place: &Place, more: &[&str]) -> Run {
    rollout(place, &[&start_of(&until(place)), more].concat())
}

/// Writes the signing key to `key`.
fn put_key(place: &Place) {
    place.put("key", SECRET);
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(place.path().join("key"), mode).unwrap();
}

fn status(place: &Place) -> Value {
    let run = place.run(&[
        "policy", "rollout", "status", "--store", STORE, "--format", "json",
    ]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn audit(place: &Place) -> Value {
    let run = place.run(&["policy", "audit", "--store", STORE, "--format", "json"]);
    serde_json::from_str(&run.stdout).unwrap()
}

fn hash(place: &Place) -> String {
    let status = status(place);
    status["set"]["arms"][0]["hash"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Checks that a change is refused with a code, and that the refusal is in the audit log.
fn check_refused(place: &Place, step: &str, run: &Run, code: &str) {
    assert_eq!(run.status, 1, "{code}: {}", run.stderr);
    let start = format!("portcullis: nothing was changed: {code}: ");
    assert!(run.stderr.starts_with(&start), "{code}: {}", run.stderr);
    let audit = audit(place);
    assert_eq!(audit["whole"], true);
    let last = audit["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "rollout.refused", "{code}");
    assert_eq!((&last["code"], &last["step"]), (&json!(code), &json!(step)));
    assert!(
        run.stderr.contains(last["detail"].as_str().unwrap()),
        "{code}"
    );
}

#[test]
fn a_canary_is_started_raised_and_promoted() {
    let place = published();
    let none = rollout_status(&place);
    assert!(none.contains("set   none: no arm was started"), "{none}");
    let started = start(&place, &["--bps", "2500"]);
    assert_eq!((started.status, &*started.stderr), (0, ""));
    for line in [
        "canary of 2500 bps, salt `canary-7`, until ",
        "  SOLUSDT              bucket 1947\n",
        "  DOTUSDT              bucket 2359\n",
        "~ leverage_by_symbol.BTCUSDT  8 → 5\n",
        "set sequence 1\n",
    ] {
        assert!(started.stdout.contains(line), "{}", started.stdout);
    }
    let arm = hash(&place);
    let (short, _) = arm.split_at(8);
    let shown = status(&place);
    let shown = &shown["set"]["arms"][0];
    assert_eq!(shown["symbols"], json!(["SOLUSDT", "DOTUSDT"]));
    assert_eq!(
        (&shown["role"], &shown["bps"]),
        (&json!("canary"), &json!(2500))
    );
    let text = rollout_status(&place);
    assert!(text.contains("  symbols: SOLUSDT DOTUSDT\n"), "{text}");
    assert!(
        text.contains("set   sequence 1, kill switch off, not signed\n"),
        "{text}"
    );

    let conditions = ["--min-sec", "0", "--min-closed-trades", "0"];
    let raise = |bps: &str| {
        let raise = ["raise", short, "--bps", bps];
        rollout(&place, &[&raise[..], &conditions].concat())
    };
    assert_eq!(raise("5000").status, 0);
    let promote = [
        "promote",
        &arm,
        "--valid-for",
        "1h",
        "--no-guardrails",
        "--yes",
    ];
    check_refused(
        &place,
        "promote",
        &rollout(&place, &promote),
        "ROLLOUT_NOT_FULL",
    );
    check_refused(&place, "raise", &raise("4000"), "ROLLOUT_NOT_HIGHER");
    assert_eq!(raise("10000").status, 0);
    let promoted = rollout(&place, &promote);
    assert_eq!((promoted.status, &*promoted.stderr), (0, ""));
    assert!(
        promoted.stdout.contains("promoted: version 1.0.1 hash "),
        "{}",
        promoted.stdout
    );
    assert_eq!(status(&place)["live"]["policy_version"], "1.0.1");

    let history = place.run(&["policy", "history", "--store", STORE]).stdout;
    let promotion = format!("promotion of arm {}", short);
    assert!(history.contains(&promotion), "{history}");
    let log = place.run(&["policy", "audit", "--store", STORE]).stdout;
    for line in [
        format!("rollout.started      {}  by ada  2500 bps  set 1\n", short),
        format!("rollout.raised       {}  by ada  5000 bps  set 2\n", short),
        format!(
            "rollout.refused      {}  by ada  raise  ROLLOUT_NOT_HIGHER\n",
            short
        ),
    ] {
        assert!(log.contains(&line), "{line}\n{log}");
    }
    let promoted = format!("by ada  arm {}  set 5\n", short);
    assert!(log.contains(&promoted), "{log}");
}

fn rollout_status(place: &Place) -> String {
    let run = place.run(&["policy", "rollout", "status", "--store", STORE]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    run.stdout
}

#[test]
fn invalid_arms_are_refused_and_recorded() {
    let place = published();
    place.put("narrow.json", r#"{"max_leverage": 4}"#);
    place.put("broken.json", r#"{"policy_version": ""}"#);
    place.put(
        "schedule.json",
        r#"{"format": 1, "steps": [], "conditions": {}, "deadline": "2030-01-01T00:00:00Z"}"#,
    );
    let end = until(&place);
    let start = |changes: &[(&str, &str)], more: &[&str]| {
        let mut arguments = start_of(&end);
        for (from, to) in changes {
            let place = arguments.iter().position(|it| it == from).unwrap();
            arguments[place] = to;
        }
        rollout(&place, &[&arguments, more].concat())
    };
    let long = "s".repeat(65);
    let share = ["--bps", "5000"];
    for (changes, more, code) in [
        (&[][..], &["--bps", "10001"][..], "ROLLOUT_INVALID_ARM"),
        (
            &[],
            &["--bps", "5000", "--key", "source"],
            "ROLLOUT_INVALID_ARM",
        ),
        (
            &[],
            &["--bps", "5000", "--match-source", ""],
            "ROLLOUT_INVALID_ARM",
        ),
        (&[("canary-7", "")], &share, "ROLLOUT_INVALID_ARM"),
        (&[("canary-7", &*long)], &share, "ROLLOUT_INVALID_ARM"),
        (
            &[(&*end, "2099-01-01T00:00:00Z")],
            &share,
            "ROLLOUT_INVALID_ARM",
        ),
        (
            &[(&*end, "2200-01-01T00:00:00Z")],
            &share,
            "ROLLOUT_INVALID_ARM",
        ),
        (
            &[(&*end, "2020-01-01T00:00:00Z")],
            &share,
            "ROLLOUT_EXPIRED",
        ),
        (
            &[],
            &["--schedule", "schedule.json"],
            "ROLLOUT_INVALID_SCHEDULE",
        ),
        (
            &[("second.json", "broken.json")],
            &share,
            "ROLLOUT_INVALID_POLICY",
        ),
        (&[], &["--bps", "0"], "ROLLOUT_NO_SYMBOL"),
        (
            &[],
            &["--bps", "5000", "--match-symbol", "XRPUSDT"],
            "ROLLOUT_NO_SYMBOL",
        ),
    ] {
        check_refused(&place, "start", &start(changes, more), code);
    }
    let lowest = start(&[], &["--bps", "100"]);
    check_refused(&place, "start", &lowest, "ROLLOUT_NO_SYMBOL");
    assert!(
        lowest.stderr.contains("the lowest bucket is "),
        "{}",
        lowest.stderr
    );
    let mut narrow = start_of(&end);
    narrow.retain(|it| *it != "--no-guardrails");
    narrow.extend(["--guardrails", "narrow.json", "--bps", "5000"]);
    check_refused(
        &place,
        "start",
        &rollout(&place, &narrow),
        "POLICY_CONSTRAINT_VIOLATION",
    );
    assert_eq!(status(&place)["set"], Value::Null);
}

#[test]
fn changes_of_an_unknown_arm_or_set_are_refused_and_recorded() {
    let place = published();
    check_refused(
        &place,
        "kill",
        &rollout(&place, &["kill"]),
        "ROLLOUT_NO_SET",
    );
    assert_eq!(start(&place, &["--bps", "5000"]).status, 0);
    let mut again = start_of("");
    let end = until(&place);
    (again[3], again[7]) = ("shadow", &end);
    let again = rollout(&place, &[&again[..], &["--bps", "5000"]].concat());
    check_refused(&place, "start", &again, "ROLLOUT_INVALID_SET");
    let unknown = rollout(&place, &["abort", &"0".repeat(64)]);
    check_refused(&place, "abort", &unknown, "ROLLOUT_UNKNOWN_ARM");
    let arm = hash(&place);
    let raise = ["raise", &arm, "--bps", "6000"];
    check_refused(
        &place,
        "raise",
        &rollout(&place, &raise),
        "ROLLOUT_NO_CONDITIONS",
    );
    let early = [
        &raise[..],
        &["--min-sec", "3600", "--min-closed-trades", "0"],
    ]
    .concat();
    check_refused(
        &place,
        "raise",
        &rollout(&place, &early),
        "ROLLOUT_TOO_EARLY",
    );
    let wide = [
        "raise",
        &arm,
        "--bps",
        "10001",
        "--min-sec",
        "0",
        "--min-closed-trades",
        "0",
    ];
    check_refused(
        &place,
        "raise",
        &rollout(&place, &wide),
        "ROLLOUT_INVALID_ARM",
    );
    check_refused(
        &place,
        "unkill",
        &rollout(&place, &["unkill"]),
        "ROLLOUT_NOT_KILLED",
    );
    assert_eq!(rollout(&place, &["kill"]).status, 0);
    assert_eq!(status(&place)["set"]["kill"], true);
    let killed = [
        "raise",
        &arm,
        "--bps",
        "6000",
        "--min-sec",
        "0",
        "--min-closed-trades",
        "0",
    ];
    check_refused(&place, "raise", &rollout(&place, &killed), "ROLLOUT_KILLED");
    assert_eq!(rollout(&place, &["unkill"]).status, 0);
    assert_eq!(rollout(&place, &["abort", &arm]).status, 0);
    assert_eq!(status(&place)["set"]["arms"], json!([]));
}

#[test]
fn wrong_arguments_are_usage_errors() {
    let place = published();
    place.put("schedule.json", "{}");
    for (more, message) in [
        (&[][..], "--bps <N>"),
        (
            &["--bps", "5000", "--schedule", "schedule.json"],
            "cannot be used with",
        ),
        (&["--bps", "many"], "invalid value"),
        (&["--bps", "5000", "--role", "live"], "--role"),
    ] {
        let run = start(&place, more);
        assert_eq!(run.status, 2, "{}", run.stderr);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
    let short = rollout(&place, &["abort", "8d0f5f7"]);
    assert_eq!(short.status, 2);
    assert!(
        short.stderr.contains("at least its first 8"),
        "{}",
        short.stderr
    );
    let half = rollout(
        &place,
        &["raise", "8d0f5f7f", "--bps", "1", "--min-sec", "0"],
    );
    assert_eq!(half.status, 2);
    let mut asked = start_of("2099-01-01T00:00:00Z");
    asked.retain(|it| *it != "--yes");
    let end = until(&place);
    asked[7] = &end;
    let asked = rollout(&place, &[&asked[..], &["--bps", "5000"]].concat());
    assert_eq!(asked.status, 2, "{}", asked.stderr);
    assert!(asked.stderr.contains("`--yes`"), "{}", asked.stderr);
    assert_eq!(audit(&place)["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn a_set_that_is_not_valid_is_refused_and_replaced_by_a_start() {
    let place = published();
    assert_eq!(start(&place, &["--bps", "5000"]).status, 0);
    let stored = place.read("store.set.json");
    let arm = hash(&place);
    let unknown = "0".repeat(64);
    for (from, to) in [
        (&*stored, "{}"),
        ("\"bps\":5000", "\"bps\":10001"),
        ("\"key\":\"symbol\"", "\"key\":\"source\""),
        (
            &*format!("\"hash\":\"{arm}\""),
            &*format!("\"hash\":\"{unknown}\""),
        ),
    ] {
        assert!(stored.contains(from), "{from}");
        place.put("store.set.json", stored.replacen(from, to, 1));
        let killed = rollout(&place, &["kill"]);
        check_refused(&place, "kill", &killed, "ROLLOUT_SET_REJECTED");
        let run = place.run(&["policy", "rollout", "status", "--store", STORE]);
        assert_eq!(run.status, 1, "{to}");
        assert!(
            run.stderr.contains("ROLLOUT_SET_REJECTED: "),
            "{}",
            run.stderr
        );
    }
    let started = start(&place, &["--bps", "5000"]);
    assert_eq!(started.status, 0, "{}", started.stderr);
    let note = "note: the stored policy set is not valid";
    assert!(started.stderr.contains(note), "{}", started.stderr);
    assert_eq!(status(&place)["set"]["seq"], 2);
}

#[test]
fn an_arm_with_a_schedule_begins_with_its_first_step() {
    let place = published();
    let schedule = json!({
        "format": 1,
        "steps": [
            {"bps": 2500, "min_sec": 3600, "min_closed_trades": 20},
            {"bps": 10000, "min_sec": 3600, "min_closed_trades": 50},
        ],
        "conditions": {},
        "deadline": "2090-01-01T00:00:00Z",
    });
    place.put("schedule.json", schedule.to_string());
    let started = start(&place, &["--schedule", "schedule.json"]);
    assert_eq!(started.status, 0, "{}", started.stderr);
    let shown = status(&place);
    let arm = &shown["set"]["arms"][0];
    assert_eq!(
        (&arm["bps"], &arm["step"], &arm["steps"]),
        (&json!(2500), &json!(1), &json!(2))
    );
    assert_eq!(arm["next"]["code"], "ROLLOUT_TOO_EARLY");
    assert_eq!(arm["next"]["action"], "wait");
    let text = rollout_status(&place);
    assert!(text.contains("  next: wait: ROLLOUT_TOO_EARLY: "), "{text}");
    assert!(text.contains("1 of 2\n"), "{text}");
    // The conditions are those of the step.
    let raise = rollout(&place, &["raise", &hash(&place), "--bps", "10000"]);
    check_refused(&place, "raise", &raise, "ROLLOUT_TOO_EARLY");
}

#[test]
fn a_signed_set_is_only_loosened_with_a_key() {
    let place = published();
    put_key(&place);
    assert_eq!(
        start(&place, &["--bps", "5000", "--signing-key", "key"]).status,
        0
    );
    assert_eq!(status(&place)["set"]["signed"], true);
    let arm = hash(&place);
    let raise = [
        "raise",
        &arm,
        "--bps",
        "6000",
        "--min-sec",
        "0",
        "--min-closed-trades",
        "0",
    ];
    check_refused(
        &place,
        "raise",
        &rollout(&place, &raise),
        "ROLLOUT_NO_SIGNER",
    );
    let signed = [&raise[..], &["--signing-key", "key"]].concat();
    assert_eq!(rollout(&place, &signed).status, 0);
    let killed = rollout(&place, &["kill"]);
    assert_eq!(killed.status, 0);
    assert!(
        killed.stderr.contains("not signed any more"),
        "{}",
        killed.stderr
    );
    assert_eq!(status(&place)["set"]["signed"], false);
}

#[test]
fn the_status_reports_another_live_policy_and_a_missing_signature() {
    let place = published();
    put_key(&place);
    let key = [
        "policy",
        "publish",
        "first.json",
        "--store",
        STORE,
        "--no-guardrails",
        "--by",
        "ada",
        "--yes",
        "--signing-key",
        "key",
    ];
    let published = place.run(&key).stdout;
    let public = published.split("public key ").nth(1).unwrap().trim();
    place.put("key.pub", public);
    assert_eq!(start(&place, &["--bps", "5000"]).status, 0);
    let trusted = [
        "policy",
        "rollout",
        "status",
        "--store",
        STORE,
        "--trusted-key",
        "key.pub",
    ];
    let run = place.run(&trusted);
    assert!(
        run.stdout
            .contains("note: no trusted key signed the policy set"),
        "{}",
        run.stdout
    );
    // A program that does not know policy sets replaces the policy.
    place.put("store", place.read("second.json"));
    let text = rollout_status(&place);
    assert!(
        text.contains("note: the set names the live policy "),
        "{text}"
    );
}
