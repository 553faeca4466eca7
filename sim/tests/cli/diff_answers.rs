//! `diff --answers`: recorded answers against others, and against what the engine answers today.

use serde_json::{Value, json};

use crate::support::{
    Place, Run, START, entry, example_guardrails, exit, generated, gzip, lines, objects, policy,
    position, unruled, updated, withdrawn, zstd,
};

/// What a comparison of two policies and one of their answers have in common.
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

fn compared(place: &Place, arguments: &[&str]) -> Value {
    json_of(&place.run(&[&["diff", "--format", "json"], arguments].concat()))
}

/// Replays with `--out`, into this file.
fn answered(place: &Place, file: &str, arguments: &[&str]) {
    let run = place.run(&[&["replay", "--out", file], arguments].concat());
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
}

/// A record of each kind, and their answers.
fn small() -> Place {
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

/// The answers of the small tape with one of them, by its number, changed.
fn changed(place: &Place, n: usize, change: impl Fn(&mut Value)) -> String {
    let mut rows = objects(&place.read("old"));
    change(&mut rows[n - 1]);
    lines(&rows)
}

/// Fields set, or taken away where they are null.
fn set(fields: Value) -> impl Fn(&mut Value) {
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
fn files_of_answers_flip_as_their_policies_do() {
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
        place.put("tape", unruled(1500, seed));
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
fn answers_do_not_differ_from_themselves() {
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
            let told = json_of(&place.run_with(&given, &*old));
            assert_eq!(told["records"], 3000, "{other}");
            assert_eq!(told["flips"], 0, "{other}");
            assert_eq!(told["other_reasons"], json!([]), "{other}");
            assert_eq!(told["totals_before"], told["totals_after"]);
        }
        // And the engine answers as it did.
        let engine = [&["--answers", "old.gz", "--fail-on-flip"], &guarded[..]].concat();
        let told = compared(&place, &engine);
        assert_eq!(
            (&told["records"], &told["flips"]),
            (&json!(3000), &json!(0))
        );
        assert_eq!(told["other_reasons"], json!([]));
        assert_eq!(told["after"], json!({"engine": env!("CARGO_PKG_VERSION")}));
    }
}

#[test]
fn a_last_bit_is_a_flip() {
    let place = small();
    let one = f64::from_bits(8.0_f64.to_bits() + 1);
    place.put("new", changed(&place, 2, set(json!({ "leverage": one }))));
    let told = compared(&place, &["--answers", "new", "tape"]);
    assert_eq!(told["kinds"], json!({"LEVERAGE": 1}));
    assert_eq!(told["largest"][0]["before"]["leverage"], json!(one));
    assert_eq!(told["largest"][0]["after"]["leverage"], json!(8.0));
}

#[test]
fn every_change_of_what_is_done_is_found() {
    let place = small();
    let skip = json!({
        "decision": "SKIP", "reason": "POLICY_STALE", "leverage": null, "size_usd": null, "notional_usd": null,
        "quantity": null, "harvest_action": null, "stop_proposed": null
    });
    let cases: [(usize, Value, &str, &str); 10] = [
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
            json!({"stop_proposed": 100}),
            "HARVEST_STOP",
            "HARVEST_STOP",
        ),
    ];
    for (n, fields, kind, reverse) in cases {
        place.put("new", changed(&place, n, set(fields)));
        for (files, kind) in [(["old", "new"], kind), (["new", "old"], reverse)] {
            let [one, other] = files;
            let told = compared(&place, &["--answers", one, "--answers", other]);
            assert_eq!(told["kinds"], json!({ kind: 1 }));
            assert_eq!(told["records"], 7);
            assert_eq!(told["largest"][0]["n"], n);
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
fn who_could_not_read_a_record_does_not_contradict_who_could() {
    let place = small();
    let unread = json!({
        "event": null, "id": "2", "ts": null, "symbol": null, "side": null, "decision": "SKIP",
        "reason": "INTENT_UNREADABLE", "leverage": null, "size_usd": null, "notional_usd": null
    });
    place.put("new", changed(&place, 2, set(unread)));
    let told = compared(&place, &["--answers", "new", "tape"]);
    assert_eq!(told["kinds"], json!({"SKIP_TO_TRADE": 1}));
    assert_eq!(told["reasons"], json!({"INTENT_UNREADABLE": 1}));
    assert_eq!(told["symbols"], json!({"BTCUSDT": 1}));
    assert_eq!(told["days"], json!({"2026-01-05": 1}));
    assert_eq!(told["unreadable_lines"], 1);
    // A skip for another reason is no flip.
    let other = json!({"reason": "INTENT_AMBIGUOUS"});
    place.put("new", changed(&place, 6, set(other)));
    let told = compared(&place, &["--answers", "old", "--answers", "new"]);
    assert_eq!(told["flips"], 0);
    assert_eq!(told["other_reasons"][0]["before"], "INTENT_INVALID");
    assert_eq!(told["other_reasons"][0]["after"], "INTENT_AMBIGUOUS");
}

/// Against the old answers, and as the old ones of the tape.
#[track_caller]
fn check_refused(place: &Place, new: &str, why: &str) {
    place.put("new", new);
    let message = format!("portcullis: {why}\n");
    let run = place.run(&["diff", "--answers", "old", "--answers", "new"]);
    assert_eq!((run.status, &*run.stdout, &*run.stderr), (2, "", &*message));
    let run = place.run(&["diff", "--answers", "new", "tape"]);
    assert_eq!((run.status, &*run.stdout), (2, ""));
    assert!(run.stderr.contains("`new`"), "{}", run.stderr);
}

#[test]
fn a_line_that_is_no_row_is_named() {
    let place = small();
    let old = place.read("old");
    let check = |n: usize, fields: Value, why: &str| {
        let new = changed(&place, n, set(fields));
        check_refused(&place, &new, &format!("`new`, line {n}: {why}"));
    };
    check(2, json!({"n": null}), "`n` is missing");
    check(
        2,
        json!({"n": "2"}),
        r#"`n` is `"2"`, where a whole number is due"#,
    );
    check(
        2,
        json!({"n": 2.5}),
        "`n` is `2.5`, where a whole number is due",
    );
    check(3, json!({"id": null}), "`id` is missing");
    check(3, json!({"id": 3}), "`id` is `3`, where a text is due");
    check(2, json!({"decision": null}), "`decision` is missing");
    let unknown =
        |name: &str, value: &str| format!("`{name}` is `{value}`, which is none that is known");
    check(
        2,
        json!({"decision": "trade"}),
        &unknown("decision", "trade"),
    );
    check(
        6,
        json!({"reason": "INTENT_ODD"}),
        &unknown("reason", "INTENT_ODD"),
    );
    check(
        6,
        json!({"event": "order.filled"}),
        &unknown("event", "order.filled"),
    );
    check(
        4,
        json!({"harvest_action": "HALF"}),
        &unknown("harvest_action", "HALF"),
    );
    check(2, json!({"side": "LONG"}), &unknown("side", "LONG"));
    check(
        2,
        json!({"leverage": "8"}),
        r#"`leverage` is `"8"`, where a finite number is due"#,
    );
    check(
        2,
        json!({"leverage": true}),
        "`leverage` is `true`, where a finite number is due",
    );
    check(
        2,
        json!({"ts": 1e300}),
        "`ts` is `1e+300`, where an instant in epoch milliseconds is due",
    );
    check(
        2,
        json!({"symbol": ""}),
        r#"`symbol` is `""`, where a symbol is due"#,
    );
    check(
        1,
        json!({"policy_hash": "ab"}),
        r#"`policy_hash` is `"ab"`, where a hash is due"#,
    );
    check(
        2,
        json!({"leverage": null}),
        "`leverage` is missing, and TRADE needs one",
    );
    check(
        6,
        json!({"reason": null}),
        "`reason` is missing, and SKIP needs one",
    );
    check(
        4,
        json!({"harvest_action": null}),
        "`harvest_action` is missing, and HARVEST needs one",
    );
    check(
        2,
        json!({"reason": "POLICY_STALE"}),
        "TRADE has no `reason`",
    );
    check(3, json!({"leverage": 8}), "EXIT has no `leverage`");
    check(
        2,
        json!({"event": null}),
        "`event` is missing, and TRADE needs one",
    );
    check(
        2,
        json!({"event": "policy.updated"}),
        "`policy.updated` is never answered with TRADE",
    );

    let far = old.replace(r#""leverage":8.0"#, r#""leverage":8e999"#);
    let why = "`new`, line 2: `leverage` is `8e999`, where a finite number is due";
    check_refused(&place, &far, why);
    let twice = old.replace(r#"{"n":2,"#, r#"{"n":2,"n":2,"#);
    check_refused(
        &place,
        &twice,
        "`new`, line 2, column 10: duplicate field `n`",
    );
    let list = old.replace(r#"{"n":2,"#, r#"[2,"#);
    check_refused(&place, &list, "`new`, line 2: no JSON object");
    // Whatever stands in columns that say nothing of what is done does not matter.
    let new = changed(
        &place,
        2,
        set(json!({"detail": [1], "desk": "fx", "leverage_source": 7})),
    );
    place.put("new", new);
    let told = compared(&place, &["--answers", "old", "--answers", "new"]);
    assert_eq!(told["flips"], 0);
}

#[test]
fn a_row_that_is_cut_off_is_named() {
    let place = small();
    let old = place.read("old");
    let last = old.lines().last().unwrap();
    for cut in [1, 2, last.len() / 2, last.len() - 1] {
        let new = old.get(..old.len() - 1 - cut).unwrap();
        let column = last.len() - cut;
        let why = format!(
            "`new`, line 7, column {column}: the row is cut off: write these answers again"
        );
        check_refused(&place, new, &why);
    }
    let archive = gzip(old.repeat(50).as_bytes());
    place.put("cut.gz", &archive[..archive.len() / 2]);
    let run = place.run(&["diff", "--answers", "cut.gz", "tape"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.starts_with("portcullis: `cut.gz`"),
        "{}",
        run.stderr
    );
    place.put("not", b"{\"n\": 1, \"id\": \"\xff\"}\n");
    let run = place.run(&["diff", "--answers", "not", "tape"]);
    assert_eq!(
        run.stderr,
        "portcullis: `not`, line 1, column 17: not UTF-8\n"
    );
    place.put("zip", b"PK\x03\x04\x14");
    let run = place.run(&["diff", "--answers", "zip", "tape"]);
    let why = "`zip` holds zip data: answers are JSON lines, plain or compressed with gzip or zstd, or Parquet";
    assert_eq!(
        (run.status, run.stderr),
        (2, format!("portcullis: {why}\n"))
    );
}

#[test]
fn answers_to_other_records_are_refused() {
    let place = small();
    let old = place.read("old");
    let rows: Vec<&str> = old.lines().collect();
    let check = |rows: &[&str], why: &str| check_refused(&place, &(rows.join("\n") + "\n"), why);
    let due = |line: usize, n: usize, due: usize| {
        format!(
            "`new`, line {line}: `n` is {n}, and {due} is due: rows are numbered from 1, each once and none left out"
        )
    };
    check(&rows[1..], &due(1, 2, 1));
    check(&[&rows[..2], &rows[3..]].concat(), &due(3, 4, 3));
    check(&[&rows[..2], &rows[1..]].concat(), &due(3, 2, 3));
    check(&[rows[0], rows[2], rows[1]], &due(2, 3, 2));
    let apart = "they are not answers to the same tape";
    let short = format!("`new` ends after record 6, and `old` goes on: {apart}");
    check(&rows[..6], &short);
    let none = format!("`new` ends after record 0, and `old` goes on: {apart}");
    check(&[], &none);
    let more = rows[6].replace('7', "8");
    let long = format!("`old` ends after record 7, and `new` goes on: {apart}");
    check(&[&rows[..], &[&*more]].concat(), &long);

    let other = |n: usize, fields: Value, found: &str| {
        let new = changed(&place, n, set(fields));
        let (found, others) = found.split_once(" / ").unwrap();
        let why = format!("`new`, line {n}: {found}, and {others} in `old`, line {n}: {apart}");
        check_refused(&place, &new, &why);
    };
    other(
        2,
        json!({"symbol": "ETHUSDT"}),
        "`symbol` of record 2 is `ETHUSDT` / `BTCUSDT`",
    );
    other(2, json!({"id": "x"}), "`id` of record 2 is `x` / `2`");
    other(
        6,
        json!({"event": "policy.updated"}),
        "`event` of record 6 is `policy.updated` / `trade.intent`",
    );
    let ts = START * 1000 + 1001;
    other(
        2,
        json!({ "ts": ts }),
        &format!("`ts` of record 2 is `{ts}` / `{}`", ts - 1),
    );
    let hash = objects(&old)[0]["policy_hash"].as_str().unwrap().to_owned();
    let zeros = "0".repeat(64);
    other(
        1,
        json!({ "policy_hash": zeros }),
        &format!("`policy_hash` of record 1 is `{zeros}` / `{hash}`"),
    );

    // Of a tape its records are named.
    place.put("tape", lines(&objects(&place.read("tape"))[..5]));
    let run = place.run(&["diff", "--answers", "old", "tape"]);
    let why = format!("portcullis: the tape ends after record 5, and `old` goes on: {apart}\n");
    assert_eq!((run.status, run.stderr), (2, why));
    place.put("tape", lines(&[updated(0, &policy("1")), entry(9)]));
    let run = place.run(&["diff", "--answers", "old", "tape"]);
    let (then, now) = ((START + 1) * 1000, (START + 9) * 1000);
    let why = format!(
        "portcullis: record 2 of the tape: `ts` of record 2 is `{now}`, and `{then}` in `old`, line 2: {apart}\n"
    );
    assert_eq!((run.status, run.stderr), (2, why));
}

#[test]
fn what_cannot_be_combined_is_said() {
    let place = small();
    place.put("p.json", policy("1").to_string());
    place.put("g.json", "{}");
    let check = |arguments: &str, why: &str| {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let run = place.run(&[&["diff"], &arguments[..]].concat());
        let message = format!("portcullis: {why}\n");
        assert_eq!((run.status, &*run.stdout), (2, ""), "{arguments:?}");
        assert_eq!(run.stderr, message, "{arguments:?}");
    };
    let nothing = "nothing to compare: give `--policy` twice and a TAPE, `--answers` once and its TAPE, or `--answers` twice";
    check("", nothing);
    check("tape", nothing);
    let alone = "`--answers` is given once, and no TAPE: give other answers to compare, or the tape that these answer";
    check("--answers old", alone);
    check("--answers old --policy p.json", alone);
    check(
        "--answers old --answers old --answers old",
        "`--answers` is given 3 times: give it twice, the answers to compare with and the ones to compare, or once with their TAPE",
    );
    check(
        "--answers old --answers old tape",
        "`--answers` is given twice, and a TAPE: two files are compared without it; give one of them to compare it with today's engine",
    );
    check(
        "--answers old tape --policy p.json --policy p.json",
        "`--policy` is given more than once beside `--answers`: give the one in force from the beginning, or none",
    );
    for flag in [
        "--policy p.json",
        "--guardrails g.json",
        "--assume-in-force",
    ] {
        let name = flag.split_whitespace().next().unwrap();
        check(
            &format!("--answers old --answers old {flag}"),
            &format!(
                "`{name}` beside two `--answers`: what was answered is compared as it stands, leave it out"
            ),
        );
    }
    let minimal = "`--minimal` needs two policies: a tape shows no flip of recorded answers, which are not on it; `explain TAPE --n K` shows a record";
    check("--answers old --answers old --minimal m", minimal);
    check("--answers old tape --minimal m", minimal);
    check(
        "--policy p.json --policy p.json",
        "two policies and no TAPE: give the tape that both are to answer",
    );
    let stdin = "standard input can be read once: it is asked for by";
    check(
        "--answers - --answers -",
        &format!("{stdin} the first `--answers` and by the second `--answers`"),
    );
    check(
        "--answers - -",
        &format!("{stdin} `--answers` and by the tape"),
    );
    check(
        "--answers gone tape",
        "`gone`: No such file or directory (os error 2)",
    );
    check("--answers . tape", "`.`: is a directory, not a file");
    check(
        "--answers old tape --report old",
        "cannot write `old`: it is an input of this run",
    );
}

#[test]
fn a_policy_that_is_none_is_judged_as_a_replay_does() {
    let place = small();
    place.put("bad.json", r#"{"policy_version": "1"}"#);
    place.put("tape", lines(&[entry(1)]));
    let replayed = place.run(&["replay", "tape", "--policy", "bad.json", "--out", "bad"]);
    assert_eq!(replayed.status, 1);
    let run = place.run(&["diff", "--answers", "bad", "tape", "--policy", "bad.json"]);
    assert_eq!((run.status, &run.stderr), (1, &replayed.stderr));
    assert!(run.stdout.ends_with("no answer flips\n"), "{}", run.stdout);
}

#[test]
fn a_page_tells_no_causes_either() {
    let place = small();
    place.put("new", changed(&place, 2, set(json!({"leverage": 7}))));
    let files = ["diff", "--answers", "old", "--answers", "new"];
    let run = place.run(&[&files[..], &["--report", "page.html"]].concat());
    assert_eq!((run.status, &*run.stderr), (0, ""));
    let page = place.read("page.html");
    assert!(page.contains("Portcullis: two sets of answers"));
    assert!(page.contains("LEVERAGE"));
    assert!(!page.contains("ecause of"));
}
