//! Tests of the policy timeline: which policy is active for which record.

use portcullis::policy::Policy;
use serde_json::{Value, json};

use crate::program::Place;
use crate::records::{
    START, entry, exit, generated, hash_encoding, lines, policy, policy_until, position, short,
    updated, withdrawn,
};

/// Checks the short answers to a tape, on one thread and on four.
fn check(tape: &[Value], expected: &[&str]) {
    check_lines(&lines(tape), &[], expected);
}

fn check_lines(tape: &str, arguments: &[&str], expected: &[&str]) {
    let place = Place::new();
    place.put("initial.json", policy("initial").to_string());
    place.put("tape", tape);
    for threads in ["1", "4"] {
        let arguments = [&["tape", "--threads", threads], arguments].concat();
        let answers: Vec<String> = place.answers(&arguments).iter().map(short).collect();
        assert_eq!(answers, expected, "{threads} threads");
    }
}

#[test]
fn a_policy_is_active_from_its_record_on_in_each_encoding() {
    let document: fn(&Value) -> Value = Value::clone;
    let text = |policy: &Value| json!(policy.to_string());
    for encode in [document, hash_encoding, text] {
        check(
            &[
                entry(1),
                updated(2, &encode(&policy("one"))),
                entry(2),
                position(3),
                updated(4, &encode(&policy("two"))),
                entry(5),
            ],
            &[
                "SKIP POLICY_MISSING",
                "POLICY one",
                "TRADE one",
                "HARVEST one",
                "POLICY two",
                "TRADE two",
            ],
        );
    }
    check_lines(
        &lines(&[entry(1), updated(2, &policy("one")), entry(1), entry(2)]),
        &["--policy", "initial.json"],
        &["TRADE initial", "POLICY one", "TRADE initial", "TRADE one"],
    );
}

#[test]
fn an_invalid_policy_leaves_the_previous_one_active() {
    let broken = |edit: &dyn Fn(&mut Value)| {
        let mut policy = policy("broken");
        edit(&mut policy);
        policy
    };
    let without = json!({"event_type": "policy.updated", "ts": START * 1000});
    check(
        &[
            updated(0, &policy("one")),
            updated(1, &broken(&|policy| policy["policy_hash"] = "f".into())),
            updated(1, &broken(&|policy| policy["universe_symbols"] = json!([]))),
            updated(1, &broken(&|policy| policy["kill_params"] = json!("{"))),
            updated(1, &broken(&|policy| policy["kill_params"] = Value::Null)),
            updated(1, &json!("no policy")),
            updated(1, &json!([1])),
            without,
            entry(2),
        ],
        &[
            "POLICY one",
            "SKIP POLICY_HASH_MISMATCH",
            "SKIP POLICY_INVALID",
            "SKIP POLICY_PARSE_ERROR",
            "SKIP POLICY_MISSING_FIELD",
            "SKIP POLICY_PARSE_ERROR",
            "SKIP POLICY_PARSE_ERROR",
            "SKIP POLICY_MISSING",
            "TRADE one",
        ],
    );
}

#[test]
fn a_withdrawn_policy_is_not_active() {
    check(
        &[
            updated(0, &policy("one")),
            entry(1),
            withdrawn(2),
            entry(1),
            entry(2),
            position(3),
            exit(3),
            updated(4, &policy("one")),
            entry(5),
        ],
        &[
            "POLICY one",
            "TRADE one",
            "POLICY",
            "TRADE one",
            "SKIP POLICY_MISSING",
            "SKIP POLICY_MISSING",
            "EXIT",
            "POLICY one",
            "TRADE one",
        ],
    );
}

#[test]
fn an_expired_policy_becomes_active_and_is_stale() {
    check(
        &[
            updated(0, &policy("one")),
            updated(1, &policy_until("old", START)),
            entry(2),
            // The policy is still valid at its expiry timestamp.
            updated(3, &policy_until("short", START + 4)),
            entry(4),
            json!({"ts": START * 1000 + 4001, "symbol": "BTCUSDT", "side": "BUY", "size": 1}),
        ],
        &[
            "POLICY one",
            "POLICY old",
            "SKIP POLICY_STALE",
            "POLICY short",
            "TRADE short",
            "SKIP POLICY_STALE",
        ],
    );
}

#[test]
fn policies_out_of_order_are_active_by_timestamp() {
    check(
        &[
            updated(20, &policy("late")),
            updated(10, &policy("early")),
            entry(9),
            entry(10),
            entry(19),
            entry(20),
            // If two have the same timestamp, the later record wins.
            updated(20, &policy("late again")),
            entry(20),
            updated(10, &policy("early again")),
            entry(15),
            entry(25),
            withdrawn(15),
            entry(14),
            entry(16),
            entry(25),
        ],
        &[
            "POLICY late",
            "POLICY early",
            "SKIP POLICY_MISSING",
            "TRADE early",
            "TRADE early",
            "TRADE late",
            "POLICY late again",
            "TRADE late again",
            "POLICY early again",
            "TRADE early again",
            "TRADE late again",
            "POLICY",
            "TRADE early again",
            "SKIP POLICY_MISSING",
            "TRADE late again",
        ],
    );
}

/// Returns the hash of a policy, computed by `portcullis policy hash`.
fn hash(policy: &Value) -> String {
    let run = Place::new().run_with(&["policy", "hash", "-"], policy.to_string());
    run.stdout.trim_end().to_owned()
}

