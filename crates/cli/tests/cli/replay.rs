//! Tests of the summary of `replay` and of the number of threads.

use serde_json::json;

use crate::program::{Place, check_snapshot};
use crate::records::{entry, exit, generated, lines, policy, text, updated};

#[test]
fn summary() {
    let place = Place::new();
    check_snapshot("summary_sample_text", &place.run(&[]));
    check_snapshot(
        "summary_sample_json",
        &place.run(&["replay", "--format", "json"]),
    );
    place.put("tape.jsonl", lines(&[entry(1)]));
    let arguments = [
        "replay",
        "tape.jsonl",
        "--exit-owner",
        "brain",
        "--exit-delegate",
        "closer",
    ];
    check_snapshot("summary_one_record", &place.run(&arguments));
    place.put("tape.jsonl", "");
    check_snapshot("summary_empty_tape", &place.run(&["replay", "tape.jsonl"]));
}

#[test]
fn long_lists_are_truncated() {
    let place = Place::new();
    let mut tape = Vec::new();
    for n in 0..30 {
        let mut policy = policy(&format!("v{n}"));
        let symbol = format!("S{n}USDT");
        policy["universe_symbols"] = json!([symbol, format!("NEVER{n}USDT")]);
        policy["leverage_by_symbol"] = json!({symbol.clone(): 3});
        let mut entry = entry(n);
        entry["symbol"] = symbol.into();
        tape.extend([updated(n, &policy), entry.clone()]);
        // The last five policies get the most answers.
        tape.extend(std::iter::repeat_n(entry, usize::from(n >= 25)));
    }
    for n in 0..10 {
        place.put(&format!("{n}.jsonl"), "");
    }
    place.put("9.jsonl", lines(&tape));
    check_snapshot("summary_long_lists", &place.run(&["replay", "*.jsonl"]));
    let summary = place.summary(&["*.jsonl"]);
    assert_eq!(summary["policies"].as_array().unwrap().len(), 30);
    assert_eq!(summary["symbols"].as_object().unwrap().len(), 60);
    assert_eq!(summary["tapes"].as_array().unwrap().len(), 10);
}

/// 2 of 3 is 66.7 %.
#[test]
fn shares_are_rounded_to_the_nearest() {
    let place = Place::new();
    place.put("tape", lines(&[entry(1), entry(2), exit(3)]));
    let reported = place.run(&["replay", "tape"]).stdout;
    assert!(
        reported.contains("SKIP            2  66.7 %\n"),
        "{reported}"
    );
    assert!(
        reported.contains("EXIT            1  33.3 %\n"),
        "{reported}"
    );
}

#[test]
fn the_summary_adds_up_to_the_answers() {
    let place = Place::new();
    place.put("tape", generated(4000, 6));
    let summary = place.summary(&["tape", "--out", "answers"]);
    let answers = crate::records::objects(&place.read("answers"));
    let count =
        |field: &str, value: &str| answers.iter().filter(|a| text(a, field) == value).count();
    assert_eq!(summary["records"], answers.len());
    for (name, field) in [
        ("decisions", "decision"),
        ("reasons", "reason"),
        ("harvest_actions", "harvest_action"),
    ] {
        let counted = summary[name].as_object().unwrap();
        let with = answers
            .iter()
            .filter(|answer| answer.get(field).is_some())
            .count();
        let sum: u64 = counted.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(usize::try_from(sum).unwrap(), with, "{name}");
        for (value, counted) in counted {
            assert_eq!(*counted, count(field, value), "{value}");
        }
    }
    let symbols = summary["symbols"].as_object().unwrap();
    let sums = symbols
        .values()
        .chain([&summary["other_symbols"]])
        .fold([0; 4], |sum, row| {
            let of = |name: &str| row[name].as_u64().unwrap();
            [
                sum[0] + of("trades"),
                sum[1] + of("exits"),
                sum[2] + of("harvests"),
                sum[3] + of("skips"),
            ]
        });
    let skips = answers.iter().filter(|answer| {
        text(answer, "decision") == "SKIP" && !text(answer, "event").starts_with("policy.")
    });
    let decided = |decision| u64::try_from(count("decision", decision)).unwrap();
    assert_eq!(
        sums,
        [
            decided("TRADE"),
            decided("EXIT"),
            decided("HARVEST"),
            u64::try_from(skips.count()).unwrap()
        ]
    );
    let policies = summary["policies"].as_array().unwrap();
    for policy in policies {
        let ruled = answers.iter().filter(|answer| {
            answer.get("policy_hash") == Some(&policy["hash"])
                && !text(answer, "event").starts_with("policy.")
        });
        assert_eq!(policy["answers"], ruled.count());
    }
    let at: Vec<i64> = answers
        .iter()
        .filter_map(|answer| answer.get("ts")?.as_i64())
        .collect();
    assert_eq!(summary["first_ts"].as_i64(), at.iter().min().copied());
    assert_eq!(summary["last_ts"].as_i64(), at.iter().max().copied());
}

#[test]
fn answers_do_not_depend_on_the_number_of_threads() {
    let place = Place::new();
    place.put("tape", generated(6000, 4));
    let mut first = None;
    for threads in ["1", "2", "3", "4", "16"] {
        let answers = place.answers(&["tape", "--threads", threads]);
        assert_eq!(answers.len(), 6000);
        let bytes = place.read("answers");
        assert!(
            *first.get_or_insert_with(|| bytes.clone()) == bytes,
            "{threads} threads"
        );
    }
}
