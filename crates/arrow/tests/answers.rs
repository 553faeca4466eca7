//! Answers to tables: their rows, columns and types, and the files of earlier versions.

#![expect(
    clippy::unwrap_used,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

use std::{
    fs::File,
    io::{Cursor, Write as _},
    path::Path,
    sync::Arc,
};

use arrow_array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchIterator,
    RecordBatchReader as _, StringArray, TimestampSecondArray, cast::AsArray as _, types::Int8Type,
};
use arrow_ipc::{reader::FileReader, writer::FileWriter};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use portcullis::{Engine, ExitOwnership, Guardrails, Policy, PolicyUnavailable, Timestamp};
use portcullis_arrow::{AnswerFormat, Answers, At, TableError, decide, harvest};

const NOW_MS: i64 = 1_767_571_200_000;

fn engine() -> Engine {
    Engine::new(
        Guardrails::none(),
        ExitOwnership::new("exit-service").unwrap(),
    )
}

fn policy() -> Result<Policy, PolicyUnavailable> {
    let expiry = Timestamp::from_millis(NOW_MS + 60_000).unwrap();
    Policy::from_json(&portcullis_sim::sample::policy_json(expiry))
        .map_err(PolicyUnavailable::Invalid)
}

fn now() -> At<'static> {
    At::Time(Timestamp::from_millis(NOW_MS).unwrap())
}

fn texts<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(texts.into_iter().collect::<StringArray>())
}

/// A trade, a skip, an exit and a position.
fn records() -> RecordBatch {
    let events = [None, None, Some("trade.intent"), Some("position.snapshot")];
    RecordBatch::try_from_iter_with_nullable([
        ("event_type", texts(events), true),
        ("id", texts([Some("a"), None, Some("c"), Some("d")]), true),
        ("ts", Arc::new(Int64Array::from(vec![NOW_MS; 4])), true),
        (
            "symbol",
            texts([
                Some("BTCUSDT"),
                Some("NOTLISTED"),
                Some("BTCUSDT"),
                Some("ETHUSDT"),
            ]),
            true,
        ),
        (
            "side",
            texts([Some("BUY"), Some("BUY"), Some("SELL"), Some("LONG")]),
            true,
        ),
        (
            "intent_type",
            texts([None, None, Some("CLOSE"), None]),
            true,
        ),
        (
            "source",
            texts([Some("desk"), Some("desk"), Some("exit-service"), None]),
            true,
        ),
        (
            "position_size_usd",
            Arc::new(Float64Array::from(vec![
                Some(250.0),
                Some(250.0),
                None,
                None,
            ])),
            true,
        ),
        (
            "entry_price",
            Arc::new(Float64Array::from(vec![None, None, None, Some(100.0)])),
            true,
        ),
        (
            "current_price",
            Arc::new(Float64Array::from(vec![None, None, None, Some(110.0)])),
            true,
        ),
        (
            "stop_dist_pct",
            Arc::new(Float64Array::from(vec![None, None, None, Some(0.02)])),
            true,
        ),
    ])
    .unwrap()
}

fn answers(format: AnswerFormat) -> RecordBatch {
    let records = records();
    let reader = RecordBatchIterator::new([Ok(records.clone())], records.schema());
    let mut answers = Answers::new(&engine(), policy(), reader, now(), format).unwrap();
    let schema = answers.schema();
    let batch = answers.next().unwrap().unwrap();
    assert!(answers.next().is_none());
    assert_eq!(batch.schema(), schema);
    batch
}

/// Returns the texts of a column, which may be a dictionary.
fn column(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(name).unwrap();
    let plain = match column.as_any_dictionary_opt() {
        Some(dictionary) => {
            arrow_select::take::take(dictionary.values(), dictionary.keys(), None).unwrap()
        }
        None => Arc::clone(column),
    };
    let texts = plain.as_string::<i32>().iter();
    texts.map(|text| text.map(ToOwned::to_owned)).collect()
}

