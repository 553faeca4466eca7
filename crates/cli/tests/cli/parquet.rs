//! Tests of tapes, answers and candles as Parquet.

use std::{fs::File, sync::Arc};

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int32Array, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
    cast::AsArray as _,
    types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType},
};
use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};
use serde_json::{Value, json};

use crate::program::Place;
use crate::records::{START, generated, lines, policy};

/// Returns the answers without `detail`, which contains positions in a line.
pub(crate) fn columns(answers: &[Value]) -> Vec<Value> {
    let mut answers = answers.to_vec();
    answers.iter_mut().for_each(|answer| {
        answer["detail"].take();
    });
    answers
}

/// Lines that do not fit into columns, each for a different reason.
const ODD: [&str; 16] = [
    r#"{"symbol": "BTCUSDT", "symbol": "ETHUSDT", "side": "BUY", "ts": 1767571201000, "size": 5}"#,
    r#"{"symbol": "BTCUSDT", "side": null, "side": "BUY", "ts": 1767571201000, "size": 5}"#,
    r#"{"symbol": "BTCUSDT", "side": "BUY", "ts": 1767571201000, "size": 1e999}"#,
    r#"{"symbol": "BTCUSDT", "side": "BUY", "ts": 1767571201000.0, "size": "12.5"}"#,
    r#"{"symbol": "BTCUSDT", "side": "BUY", "ts": "1767571201000", "size": 0.1, "leverage": "x"}"#,
    r#"{"symbol": 7, "side": "BUY", "ts": 1767571201000, "size": 5}"#,
    r#"{"symbol": "BTCUSDT", "side": "BUY", "timestamp": 1767571201, "size": 5, "reduce_only": "false"}"#,
    r#"{"symbol": "BTCUSDT", "side": "BUY", "ts": 1767571201000, "size": 5, "note": {"leverage": 99}}"#,
    r#"{"symbol": "BTCUSDT", "\u0073ide": "BUY", "ts": 1767571201000, "size": -0, "confidence": 1.50}"#,
    r#"{"event_type": "position.snapshot", "symbol": "BTCUSDT", "side": "LONG", "ts": 1767571201000, "market": {}}"#,
    r#"{"event_type": "position.snapshot", "symbol": "BTCUSDT", "side": "LONG", "ts": 1767571201000, "market": 5}"#,
    r#"{"event_type": "position.snapshot", "symbol": "BTCUSDT", "ts": 1767571201000, "market": {"sigma": 1, "x": 2}}"#,
    r#"{"data": {"symbol": "BTCUSDT", "side": "BUY", "size": 5}, "ts": 1767571201000}"#,
    r#"[1, 2]"#,
    r#"not JSON"#,
    r#"{}"#,
];

pub(crate) fn tape(seed: u64) -> Vec<u8> {
    let mut tape = generated(4_000, seed);
    for line in ODD {
        tape.extend_from_slice(line.as_bytes());
        tape.push(b'\n');
    }
    tape.extend_from_slice(b"{\"symbol\": \"\xff\"}\n");
    tape
}

#[track_caller]
fn write(place: &Place, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(place.path().join(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

/// Column types that other programs write: dictionaries, 32-bit numbers, timestamps, large strings, unknown columns.
/// The `market.*` columns become one object, even if they are not adjacent.
#[test]
fn market_columns_become_one_object() {
    let place = Place::new();
    let market = json!({"sigma": 0.25, "ts": 0.5, "p_trend": 0.75, "as_of": 1_767_571_200_000_i64});
    let record = json!({
        "event_type": "position.snapshot", "symbol": "BTCUSDT", "market": market, "note": "a word", "atr": 0.5,
    });
    place.put("tape.jsonl", lines(std::slice::from_ref(&record)));
    place.run(&["convert", "tape.jsonl", "--out", "t.parquet"]);
    let run = place.run(&["convert", "t.parquet", "--out", "-"]);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), record);
    let number = |of: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![of])) };
    write(
        &place,
        "tape",
        vec![
            ("market.sigma", number(0.25)),
            ("event_type", texts(&["position.snapshot"])),
            ("market.ts", number(0.5)),
            ("symbol", texts(&["BTCUSDT"])),
            ("market.p_trend", number(0.75)),
        ],
    );
    let run = place.run(&["convert", "tape", "--out", "-"]);
    let reported: Value = serde_json::from_str(&run.stdout).unwrap();
    let market = json!({"sigma": 0.25, "ts": 0.5, "p_trend": 0.75});
    let expected =
        json!({"event_type": "position.snapshot", "symbol": "BTCUSDT", "market": market});
    assert_eq!(reported, expected);
}

