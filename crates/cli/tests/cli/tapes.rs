//! Tests of tape formats and encodings, read through the command line.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::program::Place;
use crate::records::{
    entry, exit, generated, gzip, lines, objects, policy, position, short, text, updated, zstd,
    zstd_of_window,
};

/// Checks the short answers to a tape, read from a file and from standard input, on one and on three threads.
fn check(tape: &[u8], expected: &[&str]) {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    place.put("tape", tape);
    for (name, threads) in [("tape", "1"), ("tape", "3"), ("-", "1"), ("-", "3")] {
        let run = place.run_with(
            &[
                "replay",
                name,
                "--policy",
                "policy.json",
                "--threads",
                threads,
                "--out",
                "out.jsonl",
            ],
            tape,
        );
        assert_eq!((run.status, &*run.stderr), (0, ""));
        let answers = objects(&place.read("out.jsonl"));
        let short: Vec<String> = answers.iter().map(short).collect();
        assert_eq!(short, expected, "{name}, {threads} threads");
        let reported = format!("{} record", expected.len());
        assert!(run.stdout.starts_with(&reported), "{}", run.stdout);
    }
}

fn three() -> [String; 3] {
    [entry(1), exit(2), position(3)].map(|record| record.to_string())
}

const THREE: [&str; 3] = ["TRADE one", "EXIT", "HARVEST one"];

