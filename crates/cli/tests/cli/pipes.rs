//! Tests of closed pipes: a verdict does not depend on the reader of the output.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
    thread,
};

use crate::policy_store::{STORE, published};
use crate::program::Place;
use crate::records::{FAR, entry, generated, lines, policy_until};

/// Writes `before`, closes standard output after this many lines, writes `after`, and returns the exit status and
/// standard error.
fn run_closed(
    place: &Place,
    arguments: &[&str],
    lines: usize,
    before: &[u8],
    after: &[u8],
) -> (i32, String) {
    let mut child = place
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let before = before.to_vec();
    // The program may end before it has read all input.
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(&before);
        stdin
    });
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..lines {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
    }
    drop(stdout);
    let mut stdin = writer.join().unwrap();
    let _ = stdin.write_all(after);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), stderr)
}

/// Checks that a command with a closed pipe ends with status 0 and an empty standard error.
fn check(arguments: &[&str], lines: usize, before: &[u8], after: &[u8]) {
    let place = Place::new();
    place.put("policy.json", policy_until("one", FAR).to_string());
    let ended = run_closed(&place, arguments, lines, before, after);
    assert_eq!(ended, (0, String::new()), "{arguments:?}");
}

/// The number of runs of each command. The pipe is closed at different times relative to the output.
const ROUNDS: usize = 20;

/// Returns a folder with inputs for which every command with a verdict has a negative one.
fn verdicts() -> Place {
    let place = published();
    let mut before = policy_until("old", FAR);
    place.put("old.json", before.to_string());
    before["leverage_by_symbol"]["BTCUSDT"] = 3.into();
    place.put("new.json", before.to_string());
    place.put(
        "expired.json",
        policy_until("expired", 1_000_000_000).to_string(),
    );
    place.put(
        "bad.json",
        r#"{"universe_symbols": [], "valid_until_epoch": "soon"}"#,
    );
    place.put(
        "tape.jsonl",
        lines(&(0..500).map(entry).collect::<Vec<_>>()),
    );
    let answers = |policy: &str, out: &str| {
        let run = place.run(&["replay", "tape.jsonl", "--policy", policy, "--out", out]);
        assert_eq!(run.status, 0, "{}", run.stderr);
    };
    answers("old.json", "old.jsonl");
    answers("new.json", "new.jsonl");
    place.put("flat.csv", "timestamp,open,high,low,close\n2026-01-05T00:01:00Z,1,1,1,1\n2026-01-05T00:02:00Z,1,1,1,1\n");
    place.put("bot.py", "order.leverage = 10\n".repeat(500));
    let log = place.path().join("store.audit.jsonl");
    let edited = std::fs::read_to_string(&log).unwrap().replace("ada", "eve");
    std::fs::write(&log, edited).unwrap();
    place
}

/// Every command with a verdict, with its exit status.
const VERDICTS: &[(&str, i32)] = &[
    (
        "diff tape.jsonl --policy old.json --policy new.json --fail-on-flip",
        1,
    ),
    (
        "diff tape.jsonl --policy old.json --policy new.json --fail-on-flip --format json",
        1,
    ),
    (
        "diff tape.jsonl --policy old.json --policy new.json --fail-on-flip --out -",
        1,
    ),
    (
        "diff tape.jsonl --policy expired.json --policy expired.json",
        2,
    ),
    ("diff tape.jsonl --policy old.json --policy new.json", 0),
    (
        "diff --answers old.jsonl --answers new.jsonl --fail-on-flip",
        1,
    ),
    (
        "diff tape.jsonl --policy new.json --answers old.jsonl --fail-on-flip",
        1,
    ),
    (
        "diff tape.jsonl --policy bad.json --answers old.jsonl --fail-on-flip",
        1,
    ),
    ("replay tape.jsonl --policy bad.json", 1),
    ("replay tape.jsonl --policy bad.json --out -", 1),
    (
        "replay tape.jsonl --policy bad.json --out /dev/stdout --threads 2",
        1,
    ),
    ("replay tape.jsonl --policy old.json --out -", 0),
    (
        "simulate tape.jsonl --policy bad.json --candles BTCUSDT=flat.csv --cash 1000",
        1,
    ),
    (
        "simulate tape.jsonl --policy bad.json --candles BTCUSDT=flat.csv --cash 1000 --out -",
        1,
    ),
    ("explain tape.jsonl --policy bad.json", 1),
    ("decide --policy bad.json", 1),
    ("harvest --policy bad.json", 1),
    ("policy check bad.json", 1),
    ("policy check bad.json --format json", 1),
    ("policy check expired.json", 1),
    ("policy check old.json", 0),
    ("policy show bad.json", 1),
    ("policy audit --store file:store", 1),
    ("policy audit --store file:store --format json", 1),
    ("policy audit --store file:none", 2),
    ("proof bot.py", 1),
    ("proof bot.py --format json", 1),
    ("proof bot.py --format sarif", 1),
];

