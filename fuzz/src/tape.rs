//! Target `tape`: the bytes of the fuzzer are read as a tape, plain or compressed. Each record has
//! one answer, which must be the same for any number of threads and any size of chunks.

use flate2::{Compression, write::GzEncoder};
use portcullis::record::RECORD_BYTES_MAX;
use portcullis::{
    decide::Engine,
    exit::ExitOwnership,
    guardrails::Guardrails,
    policy::{Policy, PolicyUnavailable},
    types::Timestamp,
};
use portcullis_sim::{
    replay::{AnswerSink, ReplayError, Replayer, Sinks, replay},
    sample::policy_json,
    tape::{LineContent, TapeReader, TapeSource},
};
use serde_json::Value;
use std::{io::Write as _, sync::OnceLock};

/// The maximum size of a decompressed tape. Longer tapes take more time and test nothing more.
const BYTES_MAX: usize = 1 << 18;
const LINES_MAX: u64 = 4_000;
const CHUNK: usize = 1 << 16;
/// Maximum line length in bytes. Some lines exceed it.
const SHORT_LINE: usize = 96;

/// The policy that is active at the start, the same for every tape and parsed once.
static INITIAL: OnceLock<Result<Policy, PolicyUnavailable>> = OnceLock::new();

/// The result of a replay: the answers, and the digest with the counts or the error.
#[derive(Debug, PartialEq)]
struct Ran {
    answers: String,
    end: End,
}

/// The digest and the counts, or the error.
type End = Result<(blake3::Hash, String), String>;

/// Replays the bytes as a tape in several ways that must give the same result.
pub(crate) fn run(data: &[u8]) {
    let Some(records) = records(data, RECORD_BYTES_MAX) else {
        return;
    };
    let whole = replayed(data, CHUNK, RECORD_BYTES_MAX, 1);
    counted(&whole, records);
    // Without answers, plain entries are decided as columns.
    let columns = ended(data, CHUNK, RECORD_BYTES_MAX, 1, AnswerSink::Discard);
    assert_eq!(columns, whole.end, "without answers");
    alike(
        &replayed(data, 7, RECORD_BYTES_MAX, 1),
        &whole,
        "tiny chunks",
    );
    // Each way is one more replay, so the length of the tape selects one.
    match data.len() % 4 {
        0 => assert_eq!(
            replayed(data, CHUNK, RECORD_BYTES_MAX, 2),
            whole,
            "two threads"
        ),
        1 | 2 => alike(
            &replayed(data, 1, RECORD_BYTES_MAX, 2),
            &whole,
            "two threads and tiny chunks",
        ),
        _ => {
            let short = replayed(data, CHUNK, SHORT_LINE, 1);
            alike(
                &replayed(data, 3, SHORT_LINE, 1),
                &short,
                "tiny chunks and short lines",
            );
        }
    }
    if data.len().is_multiple_of(3) && is_plain(data) && whole.end.is_ok() {
        compressed(data, &whole);
    }
}

/// Checks that a compressed tape gives the same result.
fn compressed(data: &[u8], whole: &Ran) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    let gzip = encoder.finish().unwrap();
    assert_eq!(&replayed(&gzip, CHUNK, RECORD_BYTES_MAX, 1), whole, "gzip");
    let zstd = zstd::encode_all(data, 1).unwrap();
    assert_eq!(&replayed(&zstd, 5, RECORD_BYTES_MAX, 1), whole, "zstd");
}

/// Checks that two results are equal. If a compressed tape is damaged, the number of answers before the error depends
/// on the size of the chunks, so one list of answers must be the beginning of the other.
fn alike(tiny: &Ran, whole: &Ran, how: &str) {
    if whole.end.is_ok() {
        assert_eq!(tiny, whole, "{how}");
    } else {
        assert!(tiny.end.is_err(), "{how}: {tiny:?}");
        let both = [&tiny.answers, &whole.answers];
        assert!(
            both[0].starts_with(both[1]) || both[1].starts_with(both[0]),
            "{how}"
        );
    }
}

