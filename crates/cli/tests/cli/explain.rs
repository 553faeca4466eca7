//! Tests of `explain`, which reports why a record got its answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::{Place, check_snapshot};
use crate::records::{
    entry, example_guardrails, exit, generated, lines, policy, policy_until, position, text,
    updated, withdrawn,
};

#[test]
fn each_kind_of_answer_is_explained() {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    let mut asked = entry(1);
    asked["leverage"] = 20.into();
    let mut foreign = entry(2);
    foreign["symbol"] = "XRPUSDT".into();
    let mut halved = position(4);
    halved["harvested"] = "PARTIAL_50".into();
    let mut bare = position(5);
    bare.as_object_mut().unwrap().remove("market");
    place.put(
        "tape.jsonl",
        lines(&[
            asked,
            foreign,
            exit(3),
            halved,
            bare,
            updated(6, &policy("two")),
            updated(7, &policy_until("three", 253_402_300_800)),
            withdrawn(8),
            entry(9),
            json!({"event_type": "order.filled"}),
        ]),
    );
    for (n, name) in [
        ("1", "trade"),
        ("2", "skip"),
        ("3", "exit"),
        ("4", "harvest"),
        ("5", "harvest_without_market"),
        ("6", "policy"),
        ("7", "policy_refused"),
        ("8", "policy_withdrawn"),
        ("9", "skip_without_policy"),
        ("10", "unreadable"),
    ] {
        let arguments = ["explain", "tape.jsonl", "--policy", "policy.json", "--n", n];
        check_snapshot(&format!("explain_{name}_text"), &place.run(&arguments));
        let json = place.run(&[&arguments[..], &["--format", "json"]].concat());
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(json["n"].to_string(), n);
        assert!(
            json["id"].is_string() && json.get("symbol").is_some(),
            "{json}"
        );
        if name.len() <= "harvest".len() {
            let json = [&arguments[..], &["--format", "json"]].concat();
            check_snapshot(&format!("explain_{name}_json"), &place.run(&json));
        }
    }
}

/// Explains the first record of every kind of answer.
#[test]
fn explain_agrees_with_replay() {
    let place = Place::new();
    place.put("tape", generated(2048, 1));
    let guardrails = example_guardrails();
    let operator = ["tape", "--guardrails", guardrails.to_str().unwrap()];
    let mut seen = BTreeSet::new();
    for answer in place.answers(&operator) {
        let event = text(&answer, "event").to_owned();
        let kind = ["decision", "reason", "harvest_action"].map(|field| text(&answer, field));
        if !seen.insert((event, kind.map(str::to_owned))) {
            continue;
        }
        let n = answer["n"].to_string();
        let arguments = [&["explain", "--n", &n], &operator[..]].concat();
        let run = place.run(&[&arguments[..], &["--format", "json"]].concat());
        assert_eq!((run.status, &*run.stderr), (0, ""), "record {n}");
        let explained: Value = serde_json::from_str(&run.stdout).unwrap();
        for field in ["decision", "reason", "harvest_action"] {
            let reported = explained.get(field).filter(|value| !value.is_null());
            assert_eq!(reported, answer.get(field), "`{field}` of record {n}");
        }
        let first = place.run(&arguments).stdout;
        if let Some(detail) = answer.get("detail") {
            let detail = detail.as_str().unwrap();
            let line = first.lines().next().unwrap();
            match text(&answer, "reason") {
                "" => assert!(line.ends_with(&format!("; {detail}")), "{line}"),
                reason => assert_eq!(line, format!("SKIP {reason}: {detail}")),
            }
        } else {
            assert!(first.starts_with(text(&answer, "decision")), "{first}");
        }
    }
    assert!(seen.len() > 30, "{}", seen.len());
}
