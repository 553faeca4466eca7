//! Tests of archives that are incomplete or corrupt.

use std::sync::OnceLock;

use crate::support::{Place, generated, gzip, objects, zstd, zstd_of_window};

/// Runs on a damaged tape. Expects the answers before the damage, no summary, and one line on standard error.
fn check(bytes: &[u8], message: &str) {
    static EXPECTED: OnceLock<String> = OnceLock::new();
    let expected = EXPECTED.get_or_init(|| {
        let place = Place::new();
        place.put("whole", generated(5000, 9));
        place.answers(&["whole"]);
        place.read("answers")
    });
    let place = Place::new();
    place.put("damaged", bytes);
    for (format, threads) in [("text", "1"), ("json", "3")] {
        let run = place.run(&[
            "replay",
            "damaged",
            "--out",
            "out.jsonl",
            "--threads",
            threads,
            "--format",
            format,
        ]);
        let out = place.read("out.jsonl");
        let records = objects(&out).len();
        assert!((1000..=5000).contains(&records), "{records}");
        // Only whole lines, equal to the first lines for the undamaged tape.
        assert!(out.ends_with('\n') && expected.starts_with(&out));
        let line = format!("portcullis: `damaged` {message}; {records} records were answered\n")
            .replace("LINE", &records.to_string());
        assert_eq!((run.status, &*run.stdout, run.stderr), (2, "", line));
    }
}

#[test]
fn a_truncated_archive_yields_the_answers_so_far_and_no_digest() {
    let cut = "is cut off after line LINE: the compressed data is incomplete; copy the file again";
    for archive in [gzip(&generated(5000, 9)), zstd(&generated(5000, 9))] {
        check(&archive[..archive.len() / 2], cut);
        check(&archive[..archive.len() - 3], cut);
    }
}

#[test]
fn a_damaged_archive_yields_the_answers_so_far_and_no_digest() {
    let tape = generated(3000, 9);
    let message =
        "is damaged after line LINE: there are extra bytes after the end of the compressed data";
    for garbage in [&b"garbage beyond"[..], b"\n", b"\0\0\0\0"] {
        check(&[&gzip(&tape)[..], garbage].concat(), message);
    }
}

/// Such archives are written by `zstd --long=27` and by the highest levels.
#[test]
fn an_archive_that_needs_too_much_memory_is_rejected() {
    let large = zstd_of_window(&generated(3000, 9), 27);
    let message = "cannot be read after line LINE: its zstd window is larger than 2^25 bytes; compress it again with `--long=25` or less";
    check(
        &[zstd(&generated(2000, 9)), large.clone()].concat(),
        message,
    );
    let place = Place::new();
    place.put("large", large);
    let run = place.run(&["replay", "large"]);
    let message = message.replace("LINE", "0");
    let line = format!("portcullis: `large` {message}; 0 records were answered\n");
    assert_eq!((run.status, &*run.stdout, run.stderr), (2, "", line));
}

#[test]
fn tapes_before_a_damaged_tape_are_answered() {
    let place = Place::new();
    place.put("a", generated(100, 9));
    place.put("b", b"\x1f\x8b\x08");
    place.put("c", generated(100, 10));
    let run = place.run(&["replay", "a", "b", "c", "--out", "out.jsonl"]);
    assert_eq!(objects(&place.read("out.jsonl")).len(), 100);
    assert_eq!(
        (run.status, &*run.stdout, &*run.stderr),
        (
            2,
            "",
            "portcullis: `b` is cut off after line 0: the compressed data is incomplete; copy the file again; 100 records were answered\n"
        )
    );
    let explained = place.run(&["explain", "b"]);
    assert_eq!((explained.status, &*explained.stdout), (2, ""));
    assert!(
        explained
            .stderr
            .starts_with("portcullis: `b` is cut off after line 0: ")
    );
}
