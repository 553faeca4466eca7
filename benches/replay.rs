//! Replays of a tape from a file: 400,000 records of about 227 bytes, with intents, positions and
//! policies.
//!
//! The references and the benchmarks read the same file from the page cache:
//!
//! - `lines` splits the file into lines and checks that they are UTF-8, which is the least work
//!   that any reader must do.
//! - `parse only, plain struct` parses each line with serde_json into a struct with the twelve most
//!   common fields of an intent, borrowed from the line. Nothing is checked, and aliases and
//!   payloads are ignored.
//! - `parse only, same reader` reads every record as a replay does, including positions and
//!   policies, but answers none.
//! - `replay, 1 thread` and `replay, 2 threads` answer all records: policies, gates, harvest,
//!   counts and digest.
//! - `rank, 1 policy` and `rank, 10 policies` read each record once and answer it under every
//!   policy.
//!
//! The lowest time found with prototypes was 354 ns per line, for serde_json after one UTF-8 pass.
//!
//! `cargo bench -p portcullis-sim --bench replay`

#![expect(
    dead_code,
    clippy::unwrap_used,
    reason = "a benchmark is documented by its group names and may panic"
)]

use std::{borrow::Cow, fs::File, hint::black_box, io::BufWriter, path::Path, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcullis::{
    decide::Engine,
    exit::ExitOwnership,
    guardrails::Guardrails,
    harvest::Snapshot,
    policy::{Policy, PolicyUnavailable},
    record::{PolicyText, Scratch, TapeRecord, read},
    types::Timestamp,
};
use portcullis_sim::{
    generate::write_tape,
    rank::{Candidate, rank},
    replay::{AnswerSink, Replayer, Sinks, replay},
    sample::policy_json,
    tape::{Line, LineContent, TapeReader, TapeSource},
};
use serde::Deserialize;

const RECORDS: u64 = 400_000;

/// The most common fields of an intent.
#[derive(Deserialize)]
struct Plain<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    symbol: Option<Cow<'a, str>>,
    #[serde(borrow)]
    action: Option<Cow<'a, str>>,
    #[serde(borrow)]
    side: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    leverage: Option<serde_json::Value>,
    position_size_usd: Option<serde_json::Value>,
    quantity: Option<serde_json::Value>,
    price: Option<serde_json::Value>,
    entry_price: Option<serde_json::Value>,
    stop_loss: Option<serde_json::Value>,
}

fn tapes(path: &Path) -> TapeReader {
    TapeReader::new(vec![TapeSource::File(path.to_owned())])
}

fn each_line(path: &Path, mut f: impl FnMut(&str)) {
    for chunk in tapes(path) {
        for Line { content, .. } in chunk.unwrap().lines() {
            if let LineContent::Text(text) = content {
                f(text);
            }
        }
    }
}

fn bench(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tape.jsonl");
    write_tape(
        RECORDS,
        1,
        &mut BufWriter::new(File::create(&path).unwrap()),
    )
    .unwrap();
    let replayer = Replayer::new(Engine::new(
        Guardrails::none(),
        ExitOwnership::new("exitbrain_v3_5").unwrap(),
    ));
    let run = |threads| {
        let sinks = Sinks {
            answers: AnswerSink::Discard,
            tally: None,
            progress: &mut |_| {},
        };
        replay(
            &replayer,
            Err(PolicyUnavailable::NotFound),
            tapes(&path),
            threads,
            sinks,
        )
        .unwrap()
        .digest
    };

    let mut group = c.benchmark_group("tape");
    group.throughput(Throughput::Elements(RECORDS));
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(6));
    group.bench_function("lines", |b| {
        b.iter(|| {
            each_line(&path, |text| {
                black_box(text);
            })
        });
    });
    group.bench_function("parse only, plain struct", |b| {
        b.iter(|| {
            each_line(&path, |text| {
                drop(black_box(serde_json::from_str::<Plain<'_>>(text)));
            });
        });
    });
    group.bench_function("parse only, same reader", |b| {
        let mut scratch = Scratch::default();
        b.iter(|| {
            each_line(&path, |text| match black_box(read(text, &mut scratch)) {
                TapeRecord::Intent(_)
                | TapeRecord::RecordedDecision(_)
                | TapeRecord::PolicyWithdrawn(_) => {}
                TapeRecord::Position(record) => {
                    drop(black_box(Snapshot::from_json(
                        record.text(),
                        record.emitted_at(),
                    )));
                }
                TapeRecord::PolicyUpdated(_, policy) => {
                    let text = policy.as_ref().and_then(PolicyText::as_str);
                    drop(black_box(text.map(Policy::from_json)));
                }
            });
        });
    });
    group.bench_function("replay, 1 thread", |b| b.iter(|| run(1)));
    group.bench_function("replay, 2 threads", |b| b.iter(|| run(2)));
    for policies in [1, 10] {
        let name = match policies {
            1 => "rank, 1 policy".to_owned(),
            more => format!("rank, {more} policies"),
        };
        group.bench_function(name, |b| {
            b.iter(|| {
                let ranked = rank(
                    &replayer,
                    candidates(policies),
                    tapes(&path),
                    1,
                    &mut |_| {},
                );
                ranked.unwrap().read
            });
        });
    }
    group.finish();
}

/// Returns variants of the sample policy with other ladders and leverages, in force for the whole tape.
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

criterion_group!(benches, bench);
criterion_main!(benches);
