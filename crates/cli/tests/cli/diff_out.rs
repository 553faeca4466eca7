//! Tests of `diff --out`, which writes every flip.

use std::fs::File;

use arrow_array::{
    Array, ArrayRef, RecordBatch,
    cast::AsArray as _,
    types::{Float64Type, Int64Type, TimestampMillisecondType},
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::{
    diff::pair,
    program::Place,
    records::{lines, objects, without_policies},
};

const POLICIES: [&str; 6] = [
    "diff",
    "--assume-in-force",
    "--policy",
    "before.json",
    "--policy",
    "after.json",
];

fn place() -> Place {
    let (before, mut after) = pair();
    after["universe_symbols"].as_array_mut().unwrap().remove(1);
    let place = Place::new();
    place.put("before.json", before.to_string());
    place.put("after.json", after.to_string());
    place.put("tape.jsonl", without_policies(4000, 5));
    place
}

/// Returns the JSON report of a comparison that writes its flips to `out`.
fn reported(place: &Place, arguments: &[&str], out: &str) -> Value {
    let run = place.run(&[arguments, &["--format", "json", "--out", out]].concat());
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn cell(values: &ArrayRef, row: usize) -> Value {
    if values.is_null(row) {
        return Value::Null;
    }
    if let Some(texts) = values.as_string_opt::<i32>() {
        json!(texts.value(row))
    } else if let Some(numbers) = values.as_primitive_opt::<Int64Type>() {
        json!(numbers.value(row))
    } else if let Some(numbers) = values.as_primitive_opt::<Float64Type>() {
        json!(numbers.value(row))
    } else if let Some(instants) = values.as_primitive_opt::<TimestampMillisecondType>() {
        json!(instants.value(row))
    } else {
        let texts = values.as_list::<i32>().value(row);
        json!(texts.as_string::<i32>().iter().collect::<Vec<_>>())
    }
}

/// Returns Parquet rows as JSON objects, without absent fields.
fn rows(place: &Place, name: &str) -> Vec<Value> {
    let file = File::open(place.path().join(name)).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches = builder.build().unwrap().map(Result::unwrap);
    batches.flat_map(|batch| objects_of(&batch)).collect()
}

fn objects_of(batch: &RecordBatch) -> Vec<Value> {
    let schema = batch.schema();
    let object = |row| {
        let mut object = json!({});
        for (field, values) in schema.fields().iter().zip(batch.columns()) {
            let value = cell(values, row);
            if value.is_null() {
                continue;
            }
            match field.name().split_once('.') {
                Some((side, name)) => object[side][name] = value,
                None => object[field.name()] = value,
            }
        }
        object
    };
    (0..batch.num_rows()).map(object).collect()
}

#[test]
fn every_flip_is_written_in_record_order() {
    let place = place();
    let report = reported(&place, &[&POLICIES[..], &["tape.jsonl"]].concat(), "flips");
    let flips = objects(&place.read("flips"));
    assert_eq!(report["flips"], flips.len());
    assert!(flips.is_sorted_by_key(|flip| flip["n"].as_u64()));
    for (kind, count) in report["kinds"].as_object().unwrap() {
        let of_kind = flips.iter().filter(|flip| flip["kind"] == *kind);
        assert_eq!(*count, of_kind.count(), "{kind}");
    }
    for flip in report["largest"].as_array().unwrap() {
        assert!(flips.contains(flip), "{flip}");
    }
    let more = reported(
        &place,
        &[&POLICIES[..], &["tape.jsonl"]].concat(),
        "flips.parquet",
    );
    assert_eq!(more, report);
    assert_eq!(rows(&place, "flips.parquet"), flips);
}

#[test]
fn recorded_answers_flip_without_a_cause() {
    let place = place();
    for (policy, out) in [("before.json", "old"), ("after.json", "new")] {
        place.run(&["replay", "tape.jsonl", "--policy", policy, "--out", out]);
    }
    let answers = ["diff", "--answers", "old", "--answers", "new"];
    let report = reported(&place, &answers, "flips");
    let flips = objects(&place.read("flips"));
    assert!(!flips.is_empty());
    assert_eq!(report["flips"], flips.len());
    assert!(flips.iter().all(|flip| flip.get("cause").is_none()));
    reported(&place, &answers, "flips.parquet");
    assert_eq!(rows(&place, "flips.parquet"), flips);
    let engine = [
        "diff",
        "--answers",
        "old",
        "tape.jsonl",
        "--policy",
        "after.json",
    ];
    reported(&place, &engine, "again");
    assert_eq!(objects(&place.read("again")), flips);
}

#[test]
fn without_flips_the_file_is_empty_and_valid() {
    let place = place();
    let same = [
        "diff",
        "--policy",
        "before.json",
        "--policy",
        "before.json",
        "tape.jsonl",
    ];
    reported(&place, &same, "flips");
    assert_eq!(place.read("flips"), "");
    reported(&place, &same, "flips.parquet");
    assert_eq!(rows(&place, "flips.parquet"), [Value::Null; 0]);
}

#[test]
fn a_dash_writes_the_flips_to_standard_output() {
    let place = place();
    let flips = [&POLICIES[..], &["tape.jsonl", "--out"]].concat();
    place.run(&[&flips[..], &["flips"]].concat());
    let run = place.run(&[&flips[..], &["-"]].concat());
    assert_eq!((run.status, run.stdout), (0, place.read("flips")));
    assert!(run.stderr.contains("flips"), "{}", run.stderr);
}

#[test]
fn inputs_and_other_outputs_are_not_overwritten() {
    let place = place();
    let check = |arguments: &[&str], expected: &str| {
        let run = place.run(&[&POLICIES[..], arguments].concat());
        assert_eq!((run.status, &*run.stdout), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    };
    let input = "it is an input of this run";
    check(&["tape.jsonl", "--out", "tape.jsonl"], input);
    let taken = "another output of this run has the same path";
    for other in ["--minimal", "--report"] {
        check(&["tape.jsonl", "--out", "x", other, "x"], taken);
    }
    place.put("torn", lines(&[json!({"symbol": "BTCUSDT"})]).repeat(9));
    place.put("torn.gz", &crate::records::gzip(&[b'x'; 99])[..20]);
    place.put("kept.parquet", "kept");
    check(&["torn", "torn.gz", "--out", "kept.parquet"], "torn.gz");
    assert_eq!(place.read("kept.parquet"), "kept");
}
