//! Tests of `diff` with two policies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::program::{Place, check_snapshot};
use crate::records::{
    START, entry, exit, lines, objects, policy, position, text, updated, without_policies,
};

/// The fields of an answer that a flip compares.
const EFFECT: [&str; 7] = [
    "decision",
    "leverage",
    "size_usd",
    "notional_usd",
    "harvest_action",
    "close_fraction",
    "stop_proposed",
];

struct GateCheck(Place);

impl GateCheck {
    fn new(before: &Value, after: &Value, tape: impl AsRef<[u8]>) -> Self {
        let place = Place::new();
        place.put("before.json", before.to_string());
        place.put("after.json", after.to_string());
        place.put("tape.jsonl", tape);
        Self(place)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let given = ["--policy", "before.json", "--policy", "after.json"];
        let all = [&["diff", "--format", "json"], &given[..], arguments].concat();
        let run = self.0.run(&all);
        assert_eq!((run.status, &*run.stderr), (0, ""), "{all:?}");
        serde_json::from_str(&run.stdout).unwrap()
    }
}

/// Returns the sample policy, and a copy with T1_R at 2.0 and the leverage of BTCUSDT at 10.
pub(crate) fn pair() -> (Value, Value) {
    let before = policy("1");
    let mut after = before.clone();
    after["harvest_params"]["T1_R"] = 2.0.into();
    after["leverage_by_symbol"]["BTCUSDT"] = 10.into();
    (before, after)
}

/// Returns a tape with one entry, one exit and one position.
fn tape() -> String {
    lines(&[entry(1), exit(2), position(3)])
}

#[track_caller]
fn check_cause(before: &Value, after: &Value, record: &Value, kind: &str, cause: &[&str]) {
    let compared = GateCheck::new(before, after, lines(std::slice::from_ref(record)));
    let printed = compared.json(&["tape.jsonl"]);
    assert_eq!(printed["kinds"], json!({ kind: 1 }));
    assert_eq!(printed["causes"], json!([{"fields": cause, "flips": 1}]));
    assert_eq!(printed["largest"][0]["cause"], json!(cause));
}

#[test]
fn flips_are_the_differences_between_two_replays() {
    let (before, mut after) = pair();
    after["universe_symbols"].as_array_mut().unwrap().remove(1);
    after["leverage_by_symbol"]["SOLUSDT"] = 3.into();
    after["kill_params"]["sigma_ref"] = 0.005.into();
    let tape = without_policies(4000, 5);
    let compared = GateCheck::new(&before, &after, tape);
    let answers = |policy| {
        compared
            .0
            .answers(&["tape.jsonl", "--policy", policy, "--assume-in-force"])
    };
    let (old, new) = (answers("before.json"), answers("after.json"));
    assert_eq!(old.len(), new.len());
    let differs =
        |(old, new): &(&Value, &Value)| EFFECT.iter().any(|it| old.get(it) != new.get(it));
    let mut flips: BTreeMap<u64, (Value, Value)> = old
        .iter()
        .zip(&new)
        .filter(differs)
        .map(|(old, new)| (old["n"].as_u64().unwrap(), (old.clone(), new.clone())))
        .collect();
    let printed = compared.json(&["tape.jsonl", "--assume-in-force"]);
    assert_eq!(printed["records"], old.len());
    assert_eq!(printed["flips"], flips.len());
    let sums = ["kinds", "symbols", "days"];
    for sum in sums.map(|name| printed[name].as_object().unwrap()) {
        let sum: u64 = sum.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(printed["flips"], sum);
    }
    let largest = printed["largest"].as_array().unwrap();
    assert_eq!(largest.len(), 100.min(flips.len()));
    for flip in largest {
        let (old, new) = flips.remove(&flip["n"].as_u64().unwrap()).unwrap();
        for field in EFFECT {
            assert_eq!(flip["before"].get(field), old.get(field));
            assert_eq!(flip["after"].get(field), new.get(field));
        }
        assert_ne!(flip["cause"], json!([]), "{flip}");
    }
    for kind in ["TRADE_TO_SKIP", "LEVERAGE", "HARVEST_ACTION"] {
        assert!(printed["kinds"][kind].as_u64() > Some(0), "{kind}");
    }
}

#[test]
fn the_minimal_tape_shows_one_flip_of_each_kind() {
    let (before, after) = pair();
    let compared = GateCheck::new(&before, &after, tape().repeat(3));
    let whole = compared.json(&["tape.jsonl", "--minimal", "minimal.jsonl"]);
    assert_eq!(whole["kinds"], json!({"LEVERAGE": 3, "HARVEST_ACTION": 3}));
    let minimal = compared.0.read("minimal.jsonl");
    assert_eq!(objects(&minimal), [entry(1), position(3)]);
    let printed = compared.json(&["minimal.jsonl"]);
    assert_eq!(
        printed["kinds"],
        json!({"LEVERAGE": 1, "HARVEST_ACTION": 1})
    );
    assert_eq!(printed["records"], printed["flips"]);
}

