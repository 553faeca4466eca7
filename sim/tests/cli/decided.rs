//! Recordings of decisions: judged anew, at the instant and by the policy of then.

use portcullis::policy::Policy;
use serde_json::{Value, json};

use crate::support::{Place, START, entry, exit, lines, policy, policy_until, short, updated};

const REASONS: [&str; 13] = [
    "INTENT_UNREADABLE",
    "TRADING_HALTED",
    "POLICY_MISSING",
    "POLICY_MISSING_FIELD",
    "POLICY_PARSE_ERROR",
    "POLICY_INVALID",
    "POLICY_HASH_MISMATCH",
    "POLICY_SIGNATURE_INVALID",
    "POLICY_ROLLED_BACK",
    "POLICY_CONSTRAINT_VIOLATION",
    "POLICY_STORE_UNAVAILABLE",
    "INTENT_DUPLICATE",
    "INTENT_SUPERSEDED",
];

/// The recording of a decision five seconds after the start.
fn decided(entry: &Value) -> Value {
    let hash = Policy::from_json(&policy("one").to_string())
        .unwrap()
        .hash();
    json!({
        "event_type": "trade.decided", "id": "7-1", "decided_at": (START + 5) * 1000,
        "policy_hash": hash.to_string(), "entry": entry
    })
}

