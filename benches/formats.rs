//! Replays of files of each format: 1,000,000 records. All files are read from the page cache.
//!
//! - `newlines` counts newlines in chunks of 256 KiB, as `wc -l` does.
//! - The first file has intents of one layout, about 234 bytes per line. In the second file, the keys of the same intents
//!   are shuffled in each line. `general JSON parser` parses each line with serde_json into a struct with the fields of the
//!   record. Numbers are parsed as numbers, and nothing is checked.
//! - The mixed tape is that of `portcullis generate --records 1000000 --seed 1`: intents, positions and policy changes of
//!   many layouts.
//! - A replay answers, counts and computes the digest. `under one policy` and `under ten policies` read each record once and
//!   answer it under every policy.
//! - The Parquet file has the records of the first file. Four of its columns are read, and also answered as tables.
//! - `answers as` also writes the answers to a file.
//!
//! After a warm-up round, each of seven rounds runs every benchmark once. The table has the median of the times and of the
//! ratios, which are computed within each round. The benchmark writes `docs/figures.md`.
//!
//! `cargo bench -p portcullis-sim --bench formats`

#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures time, prints its results and may panic"
)]

mod support;

use std::{
    fmt::Write as _,
    fs::File,
    hint::black_box,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
};
use portcullis::{
    decide::Engine, exit::ExitOwnership, guardrails::Guardrails, policy::Policy, types::Timestamp,
};
use portcullis_sim::{
    generate::write_tape,
    rank::{Candidate, rank},
    replay::{AnswerFormat, AnswerRows, AnswerSink, Counts, Replayer, Sinks, TableReplay, replay},
    sample::policy_json,
    tape::{LineContent, RowWriter, TapeReader, TapeSource},
};
use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use support::{median, newlines, timed, write_table};

const RECORDS: u64 = 1_000_000;
const RECORDS_F64: f64 = 1e6;
/// The number of measured rounds.
const ROUNDS: usize = 7;

#[derive(Deserialize)]
struct Plain<'a> {
    id: Option<&'a str>,
    event_type: Option<&'a str>,
    source: Option<&'a str>,
    symbol: Option<&'a str>,
    action: Option<&'a str>,
    confidence: Option<f64>,
    leverage: Option<f64>,
    position_size_usd: Option<f64>,
    entry_price: Option<f64>,
    stop_loss: Option<f64>,
    take_profit: Option<f64>,
}

const SYMBOLS: [&str; 11] = [
    "BTCUSDT",
    "ETHUSDT",
    "BNBUSDT",
    "SOLUSDT",
    "ADAUSDT",
    "DOTUSDT",
    "AVAXUSDT",
    "MATICUSDT",
    "LINKUSDT",
    "ATOMUSDT",
    "XRPUSDT",
];

fn members(rng: &mut ChaCha8Rng, n: u64) -> Vec<String> {
    let symbol = SYMBOLS.get(rng.random_range(0..SYMBOLS.len())).unwrap();
    let is_buy: bool = rng.random();
    let price = f64::from(rng.random_range(50..9_000_000)) / 100.0;
    let at = |share: f64| (price * share * 100.0).round() / 100.0;
    let (stop, target) = if is_buy {
        (at(0.98), at(1.05))
    } else {
        (at(1.02), at(0.95))
    };
    let source = ["momentum", "ensemble", "trading-bot"];
    vec![
        format!("\"id\":\"{}-0\"", 1_767_571_200_000 + n * 37),
        "\"event_type\":\"trade.intent\"".to_owned(),
        format!(
            "\"source\":\"{}\"",
            source.get(rng.random_range(0..3_usize)).unwrap()
        ),
        format!("\"symbol\":\"{symbol}\""),
        format!("\"action\":\"{}\"", if is_buy { "BUY" } else { "SELL" }),
        format!("\"confidence\":0.{}", rng.random_range(10..100)),
        format!("\"leverage\":{}", rng.random_range(1..16)),
        format!(
            "\"position_size_usd\":{}",
            f64::from(rng.random_range(1000..300_000)) / 100.0
        ),
        format!("\"entry_price\":{price}"),
        format!("\"stop_loss\":{stop}"),
        format!("\"take_profit\":{target}"),
    ]
}

struct Files {
    one_order: PathBuf,
    any_order: PathBuf,
    mixed: PathBuf,
    rows: PathBuf,
}

