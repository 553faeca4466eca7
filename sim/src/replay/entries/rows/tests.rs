//! Rows have the same answers as the lines that are written for them, for every type of column.

use std::sync::Arc;

use arrow_array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int32Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt8Array, UInt64Array,
    builder::{StringDictionaryBuilder, StringRunBuilder},
    types::{Int8Type, Int32Type},
};
use portcullis::{guardrails::Guardrails, policy::Policy, policy::PolicyUnavailable};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::super::{
    super::{
        Counts,
        answer_rows::AnswerColumns,
        chunk_output::{AnswerBuffer, ChunkOutput},
        replayer::{Replayer, Workspace},
        timeline::Timeline,
    },
    tests::{EXPIRY_MS, cases, guardrails, policy, replayer},
};
use super::*;
use crate::tape::{
    Chunk, TapeReader, TapeSource,
    table::{Columns, FIELDS, Kind},
    write_line,
};

/// The number of rows of a random table.
const ROWS: usize = 6;

type Values<T> = Vec<Option<T>>;

fn shared(values: impl Array + 'static) -> ArrayRef {
    Arc::new(values)
}

fn values<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Values<T>> {
    vec(option::weighted(0.8, value), ROWS)
}

/// Returns texts as a column of any type of text.
fn texts(texts: impl Strategy<Value = String>) -> impl Strategy<Value = ArrayRef> {
    (values(texts), 0..6_u8).prop_map(|(texts, kind)| -> ArrayRef {
        match kind {
            0 => Arc::new(texts.into_iter().collect::<StringArray>()),
            1 => Arc::new(texts.into_iter().collect::<LargeStringArray>()),
            2 => Arc::new(texts.into_iter().collect::<StringViewArray>()),
            3 => {
                let mut to = StringDictionaryBuilder::<Int8Type>::new();
                texts
                    .iter()
                    .for_each(|text| to.append_option(text.as_ref()));
                Arc::new(to.finish())
            }
            4 => {
                let mut to = StringRunBuilder::<Int32Type>::new();
                texts
                    .iter()
                    .for_each(|text| to.append_option(text.as_ref()));
                Arc::new(to.finish())
            }
            // A slice of a longer column.
            _ => {
                let more = ["x".to_owned()].into_iter().map(Some).chain(texts);
                Arc::new(more.collect::<StringArray>().slice(1, ROWS))
            }
        }
    })
}

fn numbers() -> impl Strategy<Value = ArrayRef> {
    let whole =
        || prop_oneof![5 => 0..200_i64, 1 => select(vec![-3, i64::MAX, 1 << 53, (1 << 53) + 1])];
    let float = || {
        prop_oneof![
            5 => (0..100_000_u32).prop_map(|it| f64::from(it) / 100.0),
            1 => select(vec![-0.0, -5.0, f64::NAN, f64::INFINITY, 1e300, 5e-324, 0.1 + 0.2, 1e22, 123_456_789_012_345_680.0]),
        ]
    };
    prop_oneof![
        4 => values(float()).prop_map(|it| shared(Float64Array::from(it))),
        1 => values(float()).prop_map(|it| {
            #[expect(clippy::cast_possible_truncation, clippy::as_conversions, reason = "the nearest number is meant")]
            let narrow = it.into_iter().map(|it| it.map(|it| it as f32));
            shared(narrow.collect::<Float32Array>())
        }),
        1 => values(whole()).prop_map(|it| shared(Int64Array::from(it))),
        1 => values(-5..200_i32).prop_map(|it| shared(Int32Array::from(it))),
        1 => values(any::<u64>()).prop_map(|it| shared(UInt64Array::from(it))),
        1 => values(0..9_u8).prop_map(|it| shared(UInt8Array::from(it))),
        1 => (values(-500..50_000_i128), 0..4_i8).prop_map(|(it, scale)| {
            let decimals = Decimal128Array::from(it).with_precision_and_scale(30, scale);
            shared(decimals.unwrap())
        }),
        1 => texts(select(vec!["5", "0.5", "1e2", "NaN", "-1", "", "7 "]).prop_map(str::to_owned)),
    ]
}

