//! Tests of `replay --policies`, which decides one tape under several policies.

use serde_json::{Value, json};

use crate::program::{Place, check_snapshot};
use crate::records::{entry, exit, lines, policy, position, updated, without_policies};

/// Returns a folder with the tape and three policies: the sample policy, one with more leverage,
/// and one with fewer symbols.
fn place(tape: impl AsRef<[u8]>) -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path().join("policies")).unwrap();
    let mut more = policy("more");
    more["leverage_by_symbol"]["BTCUSDT"] = 20.into();
    more["harvest_params"]["T1_R"] = 2.0.into();
    let mut fewer = policy("fewer");
    fewer["universe_symbols"].as_array_mut().unwrap().remove(0);
    for (name, policy) in [("b", policy("sample")), ("c", more), ("a", fewer)] {
        place.put(&format!("policies/{name}.json"), policy.to_string());
    }
    place.put("policies/notes.txt", "not a policy");
    place.put("tape.jsonl", tape);
    place
}

fn files(ranking: &Value) -> Vec<&str> {
    let rows = ranking["policies"].as_array().unwrap();
    rows.iter()
        .map(|row| row["file"].as_str().unwrap())
        .collect()
}

#[test]
fn each_policy_answers_as_in_a_separate_replay() {
    let place = place(without_policies(4000, 5));
    let ranking = place.summary(&["tape.jsonl", "--policies", "policies", "--assume-in-force"]);
    assert_eq!(files(&ranking).len(), 3);
    for row in ranking["policies"].as_array().unwrap() {
        let file = format!("policies/{}", row["file"].as_str().unwrap());
        let alone = place.summary(&["tape.jsonl", "--policy", &file, "--assume-in-force"]);
        assert_eq!(row["decisions"], alone["decisions"], "{file}");
        assert_eq!(row["reasons"], alone["reasons"], "{file}");
        assert_eq!(row["harvest_actions"], alone["harvest_actions"], "{file}");
        assert_eq!(ranking["records"], alone["records"]);
        assert_eq!(ranking["unreadable_lines"], alone["unreadable_lines"]);
        assert_eq!(row["trades"], alone["decisions"]["TRADE"]);
    }
}

#[test]
fn policies_are_ordered_by_notional_then_name() {
    let mut margin = entry(2);
    margin["size"] = json!(null);
    margin["position_usd"] = 100.into();
    margin["leverage"] = 15.into();
    let place = place(lines(&[
        entry(1),
        margin,
        exit(3),
        position(4),
        updated(5, &policy("x")),
    ]));
    let ranking = place.summary(&["tape.jsonl", "--policies", "policies"]);
    let threads = place.summary(&["tape.jsonl", "--policies", "policies", "--threads", "3"]);
    assert_eq!(threads, ranking);
    assert_eq!(files(&ranking), ["c.json", "b.json", "a.json"]);
    assert_eq!(ranking["policies"][0]["notional_usd"], 400.0 + 1500.0);
    assert_eq!(ranking["policies"][1]["notional_usd"], 400.0 + 800.0);
    assert_eq!(ranking["policies"][2]["trades"], 0);
    assert_eq!(ranking["policy_records_set_aside"], 1);
    let nothing = place.run(&["policy", "hash", "policies/a.json"]);
    assert_eq!(ranking["policies"][2]["hash"], nothing.stdout.trim());
    let mut unlisted = entry(1);
    unlisted["symbol"] = json!("XRPUSDT");
    place.put("unlisted.jsonl", lines(&[unlisted]));
    let equal = place.summary(&["unlisted.jsonl", "--policies", "policies"]);
    assert_eq!(files(&equal), ["a.json", "b.json", "c.json"]);
    place.put("exits.jsonl", lines(&[exit(1)]));
    let run = place.run(&["replay", "exits.jsonl", "--policies", "policies"]);
    assert_eq!(
        (run.status, &*run.stderr),
        (
            2,
            "portcullis: 0 of 1 record used a policy in force, so nothing was ranked; give a tape with entries or open positions\n"
        )
    );
}

#[test]
fn invalid_arguments_are_refused() {
    let place = place(lines(&[entry(1)]));
    let check = |arguments: &[&str], status, words: &str| {
        let run = place.run(&[&["replay", "tape.jsonl"], arguments].concat());
        assert_eq!(run.status, status, "{arguments:?}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    };
    std::fs::create_dir(place.path().join("empty")).unwrap();
    check(
        &["--policies", "empty"],
        2,
        "`empty` contains no policy files",
    );
    check(&["--policies", "nowhere"], 2, "`nowhere`");
    let one = "policies/a.json";
    check(&["--policies", one], 2, one);
    check(
        &["--policies", "policies", "--policy", one],
        2,
        "cannot be used with",
    );
    check(
        &["--policies", "policies", "--out", "x"],
        2,
        "cannot be used with",
    );
    place.put("policies/d.json", r#"{"policy_version": "1"}"#);
    check(
        &["--policies", "policies"],
        1,
        "`policies/d.json` is not a valid policy",
    );
}

#[test]
fn texts_of_a_comparison() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("policies")).unwrap();
    let mut other = policy("2");
    other["harvest_params"]["T1_R"] = 2.0.into();
    other["leverage_by_symbol"]["BTCUSDT"] = 10.into();
    place.put("policies/one.json", policy("1").to_string());
    place.put("policies/two.json", other.to_string());
    let mut lost = entry(2);
    lost["size"] = json!(null);
    let tape = [
        entry(1),
        lost,
        exit(3),
        position(4),
        updated(5, &policy("1")),
    ];
    place.put("tape.jsonl", lines(&tape));
    check_snapshot(
        "rank_text",
        &place.run(&["replay", "tape.jsonl", "--policies", "policies"]),
    );
}
