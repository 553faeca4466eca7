//! Tests of `diff --answers` with files that are not answers, answers to other tapes, and conflicting arguments.

use serde_json::{Value, json};

use crate::{
    diff_answers::{changed, compared, set, small},
    program::Place,
    records::{START, entry, gzip, lines, objects, policy, updated},
};

/// Checks that a file is rejected with this error if it is given as the new answers, and that the
/// error names the file if it is given as the answers to the tape.
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
fn a_malformed_row_is_reported_with_its_line() {
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
        r#"`n` is `"2"`, expected a whole number"#,
    );
    check(
        2,
        json!({"n": 2.5}),
        "`n` is `2.5`, expected a whole number",
    );
    check(3, json!({"id": null}), "`id` is missing");
    check(3, json!({"id": 3}), "`id` is `3`, expected a string");
    check(2, json!({"decision": null}), "`decision` is missing");
    let unknown =
        |name: &str, value: &str| format!("`{name}` is `{value}`, which is not a known value");
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
        r#"`leverage` is `"8"`, expected a finite number"#,
    );
    check(
        2,
        json!({"leverage": true}),
        "`leverage` is `true`, expected a finite number",
    );
    check(
        2,
        json!({"ts": 1e300}),
        "`ts` is `1e+300`, expected a timestamp in epoch milliseconds",
    );
    check(
        2,
        json!({"symbol": ""}),
        r#"`symbol` is `""`, expected a symbol"#,
    );
    check(
        1,
        json!({"policy_hash": "ab"}),
        r#"`policy_hash` is `"ab"`, expected a hash"#,
    );
    check(
        2,
        json!({"leverage": null}),
        "`leverage` is missing, but TRADE requires it",
    );
    check(
        6,
        json!({"reason": null}),
        "`reason` is missing, but SKIP requires it",
    );
    check(
        4,
        json!({"harvest_action": null}),
        "`harvest_action` is missing, but HARVEST requires it",
    );
    check(
        2,
        json!({"reason": "POLICY_STALE"}),
        "TRADE must not have `reason`",
    );
    check(3, json!({"leverage": 8}), "EXIT must not have `leverage`");
    check(
        2,
        json!({"event": null}),
        "`event` is missing, but TRADE requires it",
    );
    check(
        2,
        json!({"event": "policy.updated"}),
        "an event `policy.updated` cannot have decision TRADE",
    );

    let far = old.replace(r#""leverage":8.0"#, r#""leverage":8e999"#);
    let why = "`new`, line 2: `leverage` is `8e999`, expected a finite number";
    check_refused(&place, &far, why);
    let twice = old.replace(r#"{"n":2,"#, r#"{"n":2,"n":2,"#);
    check_refused(
        &place,
        &twice,
        "`new`, line 2, column 10: duplicate field `n`",
    );
    let list = old.replace(r#"{"n":2,"#, r#"[2,"#);
    check_refused(&place, &list, "`new`, line 2: expected a JSON object");
    // Columns that do not change the effect of an answer are ignored, even if they are malformed.
    let new = changed(
        &place,
        2,
        set(json!({"detail": [1], "desk": "fx", "leverage_source": 7})),
    );
    place.put("new", new);
    let reported = compared(&place, &["--answers", "old", "--answers", "new"]);
    assert_eq!(reported["flips"], 0);
}

#[test]
fn an_incomplete_row_is_reported_with_its_line() {
    let place = small();
    let old = place.read("old");
    let last = old.lines().last().unwrap();
    for cut in [1, 2, last.len() / 2, last.len() - 1] {
        let new = old.get(..old.len() - 1 - cut).unwrap();
        let column = last.len() - cut;
        let why = format!(
            "`new`, line 7, column {column}: the row is incomplete; record these answers again"
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
    let why = "`zip` contains zip data; answers are JSON lines, plain or compressed with gzip or zstd, or Parquet";
    assert_eq!(
        (run.status, run.stderr),
        (2, format!("portcullis: {why}\n"))
    );
}

#[test]
fn answers_to_other_records_are_rejected() {
    let place = small();
    let old = place.read("old");
    let rows: Vec<&str> = old.lines().collect();
    let check = |rows: &[&str], why: &str| check_refused(&place, &(rows.join("\n") + "\n"), why);
    let due = |line: usize, n: usize, due: usize| {
        format!(
            "`new`, line {line}: `n` is {n}, expected {due}: rows must be numbered from 1 without gaps or duplicates"
        )
    };
    check(&rows[1..], &due(1, 2, 1));
    check(&[&rows[..2], &rows[3..]].concat(), &due(3, 4, 3));
    check(&[&rows[..2], &rows[1..]].concat(), &due(3, 2, 3));
    check(&[rows[0], rows[2], rows[1]], &due(2, 3, 2));
    let apart = "the answers belong to different tapes";
    let short = format!("`new` ends after record 6, but `old` has more: {apart}");
    check(&rows[..6], &short);
    let none = format!("`new` ends after record 0, but `old` has more: {apart}");
    check(&[], &none);
    let more = rows[6].replace('7', "8");
    let long = format!("`old` ends after record 7, but `new` has more: {apart}");
    check(&[&rows[..], &[&*more]].concat(), &long);

    let other = |n: usize, fields: Value, found: &str| {
        let new = changed(&place, n, set(fields));
        let (found, others) = found.split_once(" / ").unwrap();
        let why = format!("`new`, line {n}: {found}, but {others} in `old`, line {n}: {apart}");
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

    // For a tape, the error names the record.
    place.put("tape", lines(&objects(&place.read("tape"))[..5]));
    let run = place.run(&["diff", "--answers", "old", "tape"]);
    let why = format!("portcullis: the tape ends after record 5, but `old` has more: {apart}\n");
    assert_eq!((run.status, run.stderr), (2, why));
    place.put("tape", lines(&[updated(0, &policy("1")), entry(9)]));
    let run = place.run(&["diff", "--answers", "old", "tape"]);
    let (then, now) = ((START + 1) * 1000, (START + 9) * 1000);
    let why = format!(
        "portcullis: record 2 of the tape: `ts` of record 2 is `{now}`, but `{then}` in `old`, line 2: {apart}\n"
    );
    assert_eq!((run.status, run.stderr), (2, why));
}

#[test]
fn conflicting_arguments_are_rejected() {
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
    let alone = "`--answers` is given once without a TAPE: give a second file of answers, or the tape that these answers belong to";
    check("--answers old", alone);
    check("--answers old --policy p.json", alone);
    check(
        "--answers old --answers old --answers old",
        "`--answers` is given 3 times: give it twice, first with the old answers, then with the new ones; or give it once, with a TAPE",
    );
    check(
        "--answers old --answers old tape",
        "`--answers` is given twice together with a TAPE: two files of answers are compared without a tape; to compare answers with those of this version, give one file of answers and its TAPE",
    );
    check(
        "--answers old tape --policy p.json --policy p.json",
        "`--policy` is given more than once together with `--answers`: give only the policy that is active at the beginning of the tape, or none",
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
                "`{name}` cannot be used with two `--answers`: recorded answers are compared as they are; remove it"
            ),
        );
    }
    let minimal = "`--minimal` requires two policies, because recorded answers are not on the tape; use `explain TAPE --n K` to inspect a record";
    check("--answers old --answers old --minimal m", minimal);
    check("--answers old tape --minimal m", minimal);
    let threads = "`--threads` requires two policies, because recorded answers are compared on one thread; remove it";
    check("--answers old --answers old --threads 2", threads);
    check("--answers old tape --threads 2", threads);
    check(
        "--policy p.json --policy p.json",
        "`--policy` is given twice without a TAPE: give the tape whose records are to be answered under both policies",
    );
    let stdin = "standard input can be read only once, but it is used by";
    check(
        "--answers - --answers -",
        &format!("{stdin} the first `--answers` and by the second `--answers`"),
    );
    check(
        "--answers - -",
        &format!("{stdin} `--answers` and by the tape"),
    );
    check(
        "--answers missing tape",
        "`missing`: No such file or directory (os error 2)",
    );
    check("--answers . tape", "`.` is a directory, not a file");
    check(
        "--answers old tape --report old",
        "cannot write `old`: it is an input of this run",
    );
}