fn millis() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => (-4_i64..4).prop_map(|seconds| EXPIRY_MS + seconds * 1_000),
        1 => select(vec![0, -1, i64::MAX, 4_102_444_800_000]),
    ]
}

/// Returns timestamps or dates.
fn instants(has_zone: impl Strategy<Value = bool>) -> impl Strategy<Value = ArrayRef> {
    (values(millis()), 0..5_u8, has_zone, 0..1_000_i64).prop_map(
        |(it, unit, has_zone, more)| -> ArrayRef {
            let zone = has_zone.then_some("+01:00");
            let times = it.into_iter();
            match unit {
                0 => {
                    let all = times.map(|it| it.map(|it| it.div_euclid(1_000)));
                    Arc::new(
                        all.collect::<TimestampSecondArray>()
                            .with_timezone_opt(zone),
                    )
                }
                1 => Arc::new(
                    times
                        .collect::<TimestampMillisecondArray>()
                        .with_timezone_opt(zone),
                ),
                2 => {
                    let all =
                        times.map(|it| it.map(|it| it.wrapping_mul(1_000).wrapping_add(more)));
                    Arc::new(
                        all.collect::<TimestampMicrosecondArray>()
                            .with_timezone_opt(zone),
                    )
                }
                3 => {
                    let all =
                        times.map(|it| it.map(|it| it.wrapping_mul(1_000_000).wrapping_sub(more)));
                    Arc::new(
                        all.collect::<TimestampNanosecondArray>()
                            .with_timezone_opt(zone),
                    )
                }
                _ => {
                    let days = times
                        .map(|it| it.map(|it| i32::try_from(it / 86_400_000).unwrap_or(i32::MAX)));
                    Arc::new(days.collect::<Date32Array>())
                }
            }
        },
    )
}

/// Returns the values of a column that does not have a null in every row, with its name.
fn column(name: &'static str, kind: Kind) -> BoxedStrategy<ArrayRef> {
    let words = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        texts(select(words)).boxed()
    };
    match (name, kind) {
        ("id", _) => texts((millis(), 0..3_u8).prop_map(|(at, n)| format!("{at}-{n}"))).boxed(),
        ("symbol", _) => words(&["BTCUSDT", "ETHUSDT", "XRPUSDT", "BTCUSDT\0", "", "A B", "1000000000000000PEPEUSDT"]),
        ("action" | "side", _) => words(&["BUY", "BUY", "SELL", "LONG", "SHORT", "buy", "CLOSE"]),
        ("source", _) => words(&["desk", "exitbrain_v3_5", "desk\0", "", "a source with a long name", "\"\n"]),
        ("event_type", _) => words(&["trade.intent", "trade.intent", "position.snapshot", "policy.withdrawn", "x"]),
        (_, Kind::Text) => words(&["", "m", "\"", "trade"]),
        (_, Kind::Number) => numbers().boxed(),
        (_, Kind::Flag) => prop_oneof![
            values(any::<bool>()).prop_map(|it| shared(BooleanArray::from(it))),
            values(0..3_i32).prop_map(|it| shared(Int32Array::from(it))),
        ]
        .boxed(),
        (_, Kind::Millis) => prop_oneof![
            3 => values(millis()).prop_map(|it| shared(Int64Array::from(it))),
            // Values of `ts` without a time zone are counted, but a line of JSON does not show whether there was one.
            2 => instants(Just(true)),
            1 => texts(millis().prop_map(|it| it.to_string())),
        ]
        .boxed(),
        (_, Kind::Time) => prop_oneof![
            1 => numbers(),
            2 => instants(any::<bool>()),
            2 => words(&["2026-01-05T00:00:00Z", "2026-01-04 23:59:58", "2026-01-05T01:00:01+01:00", "2026-01-05", "5"]),
        ]
        .boxed(),
    }
}