#[test]
fn tapes_of_other_programs_are_read() {
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    let symbols: DictionaryArray<Int32Type> =
        vec!["BTCUSDT", "ETHUSDT", "BTCUSDT"].into_iter().collect();
    let at = TimestampMicrosecondArray::from(vec![START * 1_000_000 + 1_500; 3]);
    write(
        &place,
        "tape",
        vec![
            ("symbol", Arc::new(symbols)),
            (
                "side",
                Arc::new(LargeStringArray::from(vec!["BUY", "SELL", "BUY"])),
            ),
            ("ts", Arc::new(at.with_timezone("UTC"))),
            (
                "leverage",
                Arc::new(Int32Array::from(vec![Some(3), None, Some(20)])),
            ),
            (
                "size",
                Arc::new(Float32Array::from(vec![100.1, f32::NAN, 50.0])),
            ),
            ("reduce_only", Arc::new(BooleanArray::from(vec![false; 3]))),
            ("leverages", Arc::new(Int64Array::from(vec![99; 3]))),
            (
                "nested",
                Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                    Some(
                        vec![Some(1)]
                    );
                    3
                ])),
            ),
        ],
    );
    let answers = place.answers(&["tape", "--policy", "policy"]);
    let reported: Vec<Value> = answers
        .iter()
        .map(|it| {
            json!([
                it["decision"],
                it["ts"],
                it["leverage"],
                it["size_usd"],
                it["reason"]
            ])
        })
        .collect();
    let ts = START * 1000 + 1;
    assert_eq!(
        reported,
        [
            json!(["TRADE", ts, 3.0, 100.1, null]),
            json!(["SKIP", ts, null, null, "POLICY_MISSING_SIZE"]),
            json!(["TRADE", ts, 8.0, 50.0, null]),
        ]
    );
}

#[test]
fn decimals_dates_and_dictionaries_are_read_as_their_values() {
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    // 2026-01-05 is day 20,458 since 1970.
    let sizes = Decimal128Array::from(vec![10_010, 5_000]);
    let sizes = sizes.with_precision_and_scale(20, 2).unwrap();
    let leverages: DictionaryArray<Int32Type> = DictionaryArray::new(
        Int32Array::from(vec![1, 0]),
        Arc::new(Float64Array::from(vec![2.0, 3.0])),
    );
    write(
        &place,
        "tape",
        vec![
            (
                "timestamp",
                Arc::new(Date32Array::from(vec![20_458, 20_458])),
            ),
            ("symbol", texts(&["BTCUSDT", "BTCUSDT"])),
            ("side", texts(&["BUY", "BUY"])),
            ("position_size_usd", Arc::new(sizes)),
            ("leverage", Arc::new(leverages)),
        ],
    );
    let answers = place.answers(&["tape", "--policy", "policy"]);
    let reported: Vec<Value> = answers
        .iter()
        .map(|it| json!([it["ts"], it["leverage"], it["size_usd"]]))
        .collect();
    assert_eq!(
        reported,
        [
            json!([START * 1000, 3.0, 100.1]),
            json!([START * 1000, 2.0, 50.0])
        ]
    );
}

