//! Tests of `replay --plan`, `replay --part` and `merge`: the merged parts give what one replay prints.

use std::fs::File;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use portcullis_sim::replay::parts::Settings;
use serde_json::Value;

use crate::{
    program::{Place, Run},
    records::{example_guardrails, generated, gzip, policy},
};

/// Makes a plan, evaluates all its parts, and returns the names of their files. The answers are in files, too.
fn evaluate(place: &Place, arguments: &[&str], parts: &str) -> Vec<String> {
    let plan = place.run(&[&["replay", "--plan", parts], arguments].concat());
    assert_eq!(plan.status, 0, "{}", plan.stderr);
    place.put("plan", &plan.bytes);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let numbers = 1..=plan["parts"].as_array().unwrap().len();
    let names = numbers.map(|number| {
        let (part, answers, number) = (
            format!("part-{number}"),
            format!("answers-{number}"),
            number.to_string(),
        );
        let run = place.run(&[
            "replay", "--part", "plan", "--number", &number, "--out", &answers,
        ]);
        assert_eq!((run.status, &*run.stderr), (0, ""));
        place.put(&part, &run.bytes);
        part
    });
    names.collect()
}

fn merge(place: &Place, names: &[String], arguments: &[&str]) -> Run {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    place.run(&[&["merge"], arguments, &*names].concat())
}

#[test]
fn merged_parts_print_what_one_replay_prints() {
    let place = Place::new();
    let tape = generated(3000, 3);
    place.put("a.jsonl", &tape);
    place.put("b.jsonl", "no record\nneither\n");
    place.put("c.jsonl.gz", gzip(&tape));
    place.put("d.jsonl", &tape);
    let converted = place.run(&["convert", "a.jsonl", "--out", "e.parquet"]);
    assert_eq!(converted.status, 0);
    place.put("policy.json", policy("1").to_string());
    place.put(
        "invalid.json",
        policy("1").to_string().replace("BTCUSDT", "btc usdt"),
    );
    let guardrails = example_guardrails();
    let guardrails = guardrails.to_str().unwrap();
    for (arguments, status) in [
        (&["*.jsonl", "c.jsonl.gz", "e.parquet"][..], 0),
        (
            &[
                "c.jsonl.gz",
                "d.jsonl",
                "--guardrails",
                guardrails,
                "--policy",
                "policy.json",
            ],
            0,
        ),
        (
            &[
                "a.jsonl",
                "--policy",
                "invalid.json",
                "--assume-in-force",
                "--exit-owner",
                "meanrev-4h",
            ],
            1,
        ),
        (&["b.jsonl"], 0),
    ] {
        for parts in ["1", "5"] {
            let names = evaluate(&place, arguments, parts);
            for format in ["text", "json"] {
                let format = ["--format", format];
                let whole =
                    place.run(&[&["replay", "--out", "answers"], arguments, &format].concat());
                let merged = merge(&place, &names, &format);
                assert_eq!(whole.status, status, "{}", whole.stderr);
                assert_eq!(
                    (merged.status, merged.stdout, merged.stderr),
                    (whole.status, whole.stdout, whole.stderr),
                    "{arguments:?}"
                );
            }
            let answers = names
                .iter()
                .map(|name| place.read(&name.replace("part", "answers")));
            assert_eq!(answers.collect::<String>(), place.read("answers"));
        }
    }
}

