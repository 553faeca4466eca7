//! Tests of `convert`: tapes from JSON Lines to Parquet and back.

use serde_json::{Value, json};

use crate::parquet::{columns, tape};
use crate::program::Place;
use crate::records::{generated, lines};

#[test]
fn a_tape_survives_conversion_to_parquet_and_back() {
    for seed in 1..4 {
        let place = Place::new();
        place.put("tape.jsonl", tape(seed));
        let expected = place.summary(&["tape.jsonl"]);
        let answers = columns(&place.answers(&["tape.jsonl"]));
        let mut from = "tape.jsonl";
        for to in [
            "tape.parquet",
            "again.jsonl.gz",
            "again.parquet",
            "again.jsonl.zst",
            "last.jsonl",
        ] {
            let run = place.run(&["convert", from, "--out", to]);
            assert_eq!((run.status, &*run.stderr), (0, ""), "{to}");
            assert_eq!(run.stdout, "4,017 records\n", "{to}");
            for threads in ["1", "3"] {
                let mut summary = place.summary(&[to, "--threads", threads]);
                summary["tapes"] = expected["tapes"].clone();
                assert_eq!(summary, expected, "{to}");
            }
            assert_eq!(columns(&place.answers(&[to])), answers, "{to}");
            from = to;
        }
    }
}

#[test]
fn unused_fields_are_kept() {
    let place = Place::new();
    let record = json!({"symbol": "BTCUSDT", "side": "BUY", "size": 5, "atr": 0.02, "why": {"a": [1, "\"}"]}});
    place.put(
        "tape.jsonl",
        lines(&[record.clone(), json!({"symbol": "X"})]),
    );
    assert_eq!(
        place
            .run(&["convert", "tape.jsonl", "--out", "t.parquet"])
            .status,
        0
    );
    let run = place.run(&["convert", "t.parquet", "--out", "-"]);
    assert_eq!((run.status, &*run.stderr), (0, "2 records\n"));
    let mut again = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut first = again.next().unwrap();
    // A numeric column does not distinguish 5 from 5.0.
    assert_eq!(first["size"].take().as_f64(), Some(5.0));
    let mut expected = record;
    expected["size"].take();
    assert_eq!(first, expected);
}

#[test]
fn an_input_is_not_overwritten() {
    let place = Place::new();
    place.put("tape", generated(10, 1));
    let run = place.run(&["convert", "tape", "--out", "tape"]);
    assert_eq!(
        (run.status, &*run.stderr),
        (
            2,
            "portcullis: cannot write `tape`: it is an input of this run\n"
        )
    );
}
