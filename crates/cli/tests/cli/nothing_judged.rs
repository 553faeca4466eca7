//! Tests that a comparison or a ranking fails if no record uses a policy in force.

use serde_json::{Value, json};

use crate::program::{Place, Run};
use crate::records::{FAR, START, entry, exit, lines, policy_until, updated};

/// Returns a folder with policies, of which one has expired, and a tape.
fn place(tape: &[Value]) -> Place {
    let place = Place::new();
    place.put("tape.jsonl", lines(tape));
    let mut other = policy_until("other", FAR);
    other["leverage_by_symbol"]["BTCUSDT"] = 3.into();
    let mut later = policy_until("later", FAR);
    later["valid_from_epoch"] = (START + 86_400).into();
    std::fs::create_dir(place.path().join("policies")).unwrap();
    for (name, policy) in [
        ("valid", policy_until("valid", FAR)),
        ("other", other),
        ("later", later),
        ("expired", policy_until("expired", START - 1)),
        ("policies/expired", policy_until("expired", START - 1)),
    ] {
        place.put(&format!("{name}.json"), policy.to_string());
    }
    place
}

fn run(place: &Place, command: &str) -> Run {
    place.run(&command.split(' ').collect::<Vec<_>>())
}

/// Checks that a command fails with status 2, with these words in its message.
fn check_nothing(place: &Place, command: &str, words: &[&str]) {
    let run = run(place, command);
    assert_eq!(run.status, 2, "{command}: {}{}", run.stdout, run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "{command}: {}", run.stderr);
    }
}

const TWO: &str = "diff tape.jsonl --policy valid.json --policy other.json";
const EXPIRED: &str = "diff tape.jsonl --policy expired.json --policy expired.json";

fn invalid(_: i64) -> Value {
    json!({"ts": "soon", "symbol": "BTCUSDT", "side": "BUY", "size": 400})
}

#[test]
fn a_comparison_without_a_usable_record_fails() {
    let many: Vec<Value> = (0..1450).map(invalid).collect();
    let counted = "0 of 1,450 records used a policy in force, so nothing was compared; ";
    let explained = "run `portcullis explain tape.jsonl --n 1`";
    check_nothing(&place(&many), TWO, &[counted, "INTENT_INVALID", explained]);
    check_nothing(
        &place(&[]),
        TWO,
        &[
            "0 of 0 records",
            "tape.jsonl has no intents and no positions; check that it is the intended tape",
        ],
    );
    let policies_only = [updated(1, &policy_until("x", FAR))];
    check_nothing(
        &place(&policies_only),
        TWO,
        &["0 of 1 record used a policy in force"],
    );
    let exits: Vec<Value> = (0..3).map(exit).collect();
    check_nothing(
        &place(&exits),
        TWO,
        &["0 of 3 records", "give a tape with entries"],
    );
}

#[test]
fn a_comparison_of_policies_that_are_not_in_force_fails() {
    let place = place(&(0..1450).map(entry).collect::<Vec<_>>());
    let counted = "0 of 1,450 records used a policy in force";
    check_nothing(
        &place,
        EXPIRED,
        &[counted, "later than the expiry", "`--assume-in-force`"],
    );
    check_nothing(
        &place,
        &format!("{EXPIRED} --fail-on-flip --format json"),
        &[counted],
    );
    let later = "diff tape.jsonl --policy later.json --policy later.json";
    check_nothing(
        &place,
        later,
        &[counted, "`valid_from_epoch`", "`--assume-in-force`"],
    );
    let ranked = "replay tape.jsonl --policies policies";
    check_nothing(
        &place,
        ranked,
        &[counted, "nothing was ranked", "`--assume-in-force`"],
    );
    for passes in [
        TWO,
        &format!("{EXPIRED} --assume-in-force"),
        "diff tape.jsonl --policy expired.json --policy valid.json",
        &format!("{ranked} --assume-in-force"),
    ] {
        assert_eq!(run(&place, passes).status, 0, "{passes}");
    }
}

#[test]
fn a_comparison_of_answers_without_a_policy_fails() {
    let place = place(&(0..5).map(entry).collect::<Vec<_>>());
    for (policy, out) in [("expired", "a"), ("valid", "b")] {
        let replay = format!("replay tape.jsonl --policy {policy}.json --out {out}");
        assert_eq!(run(&place, &replay).status, 0);
    }
    let counted = "0 of 5 records used a policy in force";
    check_nothing(
        &place,
        "diff --answers a --answers a",
        &[counted, "replay the tape under a policy"],
    );
    check_nothing(&place, "diff --answers a tape.jsonl", &[counted]);
    check_nothing(
        &place,
        "diff --answers a tape.jsonl --policy expired.json",
        &[counted],
    );
    assert_eq!(run(&place, "diff --answers b --answers b").status, 0);
    // A flip is a result, even if one side has no policy.
    assert_eq!(run(&place, "diff --answers a --answers b").status, 0);
    assert_eq!(
        run(&place, "diff --answers a --answers b --fail-on-flip").status,
        1
    );
}

/// Exits need no policy, so recorded answers to exits are comparable without one.
#[test]
fn recorded_exits_are_compared_without_a_policy() {
    let place = place(&(0..3).map(exit).collect::<Vec<_>>());
    assert_eq!(run(&place, "replay tape.jsonl --out a").status, 0);
    assert_eq!(
        run(&place, "diff --answers a tape.jsonl --fail-on-flip").status,
        0
    );
}