#[test]
fn a_cause_is_the_smallest_change_that_makes_the_flip() {
    let (before, after) = pair();
    check_cause(
        &before,
        &after,
        &entry(1),
        "LEVERAGE",
        &["leverage_by_symbol.BTCUSDT"],
    );
    check_cause(
        &before,
        &after,
        &position(1),
        "HARVEST_ACTION",
        &["harvest_params.T1_R"],
    );

    // A new symbol needs a leverage too.
    let mut listed = before.clone();
    listed["universe_symbols"]
        .as_array_mut()
        .unwrap()
        .push("XRPUSDT".into());
    listed["leverage_by_symbol"]["XRPUSDT"] = 4.into();
    listed["leverage_by_symbol"]["ETHUSDT"] = 1.into();
    let mut xrp = entry(1);
    xrp["symbol"] = "XRPUSDT".into();
    let both = ["leverage_by_symbol.XRPUSDT", "universe_symbols.XRPUSDT"];
    check_cause(&before, &listed, &xrp, "SKIP_TO_TRADE", &both);
    // In the other direction, each of the two changes alone removes the trade; the first one is reported.
    check_cause(&listed, &before, &xrp, "TRADE_TO_SKIP", &both[..1]);

    // A policy whose first threshold exceeds the second is invalid.
    let mut higher = before.clone();
    for (rung, at) in [("T1_R", 4.0), ("T2_R", 4.5)] {
        higher["harvest_params"][rung] = at.into();
    }
    let rungs = ["harvest_params.T1_R", "harvest_params.T2_R"];
    check_cause(&before, &higher, &position(1), "HARVEST_ACTION", &rungs);

    let mut expired = before.clone();
    expired["valid_until_epoch"] = START.into();
    check_cause(
        &before,
        &expired,
        &entry(1),
        "TRADE_TO_SKIP",
        &["valid_until_epoch"],
    );
    let mut limited = before.clone();
    limited["limits"] = json!({"max_notional_usd": 100});
    check_cause(
        &before,
        &limited,
        &entry(1),
        "TRADE_TO_SKIP",
        &["limits.max_notional_usd"],
    );
}

