//! Tests of `diff --answers`: the comparison of recorded answers with other answers, and with the
//! answers of this engine.

use serde_json::{Value, json};

use crate::program::{Place, Run};
use crate::records::{
    START, entry, example_guardrails, exit, generated, gzip, lines, objects, policy, position,
    updated, withdrawn, without_policies, zstd,
};

/// The fields that a comparison of policies and a comparison of their answers have in common.
const COMMON: [&str; 9] = [
    "records",
    "unreadable_lines",
    "flips",
    "kinds",
    "reasons",
    "symbols",
    "days",
    "other_reasons",
    "totals_before",
];

fn json_of(run: &Run) -> Value {
    assert_eq!((run.status, &*run.stderr), (0, ""));
    serde_json::from_str(&run.stdout).unwrap()
}

pub(crate) fn compared(place: &Place, arguments: &[&str]) -> Value {
    json_of(&place.run(&[&["diff", "--format", "json"], arguments].concat()))
}

/// Replays and writes the answers to this file.
fn answered(place: &Place, file: &str, arguments: &[&str]) {
    let run = place.run(&[&["replay", "--out", file], arguments].concat());
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
}

/// Creates a tape with one record of each kind, and its answers.
pub(crate) fn small() -> Place {
    let place = Place::new();
    let mut part = exit(2);
    part["quantity"] = 0.5.into();
    let tape = [
        updated(0, &policy("1")),
        entry(1),
        part,
        position(3),
        withdrawn(4),
        json!({"id": "lost", "ts": (START + 5) * 1000}),
        json!(7),
    ];
    place.put("tape", lines(&tape));
    answered(&place, "old", &["tape"]);
    place
}

/// Returns the answers to the small tape, with answer `n` changed.
pub(crate) fn changed(place: &Place, n: usize, change: impl Fn(&mut Value)) -> String {
    let mut rows = objects(&place.read("old"));
    change(&mut rows[n - 1]);
    lines(&rows)
}

/// Sets fields, or removes those that are null.
pub(crate) fn set(fields: Value) -> impl Fn(&mut Value) {
    move |row| {
        let row = row.as_object_mut().unwrap();
        for (name, value) in fields.as_object().unwrap() {
            row.remove(name);
            if !value.is_null() {
                row.insert(name.clone(), value.clone());
            }
        }
    }
}

#[test]
fn comparing_answers_agrees_with_comparing_policies() {
    for seed in [2, 3, 5, 8] {
        let place = Place::new();
        let mut after = policy("2");
        after["harvest_params"]["T1_R"] = 2.0.into();
        after["kill_params"]["sigma_ref"] = 0.005.into();
        after["leverage_by_symbol"]["BTCUSDT"] = json!(seed);
        let universe = after["universe_symbols"].as_array_mut().unwrap();
        universe.remove(usize::try_from(seed).unwrap());
        place.put("before.json", policy("1").to_string());
        place.put("after.json", after.to_string());
        place.put("tape", without_policies(1500, seed));
        for (file, policy) in [("old", "before.json"), ("new", "after.json")] {
            answered(
                &place,
                file,
                &["tape", "--assume-in-force", "--policy", policy],
            );
        }
        let policies = ["--policy", "before.json", "--policy", "after.json"];
        let by_policy = [&["tape", "--assume-in-force"], &policies[..]].concat();
        let by_policy = compared(&place, &by_policy);
        let by_answers = compared(&place, &["--answers", "old", "--answers", "new"]);
        let today = ["--answers", "old", "tape", "--assume-in-force"];
        let by_engine = [&today[..], &["--policy", "after.json"]].concat();
        let by_engine = compared(&place, &by_engine);
        assert!(by_policy["flips"].as_u64() > Some(10), "seed {seed}");
        let mut largest = by_policy["largest"].clone();
        for flip in largest.as_array_mut().unwrap() {
            flip.as_object_mut().unwrap().remove("cause");
        }
        for other in [by_answers, by_engine] {
            for name in COMMON {
                assert_eq!(other[name], by_policy[name], "seed {seed}: {name}");
            }
            assert_eq!(other["totals_after"], by_policy["totals_after"]);
            assert_eq!(other["largest"], largest, "seed {seed}");
            assert_eq!(other["causes"], Value::Null);
        }
    }
}