#[test]
fn an_empty_tape_has_no_records() {
    check(b"", &[]);
    check(b"\n \r\n\t\n", &[]);
    check(b"\xef\xbb\xbf", &[]);
    check(&gzip(b""), &[]);
    check(&zstd(b""), &[]);
    let place = Place::new();
    place.put("tape", "");
    let summary = place.summary(&["tape"]);
    assert_eq!(
        (&summary["records"], &summary["first_ts"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(summary["digest"], blake3::hash(b"").to_hex().as_str());
}

#[test]
fn all_line_endings_are_accepted() {
    let [a, b, c] = three();
    check(format!("{a}\n{b}\n{c}\n").as_bytes(), &THREE);
    check(format!("{a}\n{b}\n{c}").as_bytes(), &THREE);
    check(format!("{a}\r\n{b}\r\n{c}\r\n").as_bytes(), &THREE);
    check(format!("\u{feff}{a}\r\n{b}\r\n{c}").as_bytes(), &THREE);
    check(
        format!("\n\n{a}\n  \n{b}\n\r\n\u{3000}\n{c}\n\n").as_bytes(),
        &THREE,
    );
}

#[test]
fn compressed_tapes_equal_plain_ones() {
    let tape = three().join("\n");
    let (one, other) = tape.as_bytes().split_at(200);
    check(&gzip(tape.as_bytes()), &THREE);
    check(&zstd(tape.as_bytes()), &THREE);
    check(&[gzip(one), gzip(b""), gzip(other)].concat(), &THREE);
    check(&[zstd(one), zstd(other)].concat(), &THREE);
}

#[test]
fn tapes_are_read_in_the_given_order_and_patterns_by_name() {
    let place = Place::new();
    let ids = |arguments: &[&str]| -> Vec<String> {
        let answers = place.answers(arguments);
        let reported = answers
            .iter()
            .map(|answer| format!("{} {}", answer["n"], text(answer, "id")));
        reported.collect()
    };
    for name in ["b", "a", "c"] {
        place.put(&format!("{name}.jsonl"), format!("{{\"id\":\"{name}\"}}"));
    }
    place.put("d.txt", "{\"id\":\"d\"}\n\n{\"id\":\"e\"}");
    place.put("f[1].gz", gzip(b"{\"id\":\"f\"}"));
    assert_eq!(ids(&["*.jsonl"]), ["1 a", "2 b", "3 c"]);
    assert_eq!(
        ids(&["c.jsonl", "d.txt", "a.jsonl"]),
        ["1 c", "2 d", "3 e", "4 a"]
    );
    assert_eq!(
        ids(&["d.txt", "[ab].jsonl", "f[1].gz"]),
        ["1 d", "2 e", "3 a", "4 b", "5 f"]
    );
    assert_eq!(ids(&["a.jsonl", "a.jsonl"]), ["1 a", "2 a"]);
    let run = place.run_with(&["replay", "a.jsonl", "-", "b.jsonl"], "{\"id\":\"in\"}\n");
    assert!(
        run.stdout
            .starts_with("3 records from a.jsonl, standard input, b.jsonl\n")
    );
    assert_eq!(
        place.summary(&["*.jsonl"])["tapes"],
        json!(["a.jsonl", "b.jsonl", "c.jsonl"])
    );
}

#[test]
fn other_file_formats_are_named() {
    let check = |head: &[u8], kind: &str| {
        let place = Place::new();
        place.put("tape", head);
        let run = place.run(&["replay", "tape"]);
        let message = format!(
            "portcullis: `tape` contains {kind} data; a tape is JSON lines, plain or compressed with gzip or zstd, or Parquet; 0 records were answered\n"
        );
        assert_eq!((run.status, &*run.stdout, run.stderr), (2, "", message));
    };
    check(b"PK\x03\x04\x14", "zip");
    check(b"BZh91AY", "bzip2");
    check(b"\xfd7zXZ\0\0", "xz");
    check(b"\x04\x22\x4d\x18\x64", "lz4");
}

/// Checks the short answers with their details, with a policy in force.
fn check_details(tape: &[u8], expected: &[&str]) {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    place.put("tape", tape);
    for threads in ["1", "2"] {
        let answers = place.answers(&["tape", "--policy", "policy.json", "--threads", threads]);
        let details = answers.iter().map(|answer| {
            let known = answer.get("event").is_some();
            assert_eq!(known, text(answer, "reason") != "INTENT_UNREADABLE");
            format!("{}: {}", short(answer), text(answer, "detail"))
        });
        let details: Vec<String> = details.collect();
        assert_eq!(details, expected);
    }
}

#[test]
fn an_unreadable_line_is_answered_with_line_and_column() {
    let [a, _, c] = three();
    let tape = [
        a.as_bytes(),
        b"no JSON",
        b"",
        b"{\"symbol\":\"\xff\"}",
        b"[1, 2]",
        b"{\"symbol\": \"BTCUSDT\"",
        b"{\"symbol\":\"BTCUSDT\"} {}",
        b"  {\"event_type\":\"order.filled\"}",
        b"{\"event_type\":7}",
        b"{\"payload\": [1]}",
        b"{\"data\": \"{\"}",
        c.as_bytes(),
    ]
    .join(&b'\n');
    check_details(
        &tape,
        &[
            "TRADE one: ",
            "SKIP INTENT_UNREADABLE: the record is not a JSON object: line 2, column 2: expected ident",
            "SKIP INTENT_UNREADABLE: line 4, column 12: the record is not UTF-8",
            "SKIP INTENT_UNREADABLE: the record is not a JSON object: line 5, column 1: expected a JSON object, found an array",
            "SKIP INTENT_UNREADABLE: the record is not a JSON object: line 6, column 20: EOF while parsing an object",
            "SKIP INTENT_UNREADABLE: the record is not a JSON object: line 7, column 22: trailing characters",
            "SKIP INTENT_UNREADABLE: line 8, column 4: unsupported `event_type` `order.filled`; for an intent, set it to `trade.intent` or leave it out",
            "SKIP INTENT_UNREADABLE: line 9, column 2: unsupported `event_type` `7`; for an intent, set it to `trade.intent` or leave it out",
            "SKIP INTENT_UNREADABLE: `payload` is not a JSON object: line 10, column 13: expected a JSON object, found an array",
            "SKIP INTENT_UNREADABLE: `data` is not a JSON object: line 11, column 10: EOF while parsing an object",
            "HARVEST one: ",
        ],
    );
}

#[test]
fn lines_above_16_mib_are_unreadable() {
    let [a, b, c] = three();
    let padded = |line: &str, bytes: usize| {
        let rest = line.strip_prefix('{').unwrap();
        format!("{{\"note\":\"{}\",{rest}", "x".repeat(bytes))
    };
    let tape = [
        a.clone(),
        padded(&a, 10_000_000),
        padded(&b, 17 * 1024 * 1024),
        c.clone(),
        padded(&c, 10_000_000),
    ]
    .join("\n");
    check_details(
        tape.as_bytes(),
        &[
            "TRADE one: ",
            "TRADE one: ",
            "SKIP INTENT_UNREADABLE: line 3, column 16777217: the record is longer than 16777216 bytes",
            "HARVEST one: ",
            "HARVEST one: ",
        ],
    );
}

#[test]
fn a_tape_without_any_record_is_warned_about() {
    let place = Place::new();
    place.put("words", "no JSON\nnothing\n");
    place.put("events", lines(&[json!({"event_type": "order.filled"})]));
    place.put("half", "no JSON\n{}\n");
    place.put("empty", "\n");
    let check = |tapes: &[&str], named: &str| {
        for threads in ["1", "2"] {
            let arguments = [&["replay", "--threads", threads], tapes].concat();
            let run = place.run(&arguments);
            let warning = match named {
                "" => String::new(),
                named => format!(
                    "portcullis: warning: no line of {named} could be read as a record; is it a tape?\n"
                ),
            };
            assert_eq!((run.status, run.stderr), (0, warning));
        }
    };
    check(&["half", "empty"], "");
    check(&["words"], "`words`");
    check(&["half", "empty", "words"], "`words`");
    check(&["words", "half", "events"], "`words` and 1 more");
}

#[test]
fn records_without_a_timestamp_change_no_policy() {
    let timeless = |mut record: Value| {
        let fields = record.as_object_mut().unwrap();
        fields.remove("ts");
        fields.remove("id");
        record.to_string()
    };
    let tape = [
        timeless(entry(1)),
        timeless(exit(1)),
        timeless(position(1)),
        timeless(updated(1, &policy("two"))),
        r#"{"event_type":"policy.withdrawn"}"#.to_owned(),
        entry(2).to_string(),
    ]
    .join("\n");
    check(
        tape.as_bytes(),
        &[
            "SKIP INTENT_INVALID",
            "EXIT",
            "SKIP HARVEST_INVALID_INPUT",
            "SKIP INTENT_INVALID",
            "SKIP INTENT_INVALID",
            "TRADE one",
        ],
    );
}

#[test]
fn timestamps_without_an_offset_are_counted() {
    let place = Place::new();
    let at = |timestamp: &str| json!({"symbol": "BTCUSDT", "side": "BUY", "timestamp": timestamp});
    place.put(
        "tape",
        lines(&[
            at("2026-01-05T00:00:01"),
            at("2026-01-05T01:00:02+01:00"),
            at("2026-01-05T00:00:03Z"),
            at("1767571204.5"),
        ]),
    );
    let summary = place.summary(&["tape"]);
    assert_eq!(summary["times_without_offset"], 1);
    assert_eq!(summary["first_ts"], 1_767_571_201_000_i64);
    assert_eq!(summary["last_ts"], 1_767_571_204_500_i64);
    let text = place.run(&["replay", "tape"]).stdout;
    assert!(
        text.contains("\n1 timestamp has no UTC offset; it was read as UTC\n"),
        "{text}"
    );
}

/// Runs on a damaged tape. Expects the answers before the damage, no summary, and one line on standard error.
fn check_damaged(bytes: &[u8], message: &str) {
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
        // The output has only complete lines, which are equal to the first lines for the undamaged
        // tape.
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
        check_damaged(&archive[..archive.len() / 2], cut);
        check_damaged(&archive[..archive.len() - 3], cut);
    }
}

#[test]
fn a_damaged_archive_yields_the_answers_so_far_and_no_digest() {
    let tape = generated(3000, 9);
    let message =
        "is damaged after line LINE: there are extra bytes after the end of the compressed data";
    for garbage in [&b"garbage beyond"[..], b"\n", b"\0\0\0\0"] {
        check_damaged(&[&gzip(&tape)[..], garbage].concat(), message);
    }
}

/// `zstd --long=27` and the highest compression levels write such archives.
#[test]
fn an_archive_that_needs_too_much_memory_is_rejected() {
    let large = zstd_of_window(&generated(3000, 9), 27);
    let message = "cannot be read after line LINE: its zstd window is larger than 2^25 bytes; compress it again with `--long=25` or less";
    check_damaged(
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
