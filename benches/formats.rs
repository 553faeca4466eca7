//! Replays of intents from files of each format: 1,000,000 records of one layout, about 234 bytes per line.
//!
//! The references and the benchmarks read the same files from the page cache:
//!
//! - `newlines` counts newlines in chunks of 256 KiB, as `wc -l` does.
//! - `parse only` parses each line with serde_json into a struct with the fields of the record. Numbers are parsed as
//!   numbers, and nothing is checked.
//! - `jsonl, one order` and `jsonl, any order` replay the same records. In the first file, the keys of all lines have
//!   one order; in the second file, they are shuffled in each line. The replay answers, counts and computes the digest.
//! - `columns, read` reads four columns of a Parquet file, and `columns, decide` also answers them as tables.
//! - `parquet, read` reads all columns of the records, and `parquet` replays the file on one thread.
//! - The benchmarks with `answers as` also write the answers to a file.
//!
//! `cargo bench -p portcullis-sim --bench formats`

#![expect(
    dead_code,
    clippy::unwrap_used,
    reason = "a benchmark is documented by its group names and may panic"
)]

use std::{
    fs::File,
    hint::black_box,
    io::{BufWriter, Read as _, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
};
use portcullis::{
    decide::Engine, exit::ExitOwnership, guardrails::Guardrails, policy::Policy, types::Timestamp,
};
use portcullis_sim::{
    replay::{AnswerFormat, AnswerRows, AnswerSink, Counts, Replayer, Sinks, TableReplay, replay},
    sample::policy_json,
    tape::{LineContent, RowWriter, TapeReader, TapeSource},
};
use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

const RECORDS: u64 = 1_000_000;

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
    rows: PathBuf,
}

fn files(folder: &Path) -> Files {
    let files = Files {
        one_order: folder.join("one.jsonl"),
        any_order: folder.join("any.jsonl"),
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

fn newlines(path: &Path) -> usize {
    let mut file = File::open(path).unwrap();
    let mut buffer = vec![0; 256 * 1024];
    let mut count = 0;
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => return count,
            read => count += memchr::memchr_iter(b'\n', buffer.get(..read).unwrap()).count(),
        }
    }
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

fn bench(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let one = run(&files.one_order, 1, AnswerSink::Discard);
    assert_eq!(run(&files.any_order, 1, AnswerSink::Discard), one);
    assert_eq!(run(&files.rows, 1, AnswerSink::Discard), one);

    let mut group = c.benchmark_group("formats");
    group.throughput(Throughput::Elements(RECORDS));
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    group.bench_function("newlines", |b| b.iter(|| newlines(&files.one_order)));
    group.bench_function("parse only, one order", |b| {
        b.iter(|| parse_only(&files.one_order))
    });
    group.bench_function("jsonl, one order", |b| {
        b.iter(|| run(&files.one_order, 1, AnswerSink::Discard))
    });
    group.bench_function("jsonl, one order, 2 threads", |b| {
        b.iter(|| run(&files.one_order, 2, AnswerSink::Discard))
    });
    group.bench_function("parse only, any order", |b| {
        b.iter(|| parse_only(&files.any_order))
    });
    group.bench_function("jsonl, any order", |b| {
        b.iter(|| run(&files.any_order, 1, AnswerSink::Discard))
    });
    group.bench_function("columns, read", |b| {
        b.iter(|| {
            read_columns(&files.rows, &FOUR, |batch| {
                black_box(batch.num_rows());
            })
        });
    });
    group.bench_function("columns, decide", |b| {
        b.iter(|| decide_columns(&files.rows))
    });
    group.bench_function("parquet, read", |b| {
        b.iter(|| {
            read_columns(&files.rows, &ALL, |batch| {
                black_box(batch.num_rows());
            })
        });
    });
    group.bench_function("parquet", |b| {
        b.iter(|| run(&files.rows, 1, AnswerSink::Discard))
    });
    let out = folder.path().join("answers");
    group.bench_function("jsonl, answers as jsonl", |b| {
        b.iter(|| {
            let mut to = BufWriter::new(File::create(&out).unwrap());
            run(&files.one_order, 1, AnswerSink::Lines(&mut to))
        });
    });
    group.bench_function("jsonl, answers as jsonl, 2 threads", |b| {
        b.iter(|| {
            let mut to = BufWriter::new(File::create(&out).unwrap());
            run(&files.one_order, 2, AnswerSink::Lines(&mut to))
        });
    });
    group.bench_function("jsonl, answers as parquet", |b| {
        b.iter(|| {
            let mut to = BufWriter::new(File::create(&out).unwrap());
            let rows = AnswerRows::new(&mut to).unwrap();
            run(&files.one_order, 1, AnswerSink::Rows(Box::new(rows)))
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
