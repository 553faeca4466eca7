//! Tests of the digest: it is the same for every way to run, and a second implementation computes it from the answers.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use portcullis::{
    decide::{Engine, SkipCode},
    exit::ExitOwnership,
    guardrails::Guardrails,
    harvest::HarvestReason,
    policy::PolicyUnavailable,
};
use portcullis_sim::{
    replay::{AnswerSink, Replayer, Sinks, replay},
    tape::{TapeReader, TapeSource},
};
use proptest::prelude::*;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    answers::Fields,
    program::{Place, python},
    records::{example_guardrails, generated, gzip, zstd},
};

/// One answer, read from its JSON line only.
struct Row<'a>(Fields<'a>);

impl Row<'_> {
    fn raw(&self, name: &str) -> Option<&str> {
        let Fields(fields) = &self.0;
        let field = fields.iter().find(|(known, _)| *known == name);
        field.map(|(_, value)| value.get())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(|raw| serde_json::from_str(raw).unwrap())
    }

    /// Returns the position of a text in a list, counted from 1, or 0 if the field is absent.
    fn code(&self, name: &str, list: &[&str]) -> u8 {
        let Some(text) = self.text(name) else {
            return 0;
        };
        let place = list.iter().position(|known| *known == text);
        let place = place.unwrap_or_else(|| panic!("{name}: {text}"));
        u8::try_from(place + 1).unwrap()
    }

    /// Returns the position of the prefix of a source in a list, counted from 1, or 0 if the field is absent.
    fn source(&self, name: &str, list: &[&str]) -> u8 {
        let Some(text) = self.text(name) else {
            return 0;
        };
        let place = list.iter().position(|known| text.starts_with(known));
        u8::try_from(place.unwrap() + 1).unwrap()
    }

    /// Returns the bits of a number, parsed from its text because not every JSON reader is exact.
    fn number(&self, name: &str) -> [u8; 8] {
        let bits = |raw: &str| raw.parse::<f64>().unwrap().to_bits();
        self.raw(name).map_or(u64::MAX, bits).to_le_bytes()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut row = Vec::with_capacity(120);
        let ts = self.raw("ts").map_or(i64::MIN, |raw| raw.parse().unwrap());
        row.extend(ts.to_le_bytes());
        row.extend(xxh3_64(self.text("id").unwrap().as_bytes()).to_le_bytes());
        let symbol = self
            .text("symbol")
            .map_or(0, |symbol| xxh3_64(symbol.as_bytes()));
        row.extend(symbol.to_le_bytes());
        let hash = self.text("policy_hash").unwrap_or_else(|| "0".repeat(64));
        for place in (0..16).step_by(2) {
            row.push(u8::from_str_radix(hash.get(place..place + 2).unwrap(), 16).unwrap());
        }
        row.push(self.code(
            "event",
            &[
                "trade.intent",
                "position.snapshot",
                "policy.updated",
                "policy.withdrawn",
            ],
        ));
        row.push(self.code("decision", &["TRADE", "EXIT", "SKIP", "HARVEST", "POLICY"]));
        let reason = self.text("reason");
        row.push(reason.map_or(0, |code| {
            let reason = SkipCode::ALL.iter().find(|reason| reason.code() == code);
            reason.unwrap().number()
        }));
        row.push(self.code("side", &["BUY", "SELL", "LONG", "SHORT"]));
        row.push(self.source("leverage_source", &["policy:", "intent:"]));
        row.push(self.code("size_basis", &["notional", "margin"]));
        row.push(self.code(
            "size_source",
            &[
                "intent:quantity*price",
                "intent:quantity*entry_price",
                "intent:qty*price",
                "intent:qty*entry_price",
                "intent:position_usd",
                "intent:size",
                "intent:position_size_usd",
            ],
        ));
        row.push(self.code("exit_rule", &["owner", "delegate"]));
        row.push(self.code(
            "harvest_action",
            &[
                "NONE",
                "PARTIAL_25",
                "PARTIAL_50",
                "PARTIAL_75",
                "FULL_CLOSE_PROPOSED",
            ],
        ));
        row.push(self.source("stop_source", &["position:", "policy:"]));
        row.extend(self.harvest_reasons().to_le_bytes());
        row.extend([0; 4]);
        if self.text("decision").unwrap() == "HARVEST" {
            for name in [
                "stop_proposed",
                "r_net",
                "risk_unit",
                "cost",
                "kill_score",
                "k_regime_flip",
                "k_sigma_spike",
                "k_ts_drop",
                "k_age_penalty",
            ] {
                row.extend(self.number(name));
            }
            let close = ["close_quantity", "close_fraction"];
            if close.iter().any(|name| self.raw(name).is_some()) {
                row.extend(close.iter().flat_map(|name| self.number(name)));
            }
        } else {
            for name in ["leverage", "leverage_requested", "size_usd", "notional_usd"] {
                row.extend(self.number(name));
            }
            let not_after = self
                .raw("not_after")
                .map_or(-1, |raw| raw.parse::<i64>().unwrap());
            row.extend(not_after.to_le_bytes());
            row.extend(self.number("quantity"));
            row.extend([0xff; 24]);
        }
        assert!(matches!(row.len(), 120 | 136));
        row
    }

    fn harvest_reasons(&self) -> u16 {
        let Some(raw) = self.raw("harvest_reasons") else {
            return 0;
        };
        let names: Vec<String> = serde_json::from_str(raw).unwrap();
        let all = HarvestReason::ALL.iter().zip(0..);
        let bits = all.map(|(reason, bit)| {
            let is_told = names.iter().any(|name| name == reason.as_str());
            u16::from(is_told) << bit
        });
        bits.sum()
    }
}