#[test]
fn equal_answers_have_no_flips() {
    let place = Place::new();
    let guardrails = example_guardrails();
    let guarded = ["tape", "--guardrails", guardrails.to_str().unwrap()];
    for seed in [1, 4] {
        place.put("tape", generated(3000, seed));
        answered(&place, "old", &guarded);
        answered(&place, "rows.parquet", &guarded);
        let old = place.read("old");
        place.put("old.gz", gzip(old.as_bytes()));
        place.put("old.zst", zstd(old.as_bytes()));
        place.put("ends", old.trim_end().replace('\n', "\r\n\n"));
        for other in ["old", "old.gz", "old.zst", "rows.parquet", "ends", "-"] {
            let given = ["--format", "json", "--fail-on-flip", "--answers", "old"];
            let given = [&["diff"], &given[..], &["--answers", other]].concat();
            let reported = json_of(&place.run_with(&given, &*old));
            assert_eq!(reported["records"], 3000, "{other}");
            assert_eq!(reported["flips"], 0, "{other}");
            assert_eq!(reported["other_reasons"], json!([]), "{other}");
            assert_eq!(reported["totals_before"], reported["totals_after"]);
        }
        // The engine also answers as recorded.
        let engine = [&["--answers", "old.gz", "--fail-on-flip"], &guarded[..]].concat();
        let reported = compared(&place, &engine);
        assert_eq!(
            (&reported["records"], &reported["flips"]),
            (&json!(3000), &json!(0))
        );
        assert_eq!(reported["other_reasons"], json!([]));
        assert_eq!(
            reported["after"],
            json!({"engine": env!("CARGO_PKG_VERSION")})
        );
    }
}

#[test]
fn a_difference_in_the_last_bit_is_a_flip() {
    let place = small();
    let one = f64::from_bits(8.0_f64.to_bits() + 1);
    place.put("new", changed(&place, 2, set(json!({ "leverage": one }))));
    let reported = compared(&place, &["--answers", "new", "tape"]);
    assert_eq!(reported["kinds"], json!({"LEVERAGE": 1}));
    assert_eq!(reported["largest"][0]["before"]["leverage"], json!(one));
    assert_eq!(reported["largest"][0]["after"]["leverage"], json!(8.0));
}