#[test]
fn a_recorded_decision_uses_the_policy_of_its_hash() {
    let (one, two) = (policy("one"), policy("two"));
    let recorded = |mut record: Value, hash: Value| {
        record["decided_at"] = ((START + 30) * 1000).into();
        record["policy_hash"] = hash;
        record
    };
    let mut not_recorded = entry(30);
    not_recorded["policy_hash"] = hash(&one).into();
    let short_hash: String = hash(&one).chars().take(8).collect();
    check(
        &[
            updated(0, &one),
            recorded(entry(29), hash(&two).into()),
            updated(10, &two),
            recorded(entry(29), hash(&one).into()),
            recorded(entry(29), hash(&two).into()),
            recorded(position(29), hash(&one).into()),
            recorded(exit(29), "0".repeat(64).into()),
            recorded(entry(29), "0".repeat(64).into()),
            recorded(position(29), "0".repeat(64).into()),
            recorded(entry(29), short_hash.into()),
            recorded(entry(29), Value::Null),
            not_recorded,
            withdrawn(20),
            recorded(entry(29), hash(&one).into()),
            entry(30),
        ],
        &[
            "POLICY one",
            // The policy comes later on the tape, and an answer never depends on a later record.
            "SKIP POLICY_MISSING",
            "POLICY two",
            "TRADE one",
            "TRADE two",
            "HARVEST one",
            "EXIT",
            "SKIP POLICY_MISSING",
            "SKIP POLICY_MISSING",
            "SKIP POLICY_MISSING",
            "TRADE two",
            "TRADE two",
            "POLICY",
            "TRADE one",
            "SKIP POLICY_MISSING",
        ],
    );
}

#[test]
fn an_unknown_hash_is_named() {
    let place = Place::new();
    let unknown = "12".repeat(32);
    let mut record = entry(1);
    record["decided_at"] = (START * 1000).into();
    record["policy_hash"] = unknown.clone().into();
    place.put("tape", lines(&[record]));
    let answers = place.answers(&["tape"]);
    let detail = answers[0]["detail"].as_str().unwrap();
    assert!(detail.contains(&unknown), "{detail}");
}

/// JSON escapes in event names are decoded, on one thread and on several.
#[test]
fn escaped_event_names_change_the_policy() {
    // Between two policy changes, there are enough records for several chunks without a policy
    // change.
    let filler = |seconds: i64| vec![entry(seconds); 4000];
    let plain = |record: &Value| record.to_string();
    let escaped_value = |record: &Value| record.to_string().replace("\"policy.", "\"policy\\u002e");
    let escaped_key = |record: &Value| record.to_string().replace("event_type", "event\\u005Ftype");
    let all = |record: &Value| {
        escaped_key(record)
            .replace("\"policy.updated\"", "\"p\\u006fl\\u0069cy\\u002Eupdated\"")
            .replace("\"policy.withdrawn\"", "\"\\u0070olicy.withdrawn\"")
    };
    let mut expected = vec!["POLICY one"];
    expected.extend(["TRADE one"; 4000]);
    expected.push("POLICY two");
    expected.extend(["TRADE two"; 4000]);
    expected.push("POLICY");
    expected.extend(["SKIP POLICY_MISSING"; 100]);
    let write = |spell: &dyn Fn(&Value) -> String| {
        let mut tape = vec![spell(&updated(0, &policy("one")))];
        tape.extend(filler(1).iter().map(Value::to_string));
        tape.push(spell(&updated(2, &policy("two"))));
        tape.extend(filler(3).iter().map(Value::to_string));
        tape.push(spell(&withdrawn(4)));
        tape.extend(filler(5).iter().take(100).map(Value::to_string));
        tape.join("\n")
    };
    let reference = write(&plain);
    check_lines(&reference, &[], &expected);
    for tape in [write(&escaped_value), write(&escaped_key), write(&all)] {
        assert_ne!(tape, reference);
        check_lines(&tape, &[], &expected);
    }
}

#[test]
fn a_stated_hash_does_not_apply_to_an_equal_policy_without_one() {
    let bare = policy("one");
    let mut stated = bare.clone();
    stated["policy_hash"] = Policy::hash_of(&bare.to_string())
        .unwrap()
        .to_string()
        .into();
    let recorded = |seconds: i64| {
        let mut record = entry(seconds);
        record["decided_at"] = record["ts"].clone();
        record["policy_hash"] = stated["policy_hash"].clone();
        record
    };
    let place = Place::new();
    place.put("guardrails", r#"{"require_policy_hash": true}"#);
    place.put(
        "tape",
        lines(&[
            updated(0, &stated),
            entry(1),
            recorded(1),
            updated(2, &bare),
            entry(3),
            recorded(3),
            updated(4, &stated),
            entry(5),
            recorded(5),
        ]),
    );
    for threads in ["1", "4"] {
        let arguments = ["tape", "--threads", threads, "--guardrails", "guardrails"];
        let answers: Vec<String> = place.answers(&arguments).iter().map(short).collect();
        let refused = "SKIP POLICY_CONSTRAINT_VIOLATION";
        assert_eq!(
            answers,
            [
                "POLICY one",
                "TRADE one",
                "TRADE one",
                "POLICY one",
                refused,
                refused,
                "POLICY one",
                "TRADE one",
                "TRADE one"
            ],
            "{threads} threads"
        );
    }
}

#[test]
fn an_answer_never_depends_on_a_later_record() {
    let place = Place::new();
    let tape = generated(2500, 8);
    let ends: Vec<usize> = (1..)
        .zip(&tape)
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(end, _)| end)
        .collect();
    place.put("tape", &tape);
    place.answers(&["tape"]);
    let whole = place.read("answers");
    for records in [1, 700, 1300, 2047] {
        place.put("tape", &tape[..ends[records - 1]]);
        assert_eq!(place.answers(&["tape", "--threads", "3"]).len(), records);
        assert!(
            whole.starts_with(&place.read("answers")),
            "{records} records"
        );
    }
}