fn source(data: &[u8]) -> Vec<TapeSource> {
    vec![TapeSource::Memory {
        name: "fuzz",
        bytes: data.into(),
    }]
}

/// Returns true if the bytes are certainly read as plain JSONL, because no other format begins with this byte.
fn is_plain(data: &[u8]) -> bool {
    data.first()
        .is_none_or(|first| matches!(first, b'{' | b'\n' | b'[' | b'"' | b' '))
}

/// Returns the number of records, or `None` if the tape is too long for a fuzzer.
fn records(data: &[u8], line_bytes_max: usize) -> Option<u64> {
    let (mut bytes, mut lines) = (0, 0);
    for chunk in TapeReader::with_sizes(source(data), CHUNK, line_bytes_max) {
        let Ok(chunk) = chunk else { break };
        for line in chunk.lines() {
            lines += 1;
            if let LineContent::Text(text) = line.content {
                bytes += text.len();
                assert!(!text.trim().is_empty(), "a blank line was read as a record");
            }
        }
        if bytes > BYTES_MAX || lines > LINES_MAX {
            return None;
        }
    }
    Some(lines)
}

fn replayed(data: &[u8], chunk_bytes: usize, line_bytes_max: usize, threads: usize) -> Ran {
    let mut answers = Vec::new();
    let sink = AnswerSink::Lines(&mut answers);
    let end = ended(data, chunk_bytes, line_bytes_max, threads, sink);
    Ran {
        answers: String::from_utf8(answers).unwrap(),
        end,
    }
}

/// Replays the bytes and returns the end of the replay.
fn ended(
    data: &[u8],
    chunk_bytes: usize,
    line_bytes_max: usize,
    threads: usize,
    answers: AnswerSink<'_>,
) -> End {
    let ownership = ExitOwnership::new("exitbrain_v3_5")
        .unwrap()
        .with_delegate("emergency")
        .unwrap();
    let replayer = Replayer {
        assume_in_force: true,
        ..Replayer::new(Engine::new(Guardrails::none(), ownership))
    };
    let initial = INITIAL.get_or_init(|| {
        let sample = policy_json(Timestamp::parse_epoch_seconds("4e9").unwrap());
        Policy::from_json(&sample).map_err(PolicyUnavailable::from)
    });
    let tapes = TapeReader::with_sizes(source(data), chunk_bytes, line_bytes_max);
    let sinks = Sinks {
        answers,
        tally: None,
        progress: &mut |_| (),
    };
    match replay(&replayer, initial.clone(), tapes, threads, sinks) {
        Ok(outcome) => {
            assert!(outcome.counts.adds_up());
            let totals = format!("{:?} {:?}", outcome.counts, outcome.unreadable_tapes);
            Ok((outcome.digest, totals))
        }
        Err(error @ ReplayError::Tape { .. }) => Err(error.to_string()),
        Err(error) => panic!("{error}"),
    }
}

fn records_of(ran: &Ran) -> usize {
    ran.answers.lines().count()
}

/// Checks that each record has one answer, and that each answer is a JSON object with the number of its record.
fn counted(ran: &Ran, records: u64) {
    assert!(ran.answers.is_empty() || ran.answers.ends_with('\n'));
    for (n, answer) in (1..).zip(ran.answers.lines()) {
        let answer: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(answer["n"], Value::from(n), "{answer}");
        let decision = answer["decision"].as_str().unwrap();
        let is_skip = decision == "SKIP";
        assert!(
            is_skip || ["TRADE", "EXIT", "HARVEST", "POLICY"].contains(&decision),
            "{answer}"
        );
        assert_eq!(answer.get("reason").is_some(), is_skip, "{answer}");
    }
    assert_eq!(u64::try_from(records_of(ran)), Ok(records));
    let suffix = format!("{records} records were answered");
    assert!(
        !matches!(&ran.end, Err(error) if !error.ends_with(&suffix)),
        "{:?}",
        ran.end
    );
}