fn files(folder: &Path) -> Files {
    let files = Files {
        one_order: folder.join("one.jsonl"),
        any_order: folder.join("any.jsonl"),
        mixed: folder.join("mixed.jsonl"),
        rows: folder.join("one.parquet"),
    };
    let create = |path: &Path| BufWriter::new(File::create(path).unwrap());
    let (mut one, mut any) = (create(&files.one_order), create(&files.any_order));
    let mut rows = RowWriter::new(create(&files.rows)).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for n in 0..RECORDS {
        let mut members = members(&mut rng, n);
        let line = format!("{{{}}}", members.join(","));
        writeln!(one, "{line}").unwrap();
        rows.push(line.as_bytes()).unwrap();
        members.shuffle(&mut rng);
        writeln!(any, "{{{}}}", members.join(",")).unwrap();
    }
    rows.finish().unwrap();
    write_tape(RECORDS, 1, &mut create(&files.mixed)).unwrap();
    files
}

fn engine() -> Engine {
    Engine::new(
        Guardrails::none(),
        ExitOwnership::new("exitbrain_v3_5").unwrap(),
    )
}

fn policy() -> Policy {
    Policy::from_json(&policy_json(
        Timestamp::from_millis(4_000_000_000_000).unwrap(),
    ))
    .unwrap()
}

fn run(path: &Path, threads: usize, answers: AnswerSink<'_>) -> blake3::Hash {
    let replayer = Replayer::new(engine());
    let mut progress = |_: &Counts| {};
    let sinks = Sinks {
        answers,
        tally: None,
        progress: &mut progress,
    };
    let tapes = TapeReader::new(vec![TapeSource::File(path.to_owned())]);
    let outcome = replay(&replayer, Ok(policy()), tapes, threads, sinks);
    outcome.unwrap().digest
}

fn parse_only(path: &Path) {
    for chunk in TapeReader::new(vec![TapeSource::File(path.to_owned())]) {
        for line in chunk.unwrap().lines() {
            if let LineContent::Text(text) = line.content {
                drop(black_box(serde_json::from_str::<Plain<'_>>(text)));
            }
        }
    }
}

/// Reads the columns with these names, and texts as dictionaries.
fn read_columns(path: &Path, names: &[&str], mut each: impl FnMut(&RecordBatch)) {
    let file = File::open(path).unwrap();
    let found = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default()).unwrap();
    let fields = found.schema().fields().iter().map(|field| {
        if ["symbol", "action"].contains(&field.name().as_str()) {
            let by_dictionary =
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(Field::clone(field).with_data_type(by_dictionary))
        } else {
            Arc::clone(field)
        }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
    let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
    let batches = builder.with_projection(mask).with_batch_size(8192).build();
    for batch in batches.unwrap() {
        each(&batch.unwrap());
    }
}

const FOUR: [&str; 4] = ["symbol", "action", "leverage", "position_size_usd"];

/// All columns of the records.
const ALL: [&str; 11] = [
    "id",
    "event_type",
    "source",
    "symbol",
    "action",
    "confidence",
    "leverage",
    "position_size_usd",
    "entry_price",
    "stop_loss",
    "take_profit",
];

/// Answers four columns as tables: verdict, reason, leverage and notional of each row.
fn decide_columns(path: &Path) -> usize {
    let replayer = || Replayer {
        now: Timestamp::from_millis(1_767_571_200_000).ok(),
        ..Replayer::new(engine())
    };
    let format = AnswerFormat::default()
        .with_columns(["decision", "reason", "leverage", "notional_usd"])
        .unwrap();
    let mut replay = None;
    let mut decided = 0;
    read_columns(path, &FOUR, |batch| {
        let replay = replay.get_or_insert_with(|| {
            let schema = batch.schema();
            TableReplay::new(replayer(), Ok(policy()), &schema, format.clone()).unwrap()
        });
        let answers = replay.answers(batch).unwrap();
        decided += answers.num_rows();
        black_box(&answers);
    });
    decided
}

/// Variants of the sample policy with other ladders and leverages, in force for the whole tape.
fn candidates(count: u32) -> Vec<Candidate> {
    let policies = (0..count).map(|number| {
        let text = policy_json(Timestamp::from_millis(4_000_000_000_000).unwrap());
        let rung = format!("\"T1_R\": {}", 1.5 + f64::from(number) / 10.0);
        let leverage = format!("\"BTCUSDT\": {}", 8 + number);
        let text = text.replace("\"T1_R\": 1.8", &rung);
        let text = text.replace("\"BTCUSDT\": 8", &leverage);
        Candidate::new(number.to_string(), Policy::from_json(&text).unwrap())
    });
    policies.collect()
}

fn rank_all(path: &Path, count: u32) {
    let replayer = Replayer::new(engine());
    let tapes = TapeReader::new(vec![TapeSource::File(path.to_owned())]);
    let ranked = rank(&replayer, candidates(count), tapes, 1, &mut |_| {});
    black_box(ranked.unwrap().read);
}

/// A benchmark, and the benchmark to which it is compared.
struct Case<'f> {
    name: &'static str,
    reference: Option<&'static str>,
    run: Box<dyn Fn() + 'f>,
    /// The time of each round, in nanoseconds per record.
    rounds: Vec<f64>,
}

fn case<'f>(
    name: &'static str,
    reference: impl Into<Option<&'static str>>,
    run: impl Fn() + 'f,
) -> Case<'f> {
    Case {
        name,
        reference: reference.into(),
        run: Box::new(run),
        rounds: Vec::new(),
    }
}

