//! Tests of damaged candle files, for which the decoders panic.

use std::{fs, sync::Arc};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_ipc::{
    CompressionType,
    writer::{FileWriter, IpcWriteOptions},
};
use parquet::arrow::ArrowWriter;

use crate::program::Place;

fn batch() -> RecordBatch {
    let prices = || -> ArrayRef { Arc::new(Float64Array::from(vec![100.0; 3])) };
    let times = vec![1_767_571_200, 1_767_571_260, 1_767_571_320];
    let times: ArrayRef = Arc::new(Int64Array::from(times));
    RecordBatch::try_from_iter([
        ("timestamp", times),
        ("open", prices()),
        ("high", prices()),
        ("low", prices()),
        ("close", prices()),
    ])
    .unwrap()
}

/// Checks that each changed file is read, or is refused with one line that names the file.
fn check(whole: &[u8]) {
    const RUNS: usize = 80;
    let place = Place::new();
    place.put("tape.jsonl", "");
    let path = place.path().join("BTCUSDT");
    let mut refused = 0;
    for n in 0..RUNS {
        let mut changed = whole.to_vec();
        changed[8 + n * (whole.len() - 8) / RUNS] ^= 0xff;
        fs::write(&path, changed).unwrap();
        let run = place.run(&[
            "simulate",
            "tape.jsonl",
            "--candles",
            "BTCUSDT",
            "--cash",
            "1",
        ]);
        if run.status == 2 {
            refused += 1;
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
            assert!(run.stderr.starts_with("portcullis: "), "{}", run.stderr);
            assert!(run.stderr.contains("`BTCUSDT`"), "{}", run.stderr);
        }
    }
    assert!(refused > RUNS / 4, "{refused}");
}

#[test]
fn a_damaged_feather_file_is_refused_in_one_line() {
    let compression = Some(CompressionType::LZ4_FRAME);
    let options = IpcWriteOptions::default().try_with_compression(compression);
    let batch = batch();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options.unwrap()).unwrap();
    writer.write(&batch).unwrap();
    check(&writer.into_inner().unwrap());
}

#[test]
fn a_damaged_parquet_file_is_refused_in_one_line() {
    let batch = batch();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    check(&writer.into_inner().unwrap());
}