/// Computes the digest as documented.
fn digest_of(answers: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for line in answers.lines() {
        hasher.update(&Row(serde_json::from_str(line).unwrap()).bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[test]
fn the_digest_can_be_computed_from_the_answers() {
    let place = Place::new();
    place.put("tape", generated(8000, 12));
    // The sample does not contain these kinds of size.
    place.put("more", "{\"decided_at\":-1,\"symbol\":\"BTCUSDT\",\"side\":\"BUY\",\"qty\":3,\"entry_price\":7}\n{}\n");
    let guardrails = example_guardrails();
    for arguments in [
        &["tape", "more"][..],
        &[
            "tape",
            "--guardrails",
            guardrails.to_str().unwrap(),
            "--assume-in-force",
        ],
        &[
            "more",
            "tape",
            "--exit-owner",
            "other",
            "--exit-delegate",
            "exitbrain_v3_5",
        ],
        &["more"],
    ] {
        let digest = place.digest(&[arguments, &["--out", "answers"]].concat());
        assert_eq!(digest, digest_of(&place.read("answers")), "{arguments:?}");
    }
    assert_eq!(place.digest(&[]), {
        place.answers(&[]);
        digest_of(&place.read("answers"))
    });
}

/// The program in docs/formats.md computes the digest, also from the tape of the test above.
#[test]
fn the_documented_program_computes_the_digest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/formats.md")).unwrap();
    let (_, program) = page.split_once("```python\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    let python = python();
    let place = Place::new();
    place.put("tape", generated(8000, 12));
    place.put("empty", "");
    let intents = [
        r#""qty":3,"entry_price":7"#,
        r#""quantity":3,"entry_price":7"#,
        r#""qty":3,"price":7"#,
        r#""size":3,"price":7"#,
        r#""stake_amount":50"#,
        r#""margin":50,"leverage":2,"notional":100"#,
    ];
    let more = intents.map(|size| {
        format!(r#"{{"decided_at":1767571201000,"symbol":"BTCUSDT","side":"BUY",{size}}}"#) + "\n"
    });
    place.put("more", more.concat());
    for arguments in [
        &["tape", "more"][..],
        &["more", "--assume-in-force"],
        &["empty"],
    ] {
        let digest = place.digest(&[arguments, &["--out", "answers"]].concat());
        let output = Command::new(&python)
            .args(["-c", program])
            .stdin(File::open(place.path().join("answers")).unwrap())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            digest,
            "{errors}"
        );
    }
}

#[test]
fn every_field_of_an_answer_affects_the_digest() {
    let place = Place::new();
    place.answers(&[]);
    let answers = place.read("answers");
    let lines: Vec<&str> = answers.lines().collect();
    let digest = digest_of(&answers);
    // Free text, and fields that follow from others, are not in the digest.
    let silent = ["n", "detail", "policy_version"];
    let mut changed = 0;
    for line in lines.iter().take(400) {
        let answer: Value = serde_json::from_str(line).unwrap();
        for name in answer
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "decision")
        {
            if name == "id" {
                continue;
            }
            let mut edited = answer.clone();
            edited.as_object_mut().unwrap().remove(name);
            let edited = edited.to_string();
            let row = |line: &str| Row(serde_json::from_str(line).unwrap()).bytes();
            let shows = row(&edited) != row(line);
            // An absent component differs from a component that is zero. Only the first eight bytes of a hash are in
            // the digest.
            assert_eq!(shows, !silent.contains(&name.as_str()), "{name} in {line}");
            changed += u32::from(shows);
        }
    }
    assert!(changed > 2000, "{changed}");
    let swapped = [&lines[1..2], &lines[..1], &lines[2..]].concat().join("\n");
    assert_ne!(digest_of(&swapped), digest);
}

#[test]
fn the_digest_does_not_depend_on_the_input_format() {
    let place = Place::new();
    let tape = generated(6000, 5);
    let middle = tape.len() / 2;
    place.put("plain", &tape);
    place.put("tape.gz", gzip(&tape));
    place.put(
        "members.gz",
        [gzip(&tape[..middle]), gzip(&tape[middle..])].concat(),
    );
    place.put("tape.zst", zstd(&tape));
    let crlf = String::from_utf8_lossy(&tape).replace('\n', "\r\n\r\n");
    let expected = place.digest(&["plain"]);
    for threads in ["1", "2", "3", "4"] {
        for name in ["plain", "tape.gz", "members.gz", "tape.zst"] {
            assert_eq!(
                place.digest(&[name, "--threads", threads]),
                expected,
                "{name} {threads}"
            );
        }
        assert_eq!(
            digest_of_pipe(&place, &tape, threads),
            expected,
            "a pipe, {threads} threads"
        );
    }
    // With lines that are not UTF-8, the lossy conversion would change the tape.
    if !crlf.contains('\u{fffd}') {
        place.put("crlf", format!("\u{feff}{crlf}"));
        assert_eq!(place.digest(&["crlf"]), expected);
    }
}

/// Replays through a pipe, in pieces that do not end at line endings.
fn digest_of_pipe(place: &Place, tape: &[u8], threads: &str) -> String {
    let mut child = place
        .command(&["replay", "-", "--format", "json", "--threads", threads])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for piece in tape.chunks(4099) {
        stdin.write_all(piece).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    summary["digest"].as_str().unwrap().to_owned()
}

#[derive(Debug, Clone, Copy)]
enum Make {
    Plain,
    Memory,
    Gzip,
    Members,
    Zstd,
}

/// A tape that is split at line ends into several tapes, each in a format of its own.
#[derive(Debug, Clone)]
struct Cut {
    after: Vec<prop::sample::Index>,
    makes: [Make; 5],
    threads: usize,
}

fn any_cut() -> impl Strategy<Value = Cut> {
    let make = prop_oneof![
        Just(Make::Plain),
        Just(Make::Memory),
        Just(Make::Gzip),
        Just(Make::Members),
        Just(Make::Zstd),
    ];
    let after = prop::collection::vec(any::<prop::sample::Index>(), 0..5);
    (after, prop::array::uniform5(make), 1..5_usize).prop_map(|(after, makes, threads)| Cut {
        after,
        makes,
        threads,
    })
}

fn sources(cut: &Cut, lines: &[&[u8]], place: &Place) -> Vec<TapeSource> {
    let mut ends: Vec<usize> = cut
        .after
        .iter()
        .map(|index| index.index(lines.len() + 1))
        .collect();
    ends.sort_unstable();
    ends.push(lines.len());
    let mut start = 0;
    let tapes = ends
        .iter()
        .zip(cut.makes)
        .enumerate()
        .map(|(number, (end, make))| {
            let bytes = lines[start..*end].concat();
            start = *end;
            let middle = bytes.len() / 3;
            let bytes = match make {
                Make::Memory => {
                    return TapeSource::Memory {
                        name: "a part",
                        bytes: bytes.into(),
                    };
                }
                Make::Plain => bytes,
                Make::Gzip => gzip(&bytes),
                Make::Members => [gzip(&bytes[..middle]), gzip(&bytes[middle..])].concat(),
                Make::Zstd => zstd(&bytes),
            };
            let path = place.path().join(number.to_string());
            File::create(&path).unwrap().write_all(&bytes).unwrap();
            TapeSource::File(path)
        });
    tapes.collect()
}

fn run(sources: Vec<TapeSource>, threads: usize) -> (String, Vec<u8>) {
    let ownership = ExitOwnership::new("exitbrain_v3_5").unwrap();
    let replayer = Replayer::new(Engine::new(Guardrails::none(), ownership));
    let mut answers = Vec::new();
    let sinks = Sinks {
        answers: AnswerSink::Lines(&mut answers),
        tally: None,
        progress: &mut |_| {},
    };
    let tapes = TapeReader::new(sources);
    let outcome = replay(
        &replayer,
        Err(PolicyUnavailable::NotFound),
        tapes,
        threads,
        sinks,
    )
    .unwrap();
    (outcome.digest.to_hex().to_string(), answers)
}

/// A trailing tab makes the fast JSON reader fall back to the general one, so both readers read the same tape.
#[test]
fn both_json_readers_yield_the_same_answers() {
    for seed in 7..9 {
        let tape = generated(10_000, seed);
        let lines = tape.split_inclusive(|byte| *byte == b'\n');
        let general = lines.flat_map(|line| [line.strip_suffix(b"\n").unwrap_or(line), b"\t\n"]);
        let source = |bytes: Vec<u8>| TapeSource::Memory {
            name: "a tape",
            bytes: bytes.into(),
        };
        let (digest, answers) = run(vec![source(general.flatten().copied().collect())], 1);
        let (expected, same) = run(vec![source(tape)], 1);
        assert_eq!(digest, expected);
        assert_eq!(columns(&answers), columns(&same));
    }
}

/// Returns the answers without their details, which name the column of a syntax error.
fn columns(answers: &[u8]) -> Vec<Value> {
    let answers = std::str::from_utf8(answers).unwrap().lines();
    let columns = answers.map(|answer| {
        let mut answer: Value = serde_json::from_str(answer).unwrap();
        answer["detail"].take();
        answer
    });
    columns.collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// The digest does not depend on how a tape is split into several tapes. The answers do not depend on this either,
    /// except for their line numbers, which are counted within each tape.
    #[test]
    fn the_digest_does_not_depend_on_tape_splits(cut in any_cut(), seed in 0..3_u64) {
        let place = Place::new();
        let tape = generated(2200, seed);
        let lines: Vec<&[u8]> = tape.split_inclusive(|byte| *byte == b'\n').collect();
        let whole = TapeSource::Memory { name: "whole", bytes: tape.clone().into() };
        let (expected, _) = run(vec![whole], 1);
        let (one, answers) = run(sources(&cut, &lines, &place), 1);
        let (several, same) = run(sources(&cut, &lines, &place), cut.threads);
        prop_assert_eq!(&one, &expected);
        prop_assert_eq!(&several, &expected);
        prop_assert!(answers == same);
        prop_assert_eq!(digest_of(std::str::from_utf8(&answers).unwrap()), expected);
    }
}
