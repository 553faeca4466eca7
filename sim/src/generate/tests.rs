//! Tests of the whole tape, including the answers of the engine to it.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::{
    decide::{Engine, SkipCode, SkipReason},
    exit::ExitOwnership,
    guardrails::Guardrails,
    harvest::{HarvestDecision, HarvestReason, HarvestSkip, Snapshot, harvest},
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{Scratch, TapeRecord, read},
};

use super::*;
use crate::tape::{LineContent, TapeReader, TapeSource};

fn tape(records: u64, seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_tape(records, seed, &mut bytes).unwrap();
    bytes
}

#[test]
fn bytes_depend_on_the_seed_only() {
    assert_eq!(tape(5_000, 1), tape(5_000, 1));
    assert_ne!(tape(5_000, 1), tape(5_000, 2));
    assert_ne!(tape(5_000, 1), tape(5_000, 1 << 32));
    assert!(tape(5_000, 1).starts_with(&tape(3_000, 1)));
    // The bytes of a tape must never change, because stored tapes must stay reproducible.
    assert_eq!(
        blake3::hash(&tape(10_000, 1)).to_hex().as_str(),
        "ac9f34f78d8afa4040e27f88f5e1d4b8176f42368d5642e0fad60b980a0bb5a5"
    );
}

#[test]
fn each_record_is_one_line_of_ordinary_length() {
    for records in [0, 1, 2_000, 100_000] {
        let bytes = tape(records, 3);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(u64::try_from(lines).unwrap(), records);
        assert!(bytes.is_empty() || bytes.ends_with(b"\n"));
    }
    let bytes = tape(100_000, 3).len();
    assert!((20_000_000..26_000_000).contains(&bytes), "{bytes}");
}

/// The answers of the engine, each with its count and its first record.
type Answers = BTreeMap<String, (usize, usize)>;

/// Replays a tape with minimal code: recorded policy hashes are ignored, and policies become active
/// in the order of the records.
fn replay(tape: Vec<u8>, guardrails: Guardrails) -> Answers {
    let source = TapeSource::Memory {
        name: "synthetic",
        bytes: tape.into(),
    };
    let ownership = ExitOwnership::new("exitbrain_v3_5").unwrap();
    let engine = Engine::new(guardrails, ownership);
    let mut policy = Err(PolicyUnavailable::NotFound);
    let mut scratch = Scratch::default();
    let mut answers = Answers::new();
    let mut n = 0;
    for chunk in TapeReader::new(vec![source]) {
        for line in chunk.unwrap().lines() {
            n += 1;
            let answer = match line.content {
                LineContent::Text(text) => answer(text, &engine, &mut policy, &mut scratch),
                LineContent::NotUtf8 { .. } => vec!["not UTF-8".to_owned()],
                LineContent::TooLong => panic!("a long line"),
            };
            for part in answer {
                answers.entry(part).or_insert((0, n)).0 += 1;
            }
        }
    }
    answers
}

fn answer(
    text: &str,
    engine: &Engine,
    policy: &mut Result<Policy, PolicyUnavailable>,
    scratch: &mut Scratch,
) -> Vec<String> {
    let state = match &*policy {
        Ok(policy) => PolicyState::present(policy),
        Err(absence) => PolicyState::unavailable(absence),
    };
    let part = |part: &str| vec![part.to_owned()];
    match read(text, scratch) {
        TapeRecord::Intent(intent) => {
            let decision = engine.decide_recorded(state, &intent);
            part(decision.reason().map_or(decision.verdict(), SkipCode::code))
        }
        TapeRecord::Position(record) => {
            let snapshot = Snapshot::from_json(text, record.event_time()).unwrap();
            let Some(now) = record.event_time() else {
                return part("no time");
            };
            match harvest(state, &snapshot.position, snapshot.market.as_ref(), now) {
                HarvestDecision::Skip(skip) => part(skipped(skip).code()),
                HarvestDecision::Harvest(harvest) => {
                    let mut parts = part(harvest.action().as_str());
                    parts.extend(harvest.reasons().iter().map(str::to_owned));
                    parts
                }
            }
        }
        TapeRecord::PolicyUpdated(_, text) => {
            match Policy::from_json(text.unwrap().as_str().unwrap()) {
                Ok(read) => {
                    *policy = Ok(read);
                    part("POLICY")
                }
                Err(refusal) => part(SkipCode::from(refusal.fault()).code()),
            }
        }
        TapeRecord::RecordedDecision(_) => panic!("no recorded decisions are generated"),
        TapeRecord::PolicyWithdrawn(_) => {
            *policy = Err(PolicyUnavailable::NotFound);
            part("withdrawn")
        }
    }
}

fn skipped(skip: HarvestSkip<'_>) -> SkipCode {
    match skip {
        HarvestSkip::NoPosition => SkipCode::HarvestNoPosition,
        HarvestSkip::NotInForce(error) => SkipReason::from(error).reason(),
        HarvestSkip::MissingStop { .. } => SkipCode::HarvestMissingStop,
        HarvestSkip::InvalidInput { .. } => SkipCode::HarvestInvalidInput,
    }
}

fn example_of_guardrails() -> Guardrails {
    let text = include_str!("../../../examples/guardrails.json");
    Guardrails::from_json(text).unwrap()
}

#[test]
fn the_first_2048_records_cover_every_answer() {
    let mut expected: BTreeSet<&str> = SkipCode::ALL.iter().map(|reason| reason.code()).collect();
    // Only a store, signing keys or earlier records can cause these reasons.
    for absent in [
        "POLICY_SIGNATURE_INVALID",
        "POLICY_ROLLED_BACK",
        "POLICY_STORE_UNAVAILABLE",
        "INTENT_DUPLICATE",
        "INTENT_SUPERSEDED",
    ] {
        assert!(expected.remove(absent));
    }
    // These reasons are newer than the tapes, whose bytes must not change.
    assert!(expected.remove("INTENT_UNSUPPORTED"));
    expected.extend([
        "TRADE",
        "EXIT",
        "POLICY",
        "withdrawn",
        "not UTF-8",
        "no time",
    ]);
    expected.extend([
        "NONE",
        "PARTIAL_25",
        "PARTIAL_50",
        "PARTIAL_75",
        "FULL_CLOSE_PROPOSED",
    ]);
    expected.extend(HarvestReason::ALL.iter().map(|reason| reason.as_str()));
    assert!(expected.remove("below_lot"));
    for seed in [0, 1, 42, u64::MAX] {
        let mut answers = replay(tape(2_048, seed), example_of_guardrails());
        for code in &expected {
            assert!(
                answers.remove(*code).is_some(),
                "{code} is missing from the tape of {seed}"
            );
        }
        assert_eq!(answers, Answers::new(), "unexpected answers");
    }
}

#[test]
fn most_entries_trade() {
    for guardrails in [Guardrails::none(), example_of_guardrails()] {
        let answers = replay(tape(10_000, 5), guardrails);
        let (trades, _) = answers["TRADE"];
        assert!(trades > 6_000, "{trades}");
    }
}
