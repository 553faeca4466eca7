//! Tests that the program ends quietly with status 0 when a pipe is closed.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
    thread,
};

use crate::program::Place;
use crate::records::{entry, generated, policy};

/// Writes `before`, closes standard output after this many lines, writes `after`, and checks for status 0 and an empty
/// standard error.
fn check(arguments: &[&str], lines: usize, before: &[u8], after: &[u8]) {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
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
        assert!(line.ends_with('\n'), "{arguments:?}: {line}");
    }
    drop(stdout);
    let mut stdin = writer.join().unwrap();
    let _ = stdin.write_all(after);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), &*stderr),
        (Some(0), ""),
        "{arguments:?}"
    );
}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    let tape = generated(300, 2);
    let policy = policy("one").to_string().into_bytes();
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