fn cases<'f>(files: &'f Files, out: &'f Path) -> Vec<Case<'f>> {
    let discard = |path: &Path, threads| {
        black_box(run(path, threads, AnswerSink::Discard));
    };
    let create = move || BufWriter::new(File::create(out).unwrap());
    let lines = move |threads| {
        let mut to = create();
        black_box(run(&files.one_order, threads, AnswerSink::Lines(&mut to)));
    };
    let count = |batch: &RecordBatch| {
        black_box(batch.num_rows());
    };
    vec![
        case("newlines of the first file", None, || {
            black_box(newlines(&files.one_order));
        }),
        case(
            "replay, one layout",
            "newlines of the first file",
            move || discard(&files.one_order, 1),
        ),
        case(
            "replay, one layout, two threads",
            "replay, one layout",
            move || discard(&files.one_order, 2),
        ),
        case("general JSON parser, keys in any order", None, || {
            parse_only(&files.any_order)
        }),
        case(
            "replay, keys in any order",
            "general JSON parser, keys in any order",
            move || discard(&files.any_order, 1),
        ),
        case("newlines of the mixed tape", None, || {
            black_box(newlines(&files.mixed));
        }),
        case(
            "replay, mixed tape",
            "newlines of the mixed tape",
            move || discard(&files.mixed, 1),
        ),
        case(
            "replay, mixed tape, two threads",
            "replay, mixed tape",
            move || discard(&files.mixed, 2),
        ),
        case("mixed tape under one policy", None, || {
            rank_all(&files.mixed, 1)
        }),
        case(
            "mixed tape under ten policies",
            "mixed tape under one policy",
            || rank_all(&files.mixed, 10),
        ),
        case("all columns of Parquet, read", None, move || {
            read_columns(&files.rows, &ALL, count)
        }),
        case(
            "replay of Parquet",
            "all columns of Parquet, read",
            move || discard(&files.rows, 1),
        ),
        case("four columns of Parquet, read", None, move || {
            read_columns(&files.rows, &FOUR, count)
        }),
        case(
            "four columns of Parquet, answered as tables",
            "four columns of Parquet, read",
            || {
                decide_columns(&files.rows);
            },
        ),
        case("answers as JSONL", "replay, one layout", move || lines(1)),
        case(
            "answers as JSONL, two threads",
            "replay, one layout, two threads",
            move || lines(2),
        ),
        case("answers as Parquet", "replay, one layout", move || {
            let mut to = create();
            let rows = AnswerRows::new(&mut to).unwrap();
            let sink = AnswerSink::Rows(Box::new(rows));
            black_box(run(&files.one_order, 1, sink));
        }),
    ]
}

fn main() {
    // `cargo test --benches` runs this program without the argument.
    if !std::env::args().any(|it| it == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let one = run(&files.one_order, 1, AnswerSink::Discard);
    assert_eq!(run(&files.any_order, 1, AnswerSink::Discard), one);
    assert_eq!(run(&files.rows, 1, AnswerSink::Discard), one);
    let out = folder.path().join("answers");
    let mut cases = cases(&files, &out);
    for round in 0..=ROUNDS {
        for case in &mut cases {
            let nanos = timed(&case.run) / RECORDS_F64;
            // The first round warms up.
            if round > 0 {
                case.rounds.push(nanos);
            }
        }
    }
    let mut table = "\
| what | per record | reference | ratio |
|---|--:|---|--:|
"
    .to_owned();
    for case in &cases {
        let text = row(case, &cases);
        println!("{text}");
        writeln!(table, "{text}").unwrap();
    }
    write_table("formats", &table);
}

/// Returns a row of the table: the median of the times, and the median of the ratios of each round, with the minimum and
/// the maximum.
fn row(case: &Case<'_>, cases: &[Case<'_>]) -> String {
    let nanos = median(case.rounds.iter().copied());
    let found = |name| cases.iter().find(|case| case.name == name).unwrap();
    let (reference, ratio) = match case.reference {
        None => ("", String::new()),
        Some(name) => {
            let pairs = case.rounds.iter().zip(&found(name).rounds);
            let ratios: Vec<f64> = pairs.map(|(own, other)| own / other).collect();
            let least = ratios.iter().copied().fold(f64::MAX, f64::min);
            let most = ratios.iter().copied().fold(0.0, f64::max);
            let middle = median(ratios.into_iter());
            (name, format!("{middle:.2} ({least:.2} to {most:.2})"))
        }
    };
    format!("| {} | {nanos:.0} ns | {reference} | {ratio} |", case.name)
}