#[test]
fn a_record_column_conflicts_with_field_columns() {
    let place = Place::new();
    let record = json!({"symbol": "BTCUSDT", "side": "BUY", "size": 5}).to_string();
    write(
        &place,
        "tape",
        vec![
            (
                "record",
                Arc::new(StringArray::from(vec![Some(&*record), Some(&record), None])),
            ),
            (
                "symbol",
                Arc::new(StringArray::from(vec![None, Some("ETHUSDT"), None])),
            ),
        ],
    );
    let answers = place.answers(&["tape"]);
    let reasons: Vec<_> = answers
        .iter()
        .map(|answer| answer["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        reasons,
        ["INTENT_INVALID", "INTENT_UNREADABLE", "INTENT_INVALID"]
    );
    let detail = answers[1]["detail"].as_str().unwrap();
    assert!(detail.contains("line 2"), "{detail}");
}

#[track_caller]
fn check_refused(place: &Place, expected: &str) {
    let run = place.run(&["replay", "tape", "--out", "answers"]);
    assert_eq!((run.status, &*run.stdout), (2, ""));
    assert_eq!(run.stderr, format!("portcullis: {expected}\n"));
}

#[test]
fn an_invalid_parquet_tape_is_refused() {
    let place = Place::new();
    let bools: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    write(
        &place,
        "tape",
        vec![("symbol", texts(&["X"])), ("leverage", Arc::clone(&bools))],
    );
    check_refused(
        &place,
        "`tape` cannot be read as Parquet: column `leverage` has type Boolean; it must contain numbers or text; 0 records were answered",
    );
    write(&place, "tape", vec![("symbol", bools)]);
    check_refused(
        &place,
        "`tape` cannot be read as Parquet: column `symbol` has type Boolean; it must contain text; 0 records were answered",
    );
    write(
        &place,
        "tape",
        vec![("a", texts(&["X"])), ("b", texts(&["Y"]))],
    );
    check_refused(
        &place,
        "`tape` cannot be read as Parquet: no column is a field of a record (`symbol`, `side`, `ts`, …); the columns are `a`, `b`; 0 records were answered",
    );
    let whole = {
        place.put("t.jsonl", generated(3_000, 1));
        place.run(&["convert", "t.jsonl", "--out", "tape.parquet"]);
        std::fs::read(place.path().join("tape.parquet")).unwrap()
    };
    place.put("tape", &whole[..whole.len() / 2]);
    let run = place.run(&["replay", "tape"]);
    assert_eq!((run.status, &*run.stdout), (2, ""));
    assert!(
        run.stderr
            .starts_with("portcullis: `tape` cannot be read as Parquet: "),
        "{}",
        run.stderr
    );
    let mut spoiled = whole.clone();
    let middle = whole.len() / 3;
    spoiled[middle..middle + 2_000].fill(0x5a);
    place.put("tape", spoiled);
    let run = place.run(&["replay", "tape"]);
    assert_eq!((run.status, &*run.stdout), (2, ""));
    assert!(
        run.stderr.contains("records were answered"),
        "{}",
        run.stderr
    );
    let run = place.run_with(&["replay", "-"], whole);
    assert_eq!(
        (run.status, &*run.stderr),
        (
            2,
            "portcullis: `standard input` contains Parquet, which can be read only from a regular file or a server with range requests; save it to a file and give that file; 0 records were answered\n"
        )
    );
}

#[test]
fn a_file_without_rows_is_a_tape_without_records() {
    let place = Place::new();
    place.put("empty.jsonl", "");
    assert_eq!(
        place
            .run(&["convert", "empty.jsonl", "--out", "empty.parquet"])
            .stdout,
        "0 records\n"
    );
    assert_eq!(place.summary(&["empty.parquet"])["records"], 0);
}

/// Returns a value of a column as JSON; `None` if it is null.
fn value(column: &ArrayRef, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return None;
    }
    Some(
        if let Some(whole) = column.as_primitive_opt::<Int64Type>() {
            whole.value(row).into()
        } else if let Some(number) = column.as_primitive_opt::<Float64Type>() {
            number.value(row).into()
        } else if let Some(millis) = column.as_primitive_opt::<TimestampMillisecondType>() {
            millis.value(row).into()
        } else if let Some(list) = column.as_list_opt::<i32>() {
            let list = list.value(row);
            let texts = list.as_string::<i32>().iter().map(|text| text.unwrap());
            texts.collect::<Vec<_>>().into()
        } else {
            column.as_string::<i32>().value(row).into()
        },
    )
}