#[test]
fn each_row_has_one_answer() {
    let batch = answers(AnswerFormat::default());
    let expected =
        |texts: [Option<&str>; 4]| texts.map(|text| text.map(ToOwned::to_owned)).to_vec();
    assert_eq!(
        column(&batch, "decision"),
        expected([Some("TRADE"), Some("SKIP"), Some("EXIT"), Some("HARVEST")])
    );
    assert_eq!(
        column(&batch, "reason"),
        expected([None, Some("POLICY_UNIVERSE_FILTER"), None, None])
    );
    assert_eq!(
        column(&batch, "id"),
        expected([Some("a"), Some("2"), Some("c"), Some("d")])
    );
    let leverage = batch.column_by_name("leverage").unwrap();
    assert_eq!(
        (
            leverage.null_count(),
            leverage
                .as_primitive::<arrow_array::types::Float64Type>()
                .value(0)
        ),
        (3, 8.0)
    );
    assert!(batch.column_by_name("detail").is_none());
}

#[test]
fn the_format_selects_columns_and_types() {
    let format = AnswerFormat::default();
    let format = format.with_columns(["ts", "detail", "decision"]).unwrap();
    let batch = answers(format.with_plain_text().with_micros());
    let schema = batch.schema();
    let types = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type()));
    let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(
        types.collect::<Vec<_>>(),
        [
            ("ts", &micros),
            ("decision", &DataType::Utf8),
            ("detail", &DataType::Utf8)
        ]
    );
    let error = AnswerFormat::default()
        .with_columns(["verdict"])
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("answers have no column `verdict`; the columns are `n`, `event`"),
        "{error}"
    );
}

#[test]
fn intents_and_positions_are_answered_alone() {
    let format = AnswerFormat::default;
    let intents = decide(&engine(), policy(), &records(), now(), format()).unwrap();
    let positions = harvest(&engine(), policy(), &records(), At::Recorded, format()).unwrap();
    let shown = |batch: &RecordBatch| {
        column(batch, "decision")
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&intents), ["TRADE", "SKIP", "EXIT", "SKIP"]);
    assert_eq!(shown(&positions)[2..], ["SKIP", "HARVEST"]);
    let missing = decide(
        &engine(),
        Err(PolicyUnavailable::NotFound),
        &records(),
        now(),
        format(),
    );
    assert_eq!(
        column(&missing.unwrap(), "reason")[0].as_deref(),
        Some("POLICY_MISSING")
    );
}

