//! Tests of tapes in S3 and on web servers. All servers are on the local host.

#[path = "../../../../../tests/support/web.rs"]
mod web;

mod s3;
mod web_servers;

use std::process::Command;

use crate::{
    program::{Place, Run},
    records::{generated, gzip, zstd},
};

/// Returns a command that does not use a proxy, and without the environment variables of S3.
fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
    }
    command.env("NO_PROXY", "127.0.0.1");
    command
}

fn run(place: &Place, arguments: &[&str]) -> Run {
    Run::new(&command(place, arguments).output().unwrap())
}

/// Returns a tape of more than one block of a request. Its records have a long field that cannot be compressed well.
fn long_tape() -> Vec<u8> {
    let records = generated(1200, 5);
    let mut hasher = blake3::Hasher::new();
    let mut tape = Vec::new();
    for line in records.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"{") {
            Some(rest) => {
                let mut pad = [0; 900];
                hasher.update(line).finalize_xof().fill(&mut pad);
                let digits = pad.map(|byte| format!("{byte:02x}")).concat();
                tape.extend([br#"{"pad":""#, digits.as_bytes(), br#"","#, rest].concat());
            }
            None => tape.extend(line),
        }
    }
    assert!(tape.len() > 2 * 1024 * 1024, "{}", tape.len());
    tape
}

/// Returns the same tape in all formats, with the extensions of their names.
fn tapes(place: &Place) -> Vec<(&'static str, Vec<u8>)> {
    let plain = long_tape();
    place.put("tape.jsonl", &plain);
    let converted = place.run(&["convert", "tape.jsonl", "--out", "tape.parquet"]);
    assert_eq!(converted.status, 0, "{}", converted.stderr);
    let parquet = std::fs::read(place.path().join("tape.parquet")).unwrap();
    vec![
        ("jsonl", plain.clone()),
        ("jsonl.gz", gzip(&plain)),
        ("jsonl.zst", zstd(&plain)),
        ("parquet", parquet),
    ]
}

/// The results of a replay that do not depend on the names of the tapes: the digest and the answers.
fn replayed(place: &Place, arguments: &[&str], run: impl Fn(&[&str]) -> Run) -> (String, String) {
    let options = ["replay", "--format", "json", "--out", "answers"];
    let run = run(&[&options, arguments].concat());
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
    let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    (summary["digest"].to_string(), place.read("answers"))
}

/// Makes a plan of these tapes, evaluates its parts, and returns the merged summary and the answers.
fn in_parts(tapes: &[&str], place: &Place, run: impl Fn(&[&str]) -> Run) -> (String, String) {
    let done = |arguments: &[&str]| {
        let run = run(arguments);
        assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
        run.stdout
    };
    let plan = done(&[&["replay", "--plan", "5"], tapes].concat());
    place.put("plan", &plan);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let mut answers = String::new();
    let numbers = 1..=plan["parts"].as_array().unwrap().len();
    let names = numbers.map(|number| {
        let number = number.to_string();
        let part = ["replay", "--part", "plan", "--out", "of-part", "--number"];
        let name = format!("part-{number}");
        place.put(&name, done(&[&part[..], &[&number]].concat()));
        answers.push_str(&place.read("of-part"));
        name
    });
    let names: Vec<String> = names.collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    (done(&[&["merge"], &*names].concat()), answers)
}