/// The same with other values in some fields; null is absent.
fn with(record: &Value, more: &Value) -> Value {
    let mut record = record.clone();
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn objection(reason: &str) -> Value {
    json!({"objection": {"reason": reason, "detail": "says the service"}})
}

/// The answers in short to some lines, after the policy `one`.
#[track_caller]
fn check_lines(records: &[String], expected: &[&str]) {
    let place = Place::new();
    // Another policy is in force, and nobody asks it.
    let policies = [
        updated(0, &policy("one")),
        updated(1, &policy_until("two", START + 2)),
    ];
    place.put("tape", lines(&policies) + &records.join("\n"));
    for threads in ["1", "4"] {
        let answers = place.answers(&["tape", "--threads", threads]);
        let answers: Vec<String> = answers.iter().skip(2).map(short).collect();
        assert_eq!(answers, expected, "{threads} threads");
    }
}

#[track_caller]
fn check(record: &Value, expected: &str) {
    check_lines(&[record.to_string()], &[expected]);
}

#[test]
fn it_is_judged_at_its_instant_by_its_policy() {
    let (trade, close) = (decided(&entry(0)), decided(&exit(0)));
    check(&trade, "TRADE one");
    check(&close, "EXIT");
    for (more, answer) in [
        (json!({"policy_hash": null}), "SKIP POLICY_MISSING"),
        (
            json!({"policy_hash": "0".repeat(64)}),
            "SKIP POLICY_MISSING",
        ),
        (json!({"policy_hash": "0"}), "SKIP INTENT_INVALID"),
        (
            json!({"decided_at": (START + 3601) * 1000}),
            "SKIP POLICY_STALE",
        ),
        (
            json!({"decided_at": ((START + 5) * 1000).to_string()}),
            "TRADE one",
        ),
        (json!({"decided_at": null}), "SKIP INTENT_INVALID"),
        (json!({"decided_at": "soon"}), "SKIP INTENT_INVALID"),
    ] {
        check(&with(&trade, &more), answer);
        check(&with(&close, &more), "EXIT");
    }
}

#[test]
fn nothing_in_the_entry_is_taken_for_the_service_s_own() {
    for more in [
        json!({"decided_at": (START + 9999) * 1000}),
        json!({"policy_hash": "0".repeat(64)}),
        objection("TRADING_HALTED"),
        json!({"entry": {}, "id": "1-0"}),
    ] {
        check(&decided(&with(&entry(0), &more)), "TRADE one");
        let payload = json!({"payload": with(&entry(0), &more).to_string(), "id": "8-0"});
        check(&decided(&payload), "TRADE one");
    }
}

#[test]
fn an_objection_makes_a_skip_of_an_entry_and_nothing_of_an_exit() {
    for reason in REASONS.into_iter().chain(["CLOCK_UNTRUSTED"]) {
        let objection = objection(reason);
        check(
            &with(&decided(&entry(0)), &objection),
            &format!("SKIP {reason}"),
        );
        check(&with(&decided(&exit(0)), &objection), "EXIT");
    }
    for bad in [
        json!({"reason": "POLICY_STALE", "detail": ""}),
        json!({"reason": "trading_halted", "detail": ""}),
        json!({"reason": "NONE", "detail": ""}),
        json!({"reason": "TRADING_HALTED"}),
        json!({"detail": ""}),
        json!("TRADING_HALTED"),
        json!([]),
    ] {
        let objection = json!({ "objection": bad });
        check(
            &with(&decided(&entry(0)), &objection),
            "SKIP INTENT_INVALID",
        );
        check(&with(&decided(&exit(0)), &objection), "EXIT");
    }
}

#[test]
fn a_gate_before_it_answers_before_it() {
    let unlisted = with(&entry(0), &json!({"symbol": "XRPUSDT"}));
    let sideless = with(&entry(0), &json!({"side": null}));
    for (entry, reason, answer) in [
        (&unlisted, "INTENT_DUPLICATE", "POLICY_UNIVERSE_FILTER"),
        (&unlisted, "CLOCK_UNTRUSTED", "CLOCK_UNTRUSTED"),
        (&unlisted, "TRADING_HALTED", "TRADING_HALTED"),
        (&sideless, "TRADING_HALTED", "INTENT_INVALID"),
        (&sideless, "INTENT_UNREADABLE", "INTENT_UNREADABLE"),
    ] {
        let record = with(&decided(entry), &objection(reason));
        check(&record, &format!("SKIP {answer}"));
    }
}

#[test]
fn a_record_that_is_not_whole_is_no_entry() {
    let whole = decided(&entry(0)).to_string();
    for (key, value) in [
        ("entry", "{}".to_owned()),
        ("id", "\"x\"".to_owned()),
        ("decided_at", "1".to_owned()),
        ("policy_hash", format!("\"{}\"", "0".repeat(64))),
    ] {
        let twice = whole.replacen('{', &format!("{{\"{key}\":{value},"), 1);
        check_lines(&[twice], &["SKIP INTENT_INVALID"]);
    }
    check(
        &with(&decided(&entry(0)), &json!({"entry": null})),
        "SKIP INTENT_INVALID",
    );
    for entry in [
        json!("{}"),
        json!([]),
        decided(&entry(0)),
        json!({"event_type": "policy.withdrawn"}),
        json!({"payload": "{"}),
    ] {
        check(&decided(&entry), "SKIP INTENT_UNREADABLE");
    }
    // However deep.
    let mut deep = "{".to_owned();
    for _ in 0..100_000 {
        deep.push_str(r#""event_type":"trade.decided","entry":{"#);
    }
    deep.push_str(&"}".repeat(100_001));
    check_lines(&[deep], &["SKIP INTENT_UNREADABLE"]);
}

#[test]
fn an_answer_names_the_entry_where_the_intent_has_no_name() {
    let place = Place::new();
    let records = [
        decided(&entry(0)),
        decided(&with(&entry(0), &json!({"intent_id": "own"}))),
    ];
    place.put(
        "tape",
        lines(&[&[updated(0, &policy("one"))], &records[..]].concat()),
    );
    let ids: Vec<Value> = place
        .answers(&["tape"])
        .iter()
        .map(|it| it["id"].clone())
        .collect();
    assert_eq!(ids, ["1", "7-1", "own"]);
}

#[test]
fn it_is_explained_with_its_objection() {
    let place = Place::new();
    let record = with(&decided(&entry(0)), &objection("INTENT_SUPERSEDED"));
    place.put("tape", lines(&[updated(0, &policy("one")), record]));
    let told = place.run(&["explain", "--n", "2", "tape"]);
    assert_eq!((told.status, &*told.stderr), (0, ""));
    let head = "SKIP INTENT_SUPERSEDED: says the service\nSo said the service that answered it. Without that:\n\nTRADE BUY";
    assert!(told.stdout.starts_with(head), "{}", told.stdout);
}

#[test]
fn only_a_replay_takes_it() {
    let place = Place::new();
    let run = place.run_with(&["decide"], decided(&exit(0)).to_string());
    let detail = "line 1, column 1: `trade.decided` is no event that is answered here";
    assert!(run.stdout.contains(detail), "{}", run.stdout);
}