#[track_caller]
fn check_error(batch: &RecordBatch, expected: &str) {
    let error = decide(&engine(), policy(), batch, now(), AnswerFormat::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn tables_that_cannot_be_records_are_refused() {
    let batch = |columns: Vec<(&str, ArrayRef)>| RecordBatch::try_from_iter(columns).unwrap();
    check_error(
        &batch(vec![(
            "price",
            Arc::new(arrow_array::BooleanArray::from(vec![true])),
        )]),
        "column `price` has type Boolean; it must contain numbers or text",
    );
    check_error(
        &batch(vec![("Price", Arc::new(Float64Array::from(vec![1.0])))]),
        "no column is a field of a record (`symbol`, `side`, `ts`, …); the columns are `Price`",
    );
    check_error(
        &batch(vec![
            ("ts", Arc::new(Int64Array::from(vec![1]))),
            ("ts", Arc::new(Int64Array::from(vec![2]))),
        ]),
        "two columns have the name `ts`; remove one",
    );
    let other = RecordBatch::try_from_iter([("symbol", texts([Some("BTCUSDT")]))]).unwrap();
    let reader = RecordBatchIterator::new([Ok(other)], records().schema());
    let mut answers =
        Answers::new(&engine(), policy(), reader, now(), AnswerFormat::default()).unwrap();
    let error = answers.next().unwrap().unwrap_err().to_string();
    assert!(
        error.contains("a batch has other columns than the table"),
        "{error}"
    );
}

/// Returns intents for BTCUSDT with a column of times.
fn intents_at(times: ArrayRef) -> RecordBatch {
    let rows = times.len();
    RecordBatch::try_from_iter_with_nullable([
        ("symbol", texts(vec![Some("BTCUSDT"); rows]), true),
        ("side", texts(vec![Some("BUY"); rows]), true),
        (
            "position_size_usd",
            Arc::new(Float64Array::from(vec![250.0; rows])),
            true,
        ),
        ("decided", times, true),
    ])
    .unwrap()
}

fn seconds_in_utc(times: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    let times = times.into_iter().collect::<TimestampSecondArray>();
    Arc::new(times.with_timezone("UTC"))
}

#[test]
fn rows_are_decided_at_the_times_of_a_column() {
    let expiry = NOW_MS / 1_000 + 60;
    let intents = intents_at(seconds_in_utc([expiry, expiry + 1, expiry - 1].map(Some)));
    let format = AnswerFormat::default();
    let at = At::Column("decided");
    let answers = decide(&engine(), policy(), &intents, at, format).unwrap();
    let reasons = column(&answers, "reason");
    let reasons: Vec<_> = reasons.iter().map(Option::as_deref).collect();
    assert_eq!(reasons, [None, Some("POLICY_STALE"), None]);
    // The time of the decision is not the time of the record.
    assert_eq!(answers.column_by_name("ts").unwrap().null_count(), 3);
}

/// An exit needs no policy that is in force, and a position is evaluated at the time of the column.
#[test]
fn all_kinds_of_records_are_answered_at_the_times_of_a_column() {
    let mut columns = records().columns().to_vec();
    columns.push(seconds_in_utc([Some(NOW_MS / 1_000 + 61); 4]));
    let mut fields = records().schema().fields().to_vec();
    let of = columns.last().unwrap().data_type().clone();
    fields.push(Arc::new(Field::new("decided", of, false)));
    let records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let reader = RecordBatchIterator::new([Ok(records.clone())], records.schema());
    let at = At::Column("decided");
    let mut answers =
        Answers::new(&engine(), policy(), reader, at, AnswerFormat::default()).unwrap();
    let batch = answers.next().unwrap().unwrap();
    let shown = |name| {
        column(&batch, name)
            .into_iter()
            .map(Option::unwrap_or_default)
    };
    assert!(shown("decision").eq(["SKIP", "SKIP", "EXIT", "SKIP"]));
    assert!(shown("reason").eq(["POLICY_STALE", "POLICY_STALE", "", "POLICY_STALE"]));
}

#[test]
fn times_of_decisions_that_are_not_usable_are_refused() {
    let refused = |times: ArrayRef, name: &str| {
        let (intents, at) = (intents_at(times), At::Column(name));
        let answers = decide(&engine(), policy(), &intents, at, AnswerFormat::default());
        answers.unwrap_err().to_string()
    };
    let good = Some(NOW_MS / 1_000);
    assert_eq!(
        refused(seconds_in_utc([good, None]), "decided"),
        "column `decided` is null in row 2; state the time of the decision, or remove the row"
    );
    assert_eq!(
        refused(seconds_in_utc([Some(NOW_MS)]), "decided"),
        "column `decided` is out of range in row 1; check the unit of the column"
    );
    assert_eq!(
        refused(seconds_in_utc([good, good, Some(1_767_571)]), "decided"),
        "column `decided` is 1970-01-21T10:59:31Z in row 3, which is not between 2000-01-01 and 2100-01-01; check the unit of the column"
    );
    let naive = TimestampSecondArray::from(vec![good]);
    assert_eq!(
        refused(Arc::new(naive), "decided"),
        "column `decided` has type Timestamp(s); the times of decisions must be timestamps with a time zone, such as UTC"
    );
    assert_eq!(
        refused(texts([Some("2026-01-05T00:00:00Z")]), "decided"),
        "column `decided` has type Utf8; the times of decisions must be timestamps with a time zone, such as UTC"
    );
    assert_eq!(
        refused(seconds_in_utc([good]), "Decided"),
        "the table has no column `Decided`, in which the times of the decisions are expected"
    );
}

/// pandas writes NaN as null, and a null is an absent field.
#[test]
fn nulls_that_pandas_may_have_made_of_nan_are_refused() {
    let refused = |numpy_type: &str| -> Result<RecordBatch, TableError> {
        let description = serde_json::json!({"columns": [
            {"name": "stop_loss", "field_name": "stop_loss", "pandas_type": "float64", "numpy_type": numpy_type}
        ]});
        let stops = Float64Array::from(vec![Some(90.0), None]);
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("symbol", texts([Some("BTCUSDT"), Some("BTCUSDT")]), true),
            ("stop_loss", Arc::new(stops) as ArrayRef, true),
        ])
        .unwrap();
        let schema = Arc::unwrap_or_clone(batch.schema());
        let metadata = [("pandas".to_owned(), description.to_string())];
        let batch = batch
            .with_schema(Arc::new(schema.with_metadata(metadata.into())))
            .unwrap();
        decide(&engine(), policy(), &batch, now(), AnswerFormat::default())
    };
    let error = refused("float64").unwrap_err().to_string();
    assert_eq!(
        error,
        "column `stop_loss` was written by pandas as float64 and has nulls, each of which may have been NaN; write it with `df[\"stop_loss\"].astype(\"Float64\")`, in which a null is an absent value"
    );
    assert_eq!(refused("Float64").unwrap().num_rows(), 2);
}