/// A closed pipe ends the output, but does not change the exit status.
#[test]
fn a_closed_pipe_never_changes_a_verdict() {
    let place = verdicts();
    let entries = lines(&(0..500).map(entry).collect::<Vec<_>>()).into_bytes();
    for (command, status) in VERDICTS {
        let arguments: Vec<&str> = command.split(' ').collect();
        let open = place.run_with(&arguments, entries.clone());
        assert_eq!(open.status, *status, "{command}: {}", open.stderr);
        for closed_after in [0, 1] {
            for round in 0..ROUNDS {
                let (ended, _) = run_closed(&place, &arguments, closed_after, &entries, b"");
                assert_eq!(
                    ended, *status,
                    "{command}, closed after {closed_after}, round {round}"
                );
            }
        }
    }
}

/// A publication with `--yes` does not depend on its output.
#[test]
fn a_closed_pipe_does_not_prevent_a_publication() {
    let place = published();
    let arguments = format!("policy publish second.json --store {STORE} --no-guardrails --yes");
    let arguments: Vec<&str> = arguments.split(' ').collect();
    assert_eq!(
        run_closed(&place, &arguments, 0, b"", b""),
        (0, String::new())
    );
    let shown = place.run(&["policy", "show", "--store", STORE]).stdout;
    assert!(shown.contains("1.0.1"), "{shown}");
}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    let tape = generated(300, 2);
    let policy = policy_until("one", FAR).to_string().into_bytes();
    let two = format!("{}\n{}\n", entry(1), entry(2)).into_bytes();
    check(&["generate", "--records", "100000"], 1, b"", b"");
    check(&["replay", "-"], 0, b"", &tape);
    check(&["replay", "-", "--format", "json"], 0, b"", &tape);
    check(
        &["replay", "-", "--format", "json", "--threads", "2"],
        0,
        b"",
        &tape,
    );
    check(&["replay", "-", "--out", "/dev/stdout"], 0, b"", &tape);
    check(
        &["replay", "-", "--out", "/dev/stdout", "--threads", "2"],
        0,
        b"",
        &tape,
    );
    check(&["decide", "--policy", "policy.json"], 2, &two, &two);
    check(&["harvest", "--policy", "policy.json"], 2, &two, &two);
    check(&["explain", "-"], 0, b"", &two);
    check(&["explain", "-", "--format", "json"], 0, b"", &two);
    check(&["policy", "show", "-"], 0, b"", &policy);
    check(
        &["policy", "show", "-", "--format", "json"],
        0,
        b"",
        &policy,
    );
    check(&["policy", "check", "-"], 0, b"", &policy);
    check(&["policy", "hash", "-"], 0, b"", &policy);
    check(&["policy", "schema"], 0, b"", b"");
    check(&["policy", "schema"], 1, b"", b"");
    check(&["policy", "sample"], 1, b"", b"");
    check(&["--help"], 1, b"", b"");
    check(&["replay", "--help"], 0, b"", b"");
}

/// The pipe is closed during the run, as with `portcullis replay --out /dev/stdout | head`.
#[test]
fn a_pipe_closed_during_the_run_ends_it_quietly() {
    let tape = generated(20_000, 2);
    for threads in ["1", "2"] {
        let arguments = ["replay", "-", "--out", "/dev/stdout", "--threads", threads];
        let (head, rest) = tape.split_at(tape.len() / 4);
        check(&arguments, 1, head, rest);
    }
}