#[test]
fn parquet_answers_equal_json_answers() {
    let place = Place::new();
    place.put("tape", tape(5));
    let expected = place.answers(&["tape"]);
    let summary = place.summary(&["tape", "--out", "answers.parquet"]);
    assert_eq!(summary, place.summary(&["tape"]));
    let file = File::open(place.path().join("answers.parquet")).unwrap();
    let batches = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let mut rows = Vec::new();
    for batch in batches {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let fields = schema.fields().iter().zip(batch.columns());
            let fields = fields
                .filter_map(|(field, column)| Some((field.name().clone(), value(column, row)?)));
            rows.push(Value::Object(fields.collect()));
        }
    }
    assert_eq!(rows.len(), expected.len());
    for (row, mut answer) in rows.into_iter().zip(expected) {
        // Numeric columns are doubles, even if the JSON number has no fraction.
        for value in answer.as_object_mut().unwrap().iter_mut() {
            if let (name, Value::Number(number)) = value
                && !["n", "ts", "not_after"].contains(&&**name)
            {
                *value.1 = number.as_f64().unwrap().into();
            }
        }
        assert_eq!(row, answer);
    }
}

#[test]
fn candles_are_read_from_parquet() {
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    let entry = json!({"id": format!("{}-0", (START + 30) * 1000), "symbol": "BTCUSDT", "side": "BUY", "size": 1000, "stop_loss": 90});
    place.put("tape", lines(&[entry]));
    let prices = [100.0, 100.5, 101.25, 99.0];
    let price =
        |of: fn(f64) -> f64| -> ArrayRef { Arc::new(Float64Array::from(prices.map(of).to_vec())) };
    let minute = |n: i64| START + n * 60;
    let csv: String = prices
        .iter()
        .zip(0..)
        .map(|(p, n)| format!("{},{p},{},{},{p}\n", minute(n), p + 1.0, p - 1.0))
        .collect();
    place.put(
        "BTCUSDT.csv",
        format!("timestamp,open,high,low,close\n{csv}"),
    );
    let run = |file: &str| {
        let symbol = format!("BTCUSDT={file}");
        place.run(&[
            "simulate",
            "tape",
            "--policy",
            "policy",
            "--candles",
            &symbol,
            "--cash",
            "2000",
            "--out",
            "-",
        ])
    };
    let expected = run("BTCUSDT.csv");
    assert_eq!(expected.status, 0, "{}", expected.stderr);
    assert!(expected.stdout.contains("\"open\""), "{}", expected.stdout);
    let columns = |time: (&'static str, ArrayRef)| {
        vec![
            time,
            ("open", price(|p| p)),
            ("high", price(|p| p + 1.0)),
            ("low", price(|p| p - 1.0)),
            ("close", price(|p| p)),
            ("volume", price(|_| f64::NAN)),
        ]
    };
    let micros =
        TimestampMicrosecondArray::from([0, 1, 2, 3].map(|n| minute(n) * 1_000_000).to_vec());
    write(&place, "times", columns(("timestamp", Arc::new(micros))));
    let millis = Int64Array::from([0, 1, 2, 3].map(|n| minute(n) * 1000).to_vec());
    write(&place, "millis", columns(("open_time", Arc::new(millis))));
    for file in ["times", "millis"] {
        assert_eq!(
            (run(file).status, run(file).stdout),
            (0, expected.stdout.clone()),
            "{file}"
        );
    }
    let refused = |file: &str| {
        let run = run(file);
        assert_eq!((run.status, &*run.stdout), (2, ""));
        run.stderr
    };
    let bools: ArrayRef = Arc::new(BooleanArray::from(vec![true; 4]));
    write(&place, "bools", columns(("timestamp", bools)));
    assert_eq!(
        refused("bools"),
        "portcullis: cannot read candles from `bools` as Parquet: column `timestamp` has type Boolean; expected numbers, timestamps, dates or text\n"
    );
    write(
        &place,
        "none",
        vec![
            ("open_time", Arc::new(Int64Array::from(vec![1]))),
            ("open", price(|p| p).slice(0, 1)),
        ],
    );
    assert_eq!(
        refused("none"),
        "portcullis: `none` has no column `high`; the required columns are a time (timestamp, date, open_time, …), open, high, low, close; the file has `open_time`, `open`\n"
    );
    let back = Int64Array::from([0, 1, 1, 2].map(|n| minute(n) * 1000).to_vec());
    write(&place, "back", columns(("open_time", Arc::new(back))));
    assert!(refused("back").starts_with("portcullis: `back`, row 3: the time of the candle is "));
}
