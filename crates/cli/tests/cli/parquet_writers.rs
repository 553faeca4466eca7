//! Tapes that pandas, polars, DuckDB and pyarrow write in the test run.

use std::{fs, path::Path, process::Command};

use crate::program::{Place, python};
use crate::records::policy;

/// Returns the answers to a tape, or the message.
fn answers(place: &Place, tape: &str) -> Result<String, String> {
    let run = place.run(&["replay", tape, "--policy", "policy", "--out", "answers"]);
    match run.status {
        0 => Ok(place.read("answers")),
        _ => Err(run.stderr),
    }
}

#[test]
fn tapes_of_all_writers_have_the_same_answers_or_are_refused() {
    let python = python();
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/writers.py");
    let output = Command::new(python)
        .arg(script)
        .arg(place.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected = answers(&place, "pyarrow.parquet").unwrap();
    let lines: Vec<&str> = expected.lines().collect();
    for (line, part) in lines.iter().zip([
        "\"leverage\":5.0,",
        "\"decision\":\"TRADE\"",
        "POLICY_UNIVERSE_FILTER",
        "\"leverage_requested\":50.0,",
    ]) {
        assert!(line.contains(part), "{part}: {line}");
    }
    let mut names: Vec<String> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".parquet"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 15, "{names:?}");
    for name in &names {
        let found = answers(&place, name);
        match name.split_once('-') {
            Some(("refused", kind)) => {
                let message = found.unwrap_err();
                let cure = if kind.starts_with("nan") {
                    "write it with `df[\"leverage\"].astype(\"Float64\")`"
                } else {
                    "write it with `df[\"reduce_only\"].astype(\"boolean\")`"
                };
                assert!(message.contains(cure), "{name}: {message}");
            }
            Some(("short", _)) => {
                let found = found.unwrap();
                assert_eq!(found.lines().collect::<Vec<_>>(), lines[..3], "{name}");
            }
            Some(("naive", _)) => {
                let run = place.run(&["replay", name, "--policy", "policy"]);
                assert!(run.stdout.contains("read as UTC"), "{name}: {}", run.stdout);
            }
            _ => assert_eq!(found.as_deref(), Ok(&*expected), "{name}"),
        }
    }
}