/// The answers of version 1 as an Arrow file, with all columns.
const GOLDEN: &[u8] = include_bytes!("golden/answers-1.arrow");

/// Returns answers with all columns.
fn all_columns() -> RecordBatch {
    let usual = answers(AnswerFormat::default()).schema();
    let names = usual.fields().iter().map(|field| field.name().as_str());
    let format = AnswerFormat::default().with_columns(names.chain(["detail"]));
    answers(format.unwrap())
}

/// To keep the file of a new version, copy the file that this test writes into the target folder.
#[test]
fn answers_are_read_back_from_a_file() {
    let batch = all_columns();
    let mut to = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    to.write(&batch).unwrap();
    let bytes = to.into_inner().unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answers.arrow");
    File::create(path).unwrap().write_all(&bytes).unwrap();
    let read = FileReader::try_new(Cursor::new(bytes), None).unwrap();
    assert_eq!(read.map(Result::unwrap).collect::<Vec<_>>(), [batch]);
}

/// The file of each version is kept, and every later version must have its columns, types and codes.
#[test]
fn the_columns_of_earlier_versions_stay() {
    let batch = all_columns();
    let golden = FileReader::try_new(Cursor::new(GOLDEN), None).unwrap();
    let golden: Vec<_> = golden.map(Result::unwrap).collect();
    let [golden] = &*golden else {
        panic!("the file has one batch")
    };
    assert_eq!(golden.schema().metadata(), batch.schema().metadata());
    for (field, kept) in golden.schema().fields().iter().zip(golden.columns()) {
        let name = field.name();
        let column = batch.column_by_name(name).unwrap();
        assert_eq!(
            batch.schema().field_with_name(name).unwrap(),
            &**field,
            "{name}"
        );
        let codes = |column: &ArrayRef| {
            let codes = column.as_dictionary_opt::<Int8Type>()?.values().clone();
            Some(
                codes
                    .as_string::<i32>()
                    .iter()
                    .map(|it| it.map(ToOwned::to_owned))
                    .collect::<Vec<_>>(),
            )
        };
        if let Some(codes_kept) = codes(kept) {
            let codes = codes(column).unwrap();
            assert_eq!(codes[..codes_kept.len()], codes_kept, "{name}");
        }
    }
    assert_eq!(column(golden, "decision"), column(&batch, "decision"));
}