/// Returns a value of the footer of a Parquet file.
fn footer_value(place: &Place, file: &str, name: &str) -> Option<String> {
    let file = File::open(place.path().join(file)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata().file_metadata();
    let values = metadata.key_value_metadata()?;
    values.iter().find(|it| it.key == name)?.value.clone()
}

#[test]
fn a_parquet_file_of_answers_names_its_run() {
    let place = Place::new();
    place.put("tape", generated(500, 3));
    place.put("policy.json", policy("1").to_string());
    let guardrails = example_guardrails();
    let inputs = [
        "tape",
        "--policy",
        "policy.json",
        "--guardrails",
        guardrails.to_str().unwrap(),
    ];
    let replay = ["replay", "--format", "json", "--out", "all.parquet"];
    let run = place.run(&[&replay[..], &inputs].concat());
    assert_eq!(run.status, 0, "{}", run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let of_all = |name| footer_value(&place, "all.parquet", name);
    assert_eq!(
        of_all("portcullis.digest").as_deref(),
        summary["digest"].as_str()
    );

    // The settings are those of the plan of the same run.
    let names = evaluate(&place, &inputs, "2");
    let plan: Value = serde_json::from_str(&place.read("plan")).unwrap();
    let settings: Settings = serde_json::from_value(plan["settings"].clone()).unwrap();
    assert_eq!(of_all("portcullis.settings"), Some(settings.hash()));
    assert_eq!(names.len(), 2);

    // The answers of a part are not those of a run.
    let part = [
        "replay",
        "--part",
        "plan",
        "--number",
        "1",
        "--out",
        "1.parquet",
    ];
    assert_eq!(place.run(&part).status, 0);
    let of_part = |name| footer_value(&place, "1.parquet", name);
    assert_eq!(of_part("portcullis.schema").as_deref(), Some("answers/1"));
    assert_eq!(
        (of_part("portcullis.digest"), of_part("portcullis.settings")),
        (None, None)
    );

    // So are those of a run that ends early.
    place.put("cut.gz", &gzip(&generated(500, 3))[..2000]);
    let cut = place.run(&["replay", "cut.gz", "--out", "cut.parquet"]);
    assert_ne!(cut.status, 0);
    assert_eq!(
        footer_value(&place, "cut.parquet", "portcullis.digest"),
        None
    );
    assert_eq!(
        footer_value(&place, "cut.parquet", "portcullis.settings"),
        None
    );
}

#[test]
fn merged_parts_are_a_part_if_parts_are_missing_at_an_end() {
    let place = Place::new();
    place.put("tape", generated(2000, 3));
    let names = evaluate(&place, &["tape"], "4");
    let merged = merge(
        &place,
        &[names[2].clone(), names[1].clone(), names[2].clone()],
        &[],
    );
    assert_eq!(merged.status, 0);
    assert!(
        merged
            .stderr
            .starts_with("portcullis: parts are missing: records "),
        "{}",
        merged.stderr
    );
    place.put("middle", &merged.bytes);
    let names = [names[3].clone(), "middle".to_owned(), names[0].clone()];
    let merged = merge(&place, &names, &[]);
    assert_eq!(
        (&*merged.stdout, &*merged.stderr),
        (&*place.run(&["replay", "tape"]).stdout, "")
    );
}

#[test]
fn a_part_is_written_to_standard_error_if_its_answers_are_written_to_standard_output() {
    let place = Place::new();
    place.put("tape", generated(500, 3));
    let names = evaluate(&place, &["tape"], "2");
    let run = place.run(&["replay", "--part", "plan", "--number", "2", "--out", "-"]);
    assert_eq!(
        (run.stdout, run.stderr),
        (place.read("answers-2"), place.read(&names[1]))
    );
}

#[test]
fn mistakes_are_reported_with_the_next_step() {
    let place = Place::new();
    place.put("tape", generated(500, 3));
    let names = evaluate(&place, &["tape"], "3");
    let part = place.read(&names[0]);
    place.put("cut", &part.as_bytes()[..part.len() / 2]);
    place.put("old", part.replace(r#""engine":""#, r#""engine":"9."#));
    let check = |run: Run, expected: &str| {
        assert_eq!((run.status, &*run.stdout), (2, ""), "{expected}");
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    };
    let replay = |arguments: &[&str]| place.run(&[&["replay"], arguments].concat());
    check(replay(&["--plan", "2"]), "TAPE");
    check(
        replay(&["-", "--plan", "2"]),
        "standard input cannot be divided into parts: save it to a file",
    );
    check(replay(&["tape", "--plan", "0"]), "1 to 100000");
    check(
        replay(&["tape", "--plan", "2", "--out", "x"]),
        "cannot be used with",
    );
    check(replay(&["--part", "plan"]), "--number");
    check(
        replay(&["--part", "plan", "--number", "4"]),
        "has 3 parts, so there is no part 4",
    );
    check(
        replay(&["--part", "tape", "--number", "1"]),
        "`tape` is not a plan",
    );
    check(
        replay(&["--part", "missing", "--number", "1"]),
        "cannot open `missing`",
    );
    check(
        replay(&["tape", "--part", "plan", "--number", "1"]),
        "cannot be used with",
    );
    let other = ["--part", "plan", "--number", "1", "--exit-owner", "other"];
    check(
        replay(&other),
        "`--exit-owner` (QUANTUM_EXIT_OWNER) differs from the plan, which has `exitbrain_v3_5`",
    );
    let same = [
        "--part",
        "plan",
        "--number",
        "1",
        "--exit-owner",
        "exitbrain_v3_5",
    ];
    assert_eq!(replay(&same).stdout, part);
    let merge = |names: &[&str]| place.run(&[&["merge"], names].concat());
    check(
        merge(&["part-1", "part-3"]),
        "`part-1` and `part-3` cannot be merged: a part is missing between them",
    );
    check(merge(&["cut"]), "`cut` is not a part, or it is cut off");
    check(
        merge(&["old"]),
        "`old` has format 1 and was written by version 9.",
    );
    check(merge(&["plan"]), "`plan` is not a part");
    check(merge(&[]), "PART");
    let tape = File::options()
        .append(true)
        .open(place.path().join("tape"))
        .unwrap();
    tape.set_len(1000).unwrap();
    check(
        replay(&["--part", "plan", "--number", "1"]),
        "`tape` has changed since the plan was made",
    );
}