/// The columns that most tables have.
const USUAL: [&str; 6] = [
    "id",
    "ts",
    "symbol",
    "side",
    "position_size_usd",
    "leverage",
];

fn table() -> impl Strategy<Value = RecordBatch> {
    let usual = USUAL.map(|name| field(name).boxed()).to_vec();
    let names: Vec<&str> = FIELDS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !USUAL.contains(name))
        .collect();
    let other = select(names).prop_flat_map(field);
    let special = prop_oneof![
        8 => Just(None),
        1 => values(select(vec![&b"{}"[..], b"\xff", b"{\"symbol\":\"BTCUSDT\"}"]))
            .prop_map(|it| Some(("record", shared(BinaryArray::from(it))))),
        1 => texts(select(vec!["{}", "5", "{\"leverage\":3}", "{\"note\":1}"]).prop_map(str::to_owned))
            .prop_map(|it| Some(("rest", it))),
        1 => Just(Some(("model", shared(NullArray::new(ROWS))))),
    ];
    (usual, vec(other, 0..4), special).prop_map(|(mut columns, others, special)| {
        for column in others.into_iter().chain(special) {
            if !columns.iter().any(|(name, _)| *name == column.0) {
                columns.push(column);
            }
        }
        let columns = columns
            .into_iter()
            .map(|(name, column)| (name, column, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    })
}

fn field(name: &'static str) -> impl Strategy<Value = (&'static str, ArrayRef)> {
    let (_, kind) = FIELDS.iter().find(|(known, _)| *known == name).unwrap();
    column(name, *kind).prop_map(move |values| (name, values))
}

fn rows(batch: &RecordBatch) -> Chunk {
    let columns = Columns::of(&batch.schema(), false).unwrap();
    let rows = Rows::new(Arc::new(columns), batch, 1 << 20).unwrap();
    Chunk::of_rows(rows, 0, 1)
}

fn first_policy() -> Timeline {
    Timeline::new(
        Policy::from_json(&policy("first", EXPIRY_MS)).map_err(PolicyUnavailable::Invalid),
    )
}

/// Replays chunks, and returns the answers in some columns.
fn columns(
    replayer: &Replayer,
    chunks: impl IntoIterator<Item = Chunk>,
    answers: AnswerBuffer,
) -> Vec<ArrayRef> {
    let mut timeline = first_policy();
    let mut output = ChunkOutput::new(answers);
    let (mut workspace, mut n) = (Workspace::default(), 1);
    for chunk in chunks {
        n += replayer.chunk(&chunk, n, &mut timeline, &mut workspace, &mut output);
    }
    match &mut output.answers {
        AnswerBuffer::Columns(columns) | AnswerBuffer::Table(columns) => columns.take(),
        AnswerBuffer::Nothing | AnswerBuffer::Lines(_) | AnswerBuffer::ArmColumns(_) => {
            panic!("no columns")
        }
    }
}

/// Checks that a table of answers has the answers to the lines of the rows.
#[track_caller]
fn check_table(replayer: &Replayer, batch: &RecordBatch, selects: impl Fn(&str) -> bool) {
    let tape = tape(batch);
    let select = || Box::new(AnswerColumns::select(&selects));
    let found = columns(replayer, [rows(batch)], AnswerBuffer::Table(select()));
    let expected = columns(replayer, lines(&tape), AnswerBuffer::Columns(select()));
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(&tape));
    assert!(found.iter().all(|column| column.len() == batch.num_rows()));
}

