//! Parquet rows: each is one record with one answer, and a conversion does not change the answers.

use std::{fs::File, sync::Arc};

use arrow_array::{ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use crate::program::Place;
use crate::records::{START, policy, text};

/// One row of a test file.
#[derive(Debug, Clone, Default)]
struct Row {
    symbol: Option<String>,
    side: Option<String>,
    ts: Option<i64>,
    size: Option<f64>,
    event_type: Option<String>,
    sigma: Option<f64>,
    note: Option<String>,
    rest: Option<String>,
    record: Option<Vec<u8>>,
}

fn write(place: &Place, name: &str, rows: &[Row], shift: usize) {
    let texts = |of: fn(&Row) -> &Option<String>| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|row| of(row).clone())
                .collect::<StringArray>(),
        )
    };
    let numbers = |of: fn(&Row) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<Float64Array>())
    };
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("symbol", texts(|row| &row.symbol)),
        ("side", texts(|row| &row.side)),
        (
            "ts",
            Arc::new(rows.iter().map(|row| row.ts).collect::<Int64Array>()),
        ),
        ("size", numbers(|row| row.size)),
        ("event_type", texts(|row| &row.event_type)),
        ("market.sigma", numbers(|row| row.sigma)),
        ("note", texts(|row| &row.note)),
        ("rest", texts(|row| &row.rest)),
        (
            "record",
            Arc::new(
                rows.iter()
                    .map(|row| row.record.clone())
                    .collect::<BinaryArray>(),
            ),
        ),
    ];
    let count = columns.len();
    columns.rotate_left(shift % count);
    let schema = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    );
    let batch = schema.unwrap();
    let file = File::create(place.path().join(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Returns the answers to a tape, as bytes.
fn answers(place: &Place, tape: &str) -> String {
    let run = place.run(&["replay", tape, "--policy", "policy", "--out", "answers"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    place.read("answers")
}

fn convert(place: &Place, from: &str, to: &str) {
    let run = place.run(&["convert", from, "--out", to]);
    assert_eq!((run.status, &*run.stderr), (0, ""), "{from} {to}");
}

/// Checks that each row has one answer, and that conversions there and back do not change the answers.
#[track_caller]
fn check(rows: &[Row], shift: usize) {
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    write(&place, "rows", rows, shift);
    let expected = answers(&place, "rows");
    assert_eq!(expected.lines().count(), rows.len(), "{expected}");
    let mut from = "rows";
    for to in [
        "a.jsonl",
        "b.parquet",
        "c.jsonl.zst",
        "d.parquet",
        "e.jsonl",
    ] {
        convert(&place, from, to);
        let answers = answers(&place, to);
        let differing = answers
            .lines()
            .zip(expected.lines())
            .find(|(it, that)| it != that);
        assert_eq!(differing, None, "{to}");
        assert_eq!(answers.len(), expected.len(), "{to}");
        from = to;
    }
    let lines = std::fs::read(place.path().join("a.jsonl")).unwrap();
    assert_eq!(lines.split(|byte| *byte == b'\n').count(), rows.len() + 1);
}

/// Contents of `rest`.
const RESTS: [&str; 24] = [
    "{}",
    " { } ",
    "",
    " ",
    "null",
    "5",
    "[1]",
    "\"{}\"",
    "{\"leverage\": 5}",
    "{\"leverage\": 5, \"leverage\": 6}",
    "{\"symbol\": \"ETHUSDT\"}",
    "{\"\\u0073ymbol\": \"ETHUSDT\"}",
    "{\"a\": 1, \"a\": 2}",
    "{\"a\": {\"b\": [1, null, \"}\"]}}",
    "{\"a\": 1}, {\"b\": 2}",
    " {\"reduce_only\": true, \"source\": \"exitbrain_v3_5\"}\n",
    "{\"market\": {\"sigma\": 1}}",
    "{\"market.sigma\": 1}",
    "{\"rest\": 1, \"record\": 2}",
    "{\"data\": {}}",
    "{,}",
    "{\"a\": \"x\ny\"}",
    "{\"a\":\n1\r\n}",
    "{\u{a0}}",
];

/// Contents of `record`.
const RECORDS: [&str; 24] = [
    "",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\u{2003}",
    "\u{feff}",
    "\u{feff}{}",
    "\u{feff}\u{feff}{}",
    "{}",
    "{} ",
    "{}\r",
    "{}\r\r",
    "{\"a\": 1,\r\r",
    "\n{\n\"symbol\":\n\"BTCUSDT\", \"side\": \"BUY\", \"size\": 5}\n",
    "{\"symbol\": \"BTC\nUSDT\", \"side\": \"BUY\", \"size\": 5}",
    "{\"symbol\": \"BTC\rUSDT\"}",
    "{\"market.sigma\": 1, \"symbol\": \"BTCUSDT\"}",
    "{\"market\": {\"sigma\": 1}, \"market\": {\"ts\": 2}, \"symbol\": \"BTCUSDT\"}",
    "not JSON",
    "not JSON\r\n",
    "\"text\"",
    "[1, 2]",
    "{\"symbol\": null, \"symbol\": \"BTCUSDT\"}",
];

#[test]
fn every_content_of_rest_and_record_has_one_answer() {
    let ts = START * 1000;
    let intent = Row {
        symbol: Some("BTCUSDT".to_owned()),
        side: Some("BUY".to_owned()),
        ts: Some(ts),
        size: Some(5.0),
        ..Row::default()
    };
    let mut rows = Vec::new();
    for rest in RESTS {
        let rest = Some(rest.to_owned());
        rows.push(Row {
            rest: rest.clone(),
            ..intent.clone()
        });
        rows.push(Row {
            rest,
            ..Row::default()
        });
    }
    for record in RECORDS {
        let record = Some(record.as_bytes().to_vec());
        rows.push(Row {
            record: record.clone(),
            ..Row::default()
        });
        rows.push(Row {
            record: record.clone(),
            note: Some("n".to_owned()),
            ..Row::default()
        });
        rows.push(Row {
            record: record.clone(),
            rest: Some("{}".to_owned()),
            ..Row::default()
        });
    }
    rows.push(Row::default());
    rows.push(Row {
        record: Some(b"{\"symbol\": \"\xff\"}".to_vec()),
        ..Row::default()
    });
    for shift in [0, 8] {
        check(&rows, shift);
    }
}

/// A tape that begins with each record.
#[test]
fn a_byte_order_mark_at_the_beginning_of_a_record_is_kept() {
    for record in RECORDS {
        let record = Some(record.as_bytes().to_vec());
        check(
            &[Row {
                record,
                ..Row::default()
            }],
            0,
        );
    }
    let place = Place::new();
    for tape in ["\u{feff}{}\n", "\u{feff}\u{feff}{}\n", "{}\r\r\nx\r\r\n"] {
        place.put("policy", policy("p").to_string());
        place.put("t.jsonl", tape);
        let expected = answers(&place, "t.jsonl");
        convert(&place, "t.jsonl", "again.jsonl");
        assert_eq!(answers(&place, "again.jsonl"), expected);
    }
}

#[test]
fn an_unreadable_row_states_its_fault() {
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    let empty = Row {
        record: Some(Vec::new()),
        ..Row::default()
    };
    let rest = Row {
        rest: Some("[]".to_owned()),
        ..Row::default()
    };
    let two = Row {
        rest: Some("{}".to_owned()),
        ..empty.clone()
    };
    write(&place, "rows", &[empty, rest, two], 0);
    let details: Vec<String> = crate::records::objects(&answers(&place, "rows"))
        .iter()
        .map(|answer| {
            assert_eq!(text(answer, "reason"), "INTENT_UNREADABLE");
            text(answer, "detail").to_owned()
        })
        .collect();
    assert_eq!(
        details,
        [
            "the record is not a JSON object: line 1, column 19: expected a JSON object, found string \"`record` is empty\"",
            "the record is not a JSON object: line 2, column 29: expected a JSON object, found string \"`rest` is not a JSON object\"",
            "the record is not a JSON object: line 3, column 45: expected a JSON object, found string \"`record` is set together with other columns\"",
        ]
    );
}

fn any_row() -> impl Strategy<Value = Row> {
    let symbol = prop::option::of(prop::sample::select(vec![
        "BTCUSDT", "ETHUSDT", "", "a\"\n",
    ]));
    let side = prop::option::of(prop::sample::select(vec!["BUY", "SELL", "buy", "", "LONG"]));
    let ts = prop::option::of(prop_oneof![Just(START * 1000), any::<i64>()]);
    let size = prop::option::of(prop_oneof![Just(5.0), Just(0.1), any::<f64>()]);
    let event = prop::option::weighted(
        0.3,
        prop::sample::select(vec![
            "trade.intent",
            "position.snapshot",
            "policy.withdrawn",
            "x",
        ]),
    );
    let sigma = prop::option::weighted(0.2, any::<f64>());
    let note = prop::option::weighted(0.2, ".{0,5}");
    let rest = prop_oneof![
        3 => prop::sample::select(RESTS.to_vec()).prop_map(str::to_owned),
        1 => ".{0,8}",
        1 => "\\{\"[a-c]\": [0-9]\\}",
    ];
    let record = prop_oneof![
        3 => prop::sample::select(RECORDS.to_vec()).prop_map(|it| it.as_bytes().to_vec()),
        1 => "[ \r\n\\{\\}\"a:,]{0,8}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    let fields = (symbol, side, ts, size, event, sigma, note);
    let more = (
        prop::option::weighted(0.4, rest),
        prop::option::weighted(0.3, record),
    );
    (fields, more, any::<bool>()).prop_map(|(fields, (rest, record), is_alone)| {
        let (symbol, side, ts, size, event, sigma, note) = fields;
        let row = Row {
            symbol: symbol.map(str::to_owned),
            side: side.map(str::to_owned),
            ts,
            size,
            event_type: event.map(str::to_owned),
            sigma,
            note,
            rest,
            record: record.clone(),
        };
        match record {
            Some(_) if is_alone => Row {
                record,
                ..Row::default()
            },
            _ => row,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::Direct("tests/regressions/parquet_rows.txt"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_conversion_does_not_change_an_answer(rows in prop::collection::vec(any_row(), 1..60), shift in 0_usize..9) {
        check(&rows, shift);
    }
}
