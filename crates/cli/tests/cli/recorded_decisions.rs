//! Tests of recorded decisions, which are decided again at the recorded time under the recorded policy.

use portcullis::policy::Policy;
use serde_json::{Value, json};

use crate::program::Place;
use crate::records::{START, entry, exit, lines, policy, policy_until, short, text, updated};
use crate::simulate::{self, Simulated};

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

/// Returns the record of a decision made five seconds after the start.
fn decided(entry: &Value) -> Value {
    let hash = Policy::from_json(&policy("one").to_string())
        .unwrap()
        .hash();
    json!({
        "event_type": "trade.decided", "id": "7-1", "decided_at": (START + 5) * 1000,
        "policy_hash": hash.to_string(), "entry": entry
    })
}

/// Returns the record with some fields replaced; null removes the value.
fn with(record: &Value, more: &Value) -> Value {
    let mut record = record.clone();
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn objection(reason: &str) -> Value {
    json!({"objection": {"reason": reason, "detail": "denied by the service"}})
}

/// Checks the short answers to some lines after the policy `one`.
#[track_caller]
fn check_lines(records: &[String], expected: &[&str]) {
    let place = Place::new();
    // Another policy is active on the tape, but these records must not use it.
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
fn it_is_decided_at_its_time_under_its_policy() {
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
fn fields_of_the_entry_do_not_replace_those_of_the_service() {
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
fn a_service_denial_skips_an_entry_but_not_an_exit() {
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
fn an_earlier_gate_takes_precedence_over_a_service_denial() {
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
fn a_malformed_record_is_skipped() {
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
    // The depth of nesting does not matter.
    let mut deep = "{".to_owned();
    for _ in 0..100_000 {
        deep.push_str(r#""event_type":"trade.decided","entry":{"#);
    }
    deep.push_str(&"}".repeat(100_001));
    check_lines(&[deep], &["SKIP INTENT_UNREADABLE"]);
}

#[test]
fn an_answer_uses_the_entry_id_if_the_intent_has_none() {
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
fn it_is_explained_with_its_service_denial() {
    let place = Place::new();
    let record = with(&decided(&entry(0)), &objection("INTENT_SUPERSEDED"));
    place.put("tape", lines(&[updated(0, &policy("one")), record]));
    let reported = place.run(&["explain", "--n", "2", "tape"]);
    assert_eq!((reported.status, &*reported.stderr), (0, ""));
    let head = "SKIP INTENT_SUPERSEDED: denied by the service\nThe service that recorded this decision denied the entry. The gates, without this service denial:\n\nTRADE BUY";
    assert!(reported.stdout.starts_with(head), "{}", reported.stdout);
}

#[test]
fn only_a_replay_accepts_it() {
    let place = Place::new();
    let run = place.run_with(&["decide"], decided(&exit(0)).to_string());
    let detail = "line 1, column 1: unsupported `event_type` `trade.decided`; for an intent, set it to `trade.intent` or leave it out";
    assert!(run.stdout.contains(detail), "{}", run.stdout);
}

#[test]
fn a_simulation_executes_it_unless_the_service_denied_the_entry() {
    let hash = Policy::from_json(&policy("hand").to_string())
        .unwrap()
        .hash();
    let made = |seconds: i64, intent: &Value| {
        let made = json!({"decided_at": (START + seconds) * 1000, "policy_hash": hash.to_string()});
        with(&decided(intent), &made)
    };
    let trade = made(35, &simulate::entry("BUY", &[("stop_loss", 90.0)]));
    let close = made(95, &exit(90));
    let denial = objection("TRADING_HALTED");
    let events = |tape: &[Value]| {
        let simulated = Simulated::of(tape, &[[100.0; 4]; 4], &[]);
        let events = simulated.events.iter();
        events
            .map(|event| text(event, "event").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(events(&[trade.clone(), close.clone()]), ["open", "exit"]);
    assert_eq!(
        events(&[trade.clone(), with(&close, &denial)]),
        ["open", "exit"]
    );
    assert_eq!(events(&[with(&trade, &denial), close]), [""; 0]);
}