/// Replays chunks, and returns the digest rows, the answers, and the counts as text.
fn run(
    replayer: &Replayer,
    chunks: impl IntoIterator<Item = Chunk>,
    answers: fn() -> AnswerBuffer,
) -> (Vec<u8>, Vec<u8>, String) {
    let mut timeline = first_policy();
    let mut workspace = Workspace::default();
    let mut all = (Vec::new(), Vec::new(), Counts::default());
    let mut n = 1;
    for chunk in chunks {
        let mut output = ChunkOutput::new(answers());
        n += replayer.chunk(&chunk, n, &mut timeline, &mut workspace, &mut output);
        all.0.extend_from_slice(&output.rows);
        all.1.extend_from_slice(output.lines());
        all.2.merge(&output.counts);
    }
    (all.0, all.1, format!("{:?}", all.2))
}

/// Returns the rows as a tape of lines.
fn tape(batch: &RecordBatch) -> Vec<u8> {
    let mut tape = Vec::new();
    for line in rows(batch).lines() {
        let bytes = match line.content {
            crate::tape::LineContent::Text(text) => text.as_bytes(),
            crate::tape::LineContent::NotUtf8 { bytes, .. } => bytes,
            crate::tape::LineContent::TooLong => panic!("a line is too long"),
        };
        write_line(&mut tape, bytes, line.number == 1).unwrap();
    }
    tape
}

fn lines(tape: &[u8]) -> impl Iterator<Item = Chunk> {
    let source = TapeSource::Memory {
        name: "a test",
        bytes: tape.to_vec().into(),
    };
    TapeReader::new(vec![source]).map(Result::unwrap)
}