#[test]
fn a_stated_hash_is_updated_with_each_change() {
    let (before, after) = pair();
    let compared = GateCheck::new(&before, &after, tape());
    for name in ["before.json", "after.json"] {
        let hash = compared.0.run(&["policy", "hash", name]).stdout;
        let mut stated: Value = serde_json::from_str(&compared.0.read(name)).unwrap();
        stated["policy_hash"] = hash.trim().into();
        compared.0.put(name, stated.to_string());
    }
    compared.0.put("g.json", r#"{"require_policy_hash": true}"#);
    let printed = compared.json(&["tape.jsonl", "--guardrails", "g.json"]);
    let causes = json!([
        {"fields": ["harvest_params.T1_R"], "flips": 1},
        {"fields": ["leverage_by_symbol.BTCUSDT"], "flips": 1},
    ]);
    assert_eq!(printed["causes"], causes);
}

#[test]
fn policies_on_the_tape_are_ignored() {
    let (before, after) = pair();
    let mut recorded = entry(5);
    recorded["decided_at"] = ((START + 5) * 1000).into();
    recorded["policy_hash"] = "0".repeat(64).into();
    let mut decided = recorded.clone();
    decided["event_type"] = "trade.decided".into();
    decided["entry"] = entry(5);
    decided["objection"] = json!({"reason": "POLICY_MISSING", "detail": "no policy"});
    let mut halted = decided.clone();
    halted["objection"] = json!({"reason": "TRADING_HALTED", "detail": "everything"});
    let tape = [
        updated(0, &policy("other")),
        recorded,
        decided,
        halted,
        json!(7),
    ];
    let printed = GateCheck::new(&before, &after, lines(&tape)).json(&["tape.jsonl"]);
    assert_eq!(printed["records"], 5);
    assert_eq!(printed["policy_records_set_aside"], 1);
    assert_eq!(printed["recorded_decisions"], 3);
    assert_eq!(printed["unreadable_lines"], 1);
    // A recorded halt does not depend on the policy.
    assert_eq!(printed["kinds"], json!({"LEVERAGE": 2}));
}

#[test]
fn a_skip_for_another_reason_is_not_a_flip() {
    let mut before = policy("1");
    before["leverage_by_symbol"]
        .as_object_mut()
        .unwrap()
        .remove("BTCUSDT");
    let mut after = before.clone();
    after["universe_symbols"].as_array_mut().unwrap().remove(0);
    let compared = GateCheck::new(&before, &after, lines(&[entry(1), exit(2)]));
    let printed = compared.json(&["tape.jsonl", "--fail-on-flip"]);
    assert_eq!(printed["flips"], 0);
    let row = &printed["other_reasons"][0];
    assert_eq!(text(row, "before"), "POLICY_MISSING_LEVERAGE");
    assert_eq!(text(row, "after"), "POLICY_UNIVERSE_FILTER");
}

#[test]
fn fail_on_flip_sets_the_exit_status() {
    let (before, after) = pair();
    let compared = GateCheck::new(&before, &after, tape());
    let run = |policies: [&str; 2], more: &[&str]| {
        let [one, other] = policies;
        let given = ["diff", "tape.jsonl", "--policy", one, "--policy", other];
        compared.0.run(&[&given[..], more].concat())
    };
    let flips = run(["before.json", "after.json"], &["--fail-on-flip"]);
    assert_eq!(flips.status, 1);
    assert_eq!(flips.stderr, "portcullis: 2 of 3 answers flip\n");
    assert!(flips.stdout.contains("leverage_by_symbol.BTCUSDT"));
    let same = run(["before.json", "before.json"], &["--fail-on-flip"]);
    assert_eq!((same.status, &*same.stderr), (0, ""));
    assert!(
        same.stdout.ends_with("no answer flips\n"),
        "{}",
        same.stdout
    );
}

#[test]
fn invalid_comparisons_are_rejected() {
    let (before, after) = pair();
    let compared = GateCheck::new(&before, &after, tape());
    compared.0.put("broken.json", r#"{"policy_version": "1"}"#);
    let check = |arguments: &[&str], status, words: &str| {
        let run = compared.0.run(&[&["diff"], arguments].concat());
        assert_eq!(run.status, status, "{arguments:?}");
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    };
    let one = ["tape.jsonl", "--policy", "before.json"];
    check(
        &one,
        2,
        "`--policy` is given once, but two policies are compared",
    );
    let three = [
        &one[..],
        &["--policy", "after.json", "--policy", "after.json"],
    ]
    .concat();
    check(&three, 2, "is given 3 times");
    check(
        &[&one[..], &["--policy", "broken.json"]].concat(),
        1,
        "is not a valid policy",
    );
    check(
        &[&one[..], &["--policy", "nothing.json"]].concat(),
        2,
        "nothing.json",
    );
    let two = [&one[..], &["--policy", "after.json"]].concat();
    check(
        &[&two[..], &["--minimal", "tape.jsonl"]].concat(),
        2,
        "it is an input of this run",
    );
    check(&two[1..], 2, "TAPE");
    compared
        .0
        .put("cut.gz", &crate::records::gzip(tape().as_bytes())[..40]);
    check(
        &[&two[1..], &["cut.gz", "--minimal", "minimal.jsonl"]].concat(),
        2,
        "cut.gz",
    );
    assert!(!compared.0.path().join("minimal.jsonl").exists());
}

#[test]
fn a_file_without_readable_records_gets_a_warning() {
    let (before, after) = pair();
    let compared = GateCheck::new(&before, &after, "not\na tape\n");
    std::fs::create_dir(compared.0.path().join("policies")).unwrap();
    compared.0.put("policies/one.json", before.to_string());
    let warning =
        "portcullis: warning: no line of `tape.jsonl` could be read as a record; is it a tape?\n";
    let two = ["--policy", "before.json", "--policy", "after.json"];
    for run in [
        compared
            .0
            .run(&[&["diff", "tape.jsonl"], &two[..]].concat()),
        compared
            .0
            .run(&["replay", "tape.jsonl", "--policies", "policies"]),
    ] {
        assert_eq!(run.status, 2);
        assert!(run.stderr.starts_with(warning), "{}", run.stderr);
        assert!(
            run.stderr.contains("0 of 2 records used a policy in force"),
            "{}",
            run.stderr
        );
        assert!(run.stdout.contains("2 unreadable lines"), "{}", run.stdout);
    }
}

#[test]
fn texts_of_a_comparison() {
    let place = Place::new();
    let before = policy("1");
    let mut after = before.clone();
    after["harvest_params"]["T1_R"] = 2.0.into();
    after["leverage_by_symbol"]["BTCUSDT"] = 10.into();
    after["universe_symbols"].as_array_mut().unwrap().remove(1);
    let mut ether = entry(2);
    ether["symbol"] = "ETHUSDT".into();
    let mut lost = ether.clone();
    lost["size"] = json!(null);
    let tape = [
        entry(1),
        ether,
        lost,
        exit(3),
        position(4),
        updated(5, &before),
    ];
    place.put("before.json", before.to_string());
    place.put("after.json", after.to_string());
    place.put("tape.jsonl", lines(&tape));
    let given = [
        "--policy",
        "before.json",
        "--policy",
        "after.json",
        "--fail-on-flip",
    ];
    check_snapshot(
        "diff_text",
        &place.run(&[&["diff", "tape.jsonl"], &given[..]].concat()),
    );
    for name in ["before", "after"] {
        let policy = format!("{name}.json");
        place.answers(&["tape.jsonl", "--policy", &policy]);
        place.put(name, place.read("answers"));
    }
    let files = ["diff", "--answers", "before", "--answers", "after"];
    check_snapshot("diff_answers_text", &place.run(&files));
    let json = [&files[..], &["--format", "json"]].concat();
    check_snapshot("diff_answers_json", &place.run(&json));
    let engine = ["diff", "--answers", "before", "tape.jsonl"];
    let engine = [&engine[..], &["--policy", "after.json"]].concat();
    check_snapshot("diff_engine_text", &place.run(&engine));
}
