//! Inputs without an end, and inputs that are larger than they look.

#![cfg(target_os = "linux")]

use std::{
    fs::File,
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::json;

use crate::program::{Place, Run};
use crate::records::{START, lines, policy, zstd};

/// Runs the program with a limit of its address space in KiB.
fn limited(place: &Place, kib: u32, arguments: &[&str]) -> Run {
    let program = place.command(&[]);
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {kib}; exec \"$0\" \"$@\"")])
        .arg(program.get_program())
        .args(arguments)
        .current_dir(place.path())
        .output();
    Run::new(&output.unwrap())
}

/// 1 GiB, of which an idle program uses about a quarter.
const KIB: u32 = 1 << 20;

#[track_caller]
fn check_error(place: &Place, arguments: &[&str], expected: &str) {
    let run = limited(place, KIB, arguments);
    assert_eq!((run.status, &*run.stdout), (2, ""), "{}", run.stderr);
    assert_eq!(run.stderr, format!("portcullis: {expected}\n"));
}

#[test]
fn a_file_that_is_read_whole_is_bounded() {
    let place = Place::new();
    place.put("tape", "");
    let larger = "larger than 16 MiB, the largest file that can be read here";
    let zero = format!("`/dev/zero`: {larger}");
    check_error(&place, &["replay", "tape", "--policy", "/dev/zero"], &zero);
    check_error(
        &place,
        &["replay", "tape", "--guardrails", "/dev/zero"],
        &zero,
    );
    check_error(&place, &["policy", "check", "/dev/zero"], &zero);
    check_error(&place, &["policy", "hash", "/dev/zero"], &zero);
    // A file with a hole.
    let file = File::create(place.path().join("large")).unwrap();
    file.set_len(1 << 40).unwrap();
    check_error(
        &place,
        &["policy", "show", "large"],
        &format!("`large`: {larger}"),
    );
    let run = place.run_with(&["policy", "check", "-"], vec![b'x'; (16 << 20) + 1]);
    assert_eq!(
        (run.status, run.stderr),
        (2, format!("portcullis: `-`: {larger}\n"))
    );
    // The settings of the proof.
    let run = limited(&place, 4 * KIB, &["proof", ".", "--settings", "/dev/zero"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .contains("larger than 16 MiB, the largest file that is read"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_store_does_not_read_pipes_and_devices() {
    let place = Place::new();
    std::os::unix::fs::symlink("/dev/zero", place.path().join("policy.json")).unwrap();
    for (address, error) in [
        ("file:/dev/zero", "`zero` is not a regular file"),
        ("file:policy.json", "`policy.json` is a symbolic link"),
    ] {
        let run = limited(&place, KIB, &["policy", "show", "--store", address]);
        assert_eq!(run.status, 2, "{}", run.stdout);
        assert!(run.stderr.contains(error), "{}", run.stderr);
    }
}

#[test]
fn a_line_of_candles_is_bounded() {
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    place.put("tape", "");
    let run = |file: &str| {
        let symbol = format!("BTCUSDT={file}");
        let arguments = [
            "simulate",
            "tape",
            "--policy",
            "policy",
            "--candles",
            &symbol,
            "--cash",
            "1",
        ];
        limited(&place, KIB, &arguments).stderr
    };
    let too_long = |file: &str, line: u32| {
        format!("portcullis: `{file}`, line {line}: the line is longer than 1048576 bytes\n")
    };
    assert!(
        run("/dev/zero")
            .starts_with("portcullis: `/dev/zero` contains binary data; candles are read from ")
    );
    place.put("line", "a".repeat(1 << 21));
    assert_eq!(run("line"), too_long("line", 1));
    let header = "timestamp,open,high,low,close\n";
    place.put("quoted", format!("{header}\"{}", "a\n".repeat(1 << 20)));
    assert_eq!(run("quoted"), too_long("quoted", 2));
    place.put(
        "price",
        format!("{header}1767571200,{},1,1,1\n", "9".repeat(100_000)),
    );
    let message = run("price");
    assert!(message.len() < 1_000, "{} bytes", message.len());
}

/// A pipe can be read only once, and its format is found by its first bytes.
#[test]
fn candles_are_read_from_a_pipe() {
    let place = Place::new();
    place.put("policy", policy("p").to_string());
    place.put("tape", "");
    let candles = format!(
        "timestamp,open,high,low,close\n{START},1,1,1,1\n{},1,1,1,1\n",
        START + 60
    );
    for (content, expected) in [
        (candles, ""),
        (
            "PAR1".to_owned(),
            "portcullis: `pipe` contains Parquet, which can be read only from a regular file; save it to a file and give that file\n",
        ),
    ] {
        let pipe = place.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let writer = thread::spawn({
            let pipe = pipe.clone();
            move || {
                File::create(pipe)
                    .unwrap()
                    .write_all(content.as_bytes())
                    .unwrap()
            }
        });
        let arguments = [
            "simulate",
            "tape",
            "--policy",
            "policy",
            "--candles",
            "BTCUSDT=pipe",
            "--cash",
            "1",
        ];
        let run = place.run(&arguments);
        writer.join().unwrap();
        assert_eq!(run.stderr, expected);
        std::fs::remove_file(pipe).unwrap();
    }
}

/// No process writes to the pipe, so the program waits until it is interrupted.
#[test]
fn a_pipe_that_nothing_is_written_to_can_be_interrupted() {
    let place = Place::new();
    let pipe = place.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    place.put("tape", lines(&[json!({})]));
    place.put("policy", policy("p").to_string());
    for arguments in [
        &["replay", "tape", "--policy", "pipe"][..],
        &["replay", "tape", "--guardrails", "pipe", "--out", "answers"],
        &["replay", "pipe"],
        &["replay", "pipe", "--out", "answers"],
        &["convert", "pipe", "--out", "t.parquet"],
        &[
            "simulate",
            "tape",
            "--policy",
            "policy",
            "--cash",
            "1",
            "--candles",
            "BTCUSDT=pipe",
            "--out",
            "trades",
        ],
        &["replay", "/dev/zero", "--out", "answers"],
    ] {
        let mut command = place.command(arguments);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(500));
        assert_eq!(child.try_wait().unwrap(), None, "{arguments:?}");
        // A shell starts background jobs with SIGINT ignored, and the tests may be one.
        let interrupt = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(interrupt.unwrap().success());
        let mut waited = 0;
        while child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(20));
            waited += 1;
            if waited == 1_000 {
                child.kill().unwrap();
                panic!("{arguments:?} was not interrupted");
            }
        }
        assert!(!place.path().join("answers").exists(), "{arguments:?}");
    }
}

/// A compressed tape of one long line, and one of empty lines.
#[test]
fn a_compressed_tape_can_have_any_size() {
    let place = Place::new();
    place.put("line.zst", zstd(&vec![b'x'; 100 << 20]));
    place.put("lines.zst", zstd(&vec![b'\n'; 20 << 20]));
    for (tape, records) in [("line.zst", 1), ("lines.zst", 0)] {
        let run = limited(
            &place,
            KIB,
            &["replay", tape, "--format", "json", "--threads", "2"],
        );
        assert_eq!(run.status, 0, "{}", run.stderr);
        let summary: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(summary["records"], records);
    }
}