#[track_caller]
fn check(replayer: &Replayer, batch: &RecordBatch) {
    let tape = tape(batch);
    let shown = String::from_utf8_lossy(&tape);
    for answers in [|| AnswerBuffer::Nothing, || AnswerBuffer::Lines(Vec::new())] {
        let found = run(replayer, [rows(batch)], answers);
        let expected = run(replayer, lines(&tape), answers);
        assert_eq!(found.0.len(), expected.0.len(), "{shown}");
        assert_eq!(
            String::from_utf8_lossy(&found.1),
            String::from_utf8_lossy(&expected.1),
            "{shown}"
        );
        assert_eq!(found.2, expected.2, "{shown}");
        assert!(found.0 == expected.0, "{shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn rows_have_the_answers_of_their_lines(
        batch in table(),
        guardrails in guardrails(),
        now in option::weighted(0.2, -2_i64..2),
    ) {
        let now = now.map(|seconds| Timestamp::from_millis(EXPIRY_MS + seconds * 1_000).unwrap());
        let replayer = replayer(guardrails, now);
        check(&replayer, &batch);
        check_table(&replayer, &batch, |_| true);
        check_table(&replayer, &batch, |name| name != "detail");
    }

    #[test]
    fn selected_columns_have_the_answers_of_the_lines(
        batch in table(),
        guardrails in guardrails(),
        selected in any::<u64>(),
    ) {
        let names = AnswerColumns::NAMES.iter();
        let selects = |name: &str| names.clone().zip(0..).any(|(it, bit)| *it == name && selected >> bit & 1 == 1);
        check_table(&replayer(guardrails, None), &batch, selects);
    }

    #[test]
    fn rows_are_decided_at_their_own_times(
        batch in table(),
        guardrails in guardrails(),
        times in vec((-4_i64..4).prop_map(|seconds| Timestamp::from_millis(EXPIRY_MS + seconds * 1_000).unwrap()), ROWS),
    ) {
        let of_rows = |batch: &RecordBatch| {
            let columns = Columns::of(&batch.schema(), false).unwrap();
            let rows = Rows::new(Arc::new(columns), batch, 1 << 20).unwrap();
            Chunk::of_rows(rows.with_times(times.clone()), 0, 1)
        };
        let replayer = replayer(guardrails, None);
        let (digest, answers, _) = run(&replayer, [of_rows(&batch)], || AnswerBuffer::Lines(Vec::new()));
        let table = || AnswerBuffer::Table(Box::new(AnswerColumns::select(|name| name != "detail")));
        let found = columns(&replayer, [of_rows(&batch)], table());
        // Each line is decided alone.
        let (mut timeline, mut workspace) = (first_policy(), Workspace::default());
        let mut expected = ChunkOutput::with_lines();
        let mut expected_columns = ChunkOutput::new(table());
        for (chunk, n) in lines(&tape(&batch)).zip(1..) {
            for (line, (n, at)) in chunk.lines().zip((n..).zip(&times)) {
                let scratch = &mut workspace.scratch;
                replayer.line((line, n, Some(*at)), &mut timeline.clone(), scratch, &mut expected_columns);
                replayer.line((line, n, Some(*at)), &mut timeline, scratch, &mut expected);
            }
        }
        let shown = String::from_utf8_lossy(&answers);
        prop_assert_eq!(&shown, &String::from_utf8_lossy(expected.lines()));
        prop_assert_eq!(digest, expected.rows);
        let AnswerBuffer::Table(expected) = &mut expected_columns.answers else { panic!("a table") };
        prop_assert_eq!(found, expected.take());
    }
}

#[test]
fn times_without_a_time_zone_are_counted() {
    let count = |name: &str, zone: Option<&str>| {
        let at = [Some(EXPIRY_MS * 1_000), None];
        let at = TimestampMicrosecondArray::from_iter(at).with_timezone_opt(zone);
        let symbols = StringArray::from(vec!["BTCUSDT"; 2]);
        let columns: [(&str, ArrayRef); 2] = [("symbol", Arc::new(symbols)), (name, Arc::new(at))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut output = ChunkOutput::default();
        let mut timeline = Timeline::new(Err(PolicyUnavailable::NotFound));
        let workspace = &mut Workspace::default();
        replayer(Guardrails::none(), None).chunk(
            &rows(&batch),
            1,
            &mut timeline,
            workspace,
            &mut output,
        );
        output.counts.offset_assumed
    };
    for name in ["ts", "timestamp"] {
        assert_eq!(
            (count(name, None), count(name, Some("UTC"))),
            (1, 0),
            "{name}"
        );
    }
}

/// The test above would also pass if no row were plain.
#[test]
fn usual_rows_are_plain() {
    let texts = |text: &str| shared(StringArray::from(vec![text; 2]));
    let numbers = |number: f64| shared(Float64Array::from(vec![number; 2]));
    let at = TimestampMicrosecondArray::from(vec![EXPIRY_MS * 1_000; 2]).with_timezone("UTC");
    let batch = RecordBatch::try_from_iter([
        ("id", texts("a1")),
        ("ts", shared(at)),
        ("symbol", texts("BTCUSDT")),
        ("side", texts("SELL")),
        ("size", numbers(250.5)),
        ("leverage", shared(UInt8Array::from(vec![3; 2]))),
        ("confidence", numbers(f64::NAN)),
        (
            "reduce_only",
            shared(BooleanArray::from(vec![None, Some(true)])),
        ),
        ("note", texts("no field of a record")),
    ]);
    let batch = batch.unwrap();
    let columns = Columns::of(&batch.schema(), false).unwrap();
    let rows = Rows::new(Arc::new(columns), &batch, 1 << 20).unwrap();
    let engine = replayer(Guardrails::none(), None).engine;
    let needs = RowNeeds {
        time: true,
        details: true,
    };
    let plain = EntryRows::new(&rows, &engine, needs, &mut Entries::default());
    let entry = plain.pending(0, 1).unwrap();
    assert_eq!(
        (plain.id(0), entry.requested),
        (Some(&b"a1"[..]), Some(3.0))
    );
    assert_eq!(entry.ts.map(Timestamp::as_millis), Some(EXPIRY_MS));
    assert!(plain.is_plain(0));
    assert!(!plain.is_plain(1), "the second row is an exit");
    check(&replayer(Guardrails::none(), None), &batch);
}