#[test]
fn every_change_of_an_effect_is_found() {
    let place = small();
    let skip = json!({
        "decision": "SKIP", "reason": "POLICY_STALE", "leverage": null, "size_usd": null, "notional_usd": null,
        "quantity": null, "harvest_action": null, "close_fraction": null, "stop_proposed": null
    });
    let cases: [(usize, Value, &str, &str); 11] = [
        (1, skip.clone(), "POLICY_TO_SKIP", "SKIP_TO_POLICY"),
        (2, skip.clone(), "TRADE_TO_SKIP", "SKIP_TO_TRADE"),
        (2, json!({"side": "SELL"}), "SIDE", "SIDE"),
        (
            2,
            json!({"leverage": 7, "notional_usd": 1}),
            "LEVERAGE",
            "LEVERAGE",
        ),
        (2, json!({"size_usd": 401}), "SIZE", "SIZE"),
        (
            2,
            json!({"decision": "EXIT", "leverage": null, "size_usd": null, "notional_usd": null}),
            "TRADE_TO_EXIT",
            "EXIT_TO_TRADE",
        ),
        (3, skip.clone(), "EXIT_TO_SKIP", "SKIP_TO_EXIT"),
        (
            3,
            json!({"quantity": null}),
            "EXIT_QUANTITY",
            "EXIT_QUANTITY",
        ),
        (4, skip, "HARVEST_TO_SKIP", "SKIP_TO_HARVEST"),
        (
            4,
            json!({"close_fraction": 0.2}),
            "HARVEST_ACTION",
            "HARVEST_ACTION",
        ),
        (
            4,
            json!({"stop_proposed": 100}),
            "HARVEST_STOP",
            "HARVEST_STOP",
        ),
    ];
    for (n, fields, kind, reverse) in cases {
        place.put("new", changed(&place, n, set(fields)));
        for (files, kind) in [(["old", "new"], kind), (["new", "old"], reverse)] {
            let [one, other] = files;
            let reported = compared(&place, &["--answers", one, "--answers", other]);
            assert_eq!(reported["kinds"], json!({ kind: 1 }));
            assert_eq!(reported["records"], 7);
            assert_eq!(reported["largest"][0]["n"], n);
        }
    }
    place.put(
        "new",
        changed(&place, 4, set(json!({"harvest_action": "NONE"}))),
    );
    let run = place.run(&["diff", "--answers", "new", "tape", "--fail-on-flip"]);
    assert_eq!(run.status, 1);
    assert_eq!(run.stderr, "portcullis: 1 of 7 answers flip\n");
    assert!(run.stdout.contains("HARVEST_ACTION"), "{}", run.stdout);
}

#[test]
fn an_unreadable_record_contradicts_nothing() {
    let place = small();
    let unread = json!({
        "event": null, "id": "2", "ts": null, "symbol": null, "side": null, "decision": "SKIP",
        "reason": "INTENT_UNREADABLE", "leverage": null, "size_usd": null, "notional_usd": null
    });
    place.put("new", changed(&place, 2, set(unread)));
    let reported = compared(&place, &["--answers", "new", "tape"]);
    assert_eq!(reported["kinds"], json!({"SKIP_TO_TRADE": 1}));
    assert_eq!(reported["reasons"], json!({"INTENT_UNREADABLE": 1}));
    assert_eq!(reported["symbols"], json!({"BTCUSDT": 1}));
    assert_eq!(reported["days"], json!({"2026-01-05": 1}));
    assert_eq!(reported["unreadable_lines"], 1);
    // A skip for another reason is not a flip.
    let other = json!({"reason": "INTENT_AMBIGUOUS"});
    place.put("new", changed(&place, 6, set(other)));
    let reported = compared(&place, &["--answers", "old", "--answers", "new"]);
    assert_eq!(reported["flips"], 0);
    assert_eq!(reported["other_reasons"][0]["before"], "INTENT_INVALID");
    assert_eq!(reported["other_reasons"][0]["after"], "INTENT_AMBIGUOUS");
}

#[test]
fn an_invalid_policy_is_handled_as_in_a_replay() {
    let place = small();
    place.put("bad.json", r#"{"policy_version": "1"}"#);
    place.put("tape", lines(&[entry(1)]));
    let replayed = place.run(&["replay", "tape", "--policy", "bad.json", "--out", "bad"]);
    assert_eq!(replayed.status, 1);
    let run = place.run(&["diff", "--answers", "bad", "tape", "--policy", "bad.json"]);
    assert_eq!((run.status, &run.stderr), (1, &replayed.stderr));
    assert!(
        run.stdout.ends_with("no record used a policy in force\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_report_of_answers_contains_no_causes() {
    let place = small();
    place.put("new", changed(&place, 2, set(json!({"leverage": 7}))));
    let files = ["diff", "--answers", "old", "--answers", "new"];
    let run = place.run(&[&files[..], &["--report", "page.html"]].concat());
    assert_eq!((run.status, &*run.stderr), (0, ""));
    let page = place.read("page.html");
    assert!(page.contains("Portcullis comparison: two sets of answers"));
    assert!(page.contains("LEVERAGE"));
    assert!(!page.contains("ecause of"));
}
