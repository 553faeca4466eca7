//! Exit status, and what is said on standard error.

use crate::support::{Place, entry, exit, lines, policy, policy_until};

const NO_TAPE: &str =
    "give a file, a quoted pattern such as `tapes/*.jsonl`, or `-` for standard input";

fn place() -> Place {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    place.put("tape.jsonl", lines(&[entry(1)]));
    place.put("no.json", "no JSON\n");
    place.put("list.json", "[]");
    place.put("text.bin", b"{\"a\": \xff}");
    place.put(
        "invalid.json",
        policy_until("bad", 253_402_300_800).to_string(),
    );
    place
}

/// One line of the program's own, and nothing on standard output.
fn check(arguments: &[&str], status: i32, message: &str) {
    let run = place().run(arguments);
    assert_eq!(
        run.stderr,
        format!("portcullis: {message}\n"),
        "{arguments:?}"
    );
    assert_eq!((run.status, &*run.stdout), (status, ""), "{arguments:?}");
}

/// A mistake in the arguments: exit status 2, with the hint.
fn check_usage(arguments: &[&str], hint: &str) {
    let run = place().run(arguments);
    assert!(run.stderr.contains(hint), "{arguments:?}: {}", run.stderr);
    assert_eq!((run.status, &*run.stdout), (2, ""), "{arguments:?}");
}

fn check_done(arguments: &[&str]) {
    let run = place().run(arguments);
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
}

#[test]
fn what_is_done_is_0() {
    check_done(&[]);
    check_done(&["replay"]);
    check_done(&["replay", "tape.jsonl", "--policy", "policy.json"]);
    // Skips are answers, too.
    check_done(&["replay", "tape.jsonl"]);
    check_done(&[
        "replay",
        "tape.jsonl",
        "--assume-in-force",
        "--threads",
        "2",
    ]);
    check_done(&["decide", "--now", "1767571201.5", "--policy", "policy.json"]);
    check_done(&["harvest", "--now", "-1"]);
    check_done(&["explain", "tape.jsonl", "--policy", "policy.json"]);
    check_done(&["policy", "sample"]);
    check_done(&["policy", "sample", "--valid-for", "0.5"]);
    check_done(&["policy", "check", "policy.json"]);
    check_done(&["policy", "show", "policy.json"]);
    check_done(&["policy", "hash", "policy.json"]);
    check_done(&["policy", "schema"]);
    check_done(&["generate", "--records", "10", "--seed", "3"]);
    check_done(&["generate", "--records", "0"]);
    check_done(&["--help"]);
    check_done(&["--version"]);
    check_done(&["help", "policy", "check"]);
}

#[test]
fn a_policy_that_is_invalid_is_1() {
    let bound = "`valid_until_epoch`: `253402300800` is not at most 253402300799 (seconds since 1970, not milliseconds)";
    let no = "`invalid.json` is no valid policy: what needed it was skipped (`portcullis policy check invalid.json` says why)";
    let both = format!("`invalid.json`: {bound}\nportcullis: {no}");
    check(&["decide", "--policy", "invalid.json"], 1, &both);
    check(&["harvest", "--policy", "invalid.json"], 1, &both);
    let stderr = format!("portcullis: {both}\n");
    for arguments in [
        &["replay", "tape.jsonl", "--policy", "invalid.json"][..],
        &["explain", "tape.jsonl", "--policy", "invalid.json"],
    ] {
        let run = place().run(arguments);
        assert_eq!((run.status, run.stderr), (1, stderr.clone()));
        assert!(run.stdout.contains("POLICY_INVALID"));
    }
    for command in ["check", "show"] {
        let run = place().run(&["policy", command, "invalid.json"]);
        assert_eq!(run.status, 1);
        assert_eq!(run.stdout, format!("POLICY_INVALID: {bound}\n"));
        assert_eq!(
            run.stderr,
            "portcullis: `invalid.json` is no valid policy: 1 violation\n"
        );
    }
}

#[test]
fn arguments_that_nobody_understands_are_2() {
    check_usage(&["rplay"], "tip: some similar subcommands exist");
    check_usage(&["policy"], "Usage: portcullis policy <COMMAND>");
    check_usage(&["policy", "chekc"], "tip: some similar subcommands exist");
    check_usage(
        &["replay", "--thread", "2"],
        "tip: a similar argument exists: '--threads'",
    );
    check_usage(
        &["decide", "--polcy", "x"],
        "tip: a similar argument exists: '--policy'",
    );
    check_usage(
        &["replay", "--polices", "x"],
        "unexpected argument '--polices' found",
    );
    check_usage(&["--threads", "2"], "unexpected argument '--threads' found");
    check_usage(
        &["decide", "tape.jsonl"],
        "unexpected argument 'tape.jsonl' found",
    );
    check_usage(&["explain"], "<TAPE>");
    check_usage(&["policy", "check"], "<FILE>");
    check_usage(
        &[
            "replay",
            "--policy",
            "policy.json",
            "--policy",
            "policy.json",
        ],
        "the argument '--policy <FILE>' cannot be used multiple times",
    );
    check_usage(
        &["replay", "--format", "yaml"],
        "[possible values: text, json]",
    );
    check_usage(
        &["replay", "--policy"],
        "a value is required for '--policy <FILE>'",
    );
}

#[test]
fn numbers_that_are_none_are_2() {
    for threads in ["0", "-1", "two", "1.5", "", "1025", "99999999999999999999"] {
        let argument = format!("--threads={threads}");
        check_usage(
            &["replay", &argument],
            &format!(
                "invalid value '{threads}' for '--threads <N>': not a whole number from 1 to 1024"
            ),
        );
    }
    for command in ["decide", "harvest"] {
        check_usage(
            &[command, "--now", "noon"],
            "invalid value 'noon' for '--now <EPOCH>': epoch seconds: not a decimal number",
        );
        check_usage(
            &[command, "--now", "nan"],
            "invalid value 'nan' for '--now <EPOCH>': epoch seconds: not finite",
        );
        check_usage(
            &[command, "--now", "1767571200000"],
            "epoch seconds: outside the years 0 to 9999 (are these milliseconds in place of seconds?)",
        );
    }
    for n in ["0", "-1", "x"] {
        let argument = format!("--n={n}");
        check_usage(
            &["explain", "tape.jsonl", &argument],
            &format!("invalid value '{n}' for '--n <K>'"),
        );
    }
    for seconds in ["0", "-1", "x", "inf", "1e15"] {
        let argument = format!("--valid-for={seconds}");
        check_usage(
            &["policy", "sample", &argument],
            &format!("invalid value '{seconds}' for '--valid-for <SECONDS>': seconds: "),
        );
    }
    check(
        &["policy", "sample", "--valid-for", "253402300799"],
        2,
        "the sample would be valid beyond the year 9999",
    );
    check_usage(
        &["generate", "--records", "many"],
        "invalid value 'many' for '--records <N>'",
    );
    check_usage(
        &["generate", "--seed=-1"],
        "invalid value '-1' for '--seed <S>'",
    );
}

#[test]
fn files_that_cannot_be_read_are_2_and_named() {
    let gone = "`gone.json`: No such file or directory (os error 2)";
    let no_json =
        "`no.json`: `document`: `no JSON\\n` is not JSON (line 1, column 2: expected ident)";
    let list = "`list.json`: `document`: `[]` is not a JSON object";
    let folder = "`.`: is a directory, not a file";
    let not_text = "`text.bin`: not UTF-8 from byte 7";
    let files = [
        ("gone.json", gone),
        ("no.json", no_json),
        ("list.json", list),
        (".", folder),
        ("text.bin", not_text),
    ];
    for (file, message) in files {
        check(&["replay", "--policy", file], 2, message);
        check(&["decide", "--policy", file], 2, message);
        check(&["harvest", "--policy", file], 2, message);
        check(&["explain", "tape.jsonl", "--policy", file], 2, message);
        check(&["policy", "check", file], 2, message);
        check(&["policy", "show", file], 2, message);
        check(&["policy", "hash", file], 2, message);
    }
}

#[test]
fn guardrails_that_are_none_are_2() {
    let check = |guardrails: &str, message: &str| {
        for command in [
            &["replay", "tape.jsonl", "--guardrails", "g.json"][..],
            &["decide", "--guardrails", "g.json"],
            &["harvest", "--guardrails", "g.json"],
            &["explain", "tape.jsonl", "--guardrails", "g.json"],
        ] {
            let place = place();
            place.put("g.json", guardrails);
            let run = place.run(command);
            let stderr = format!("portcullis: `g.json`: guardrails refused: {message}\n");
            assert_eq!((run.status, &*run.stdout, run.stderr), (2, "", stderr));
        }
    };
    check("", "line 1, column 1: EOF while parsing a value");
    check(r#"{"max_levrage": 5}"#, "`max_levrage` is no guardrail");
    check(
        r#"{"max_leverage": 5, "max_leverage": 50}"#,
        "`max_leverage` stands twice",
    );
    check(
        r#"{"max_leverage": "much", "halt": "some"}"#,
        "`max_leverage`: `\"much\"` is not a finite number greater than 0; `halt`: `\"some\"` is not `nothing`, `everything` or a list of symbols, without `*` (to halt all, write `everything`)",
    );
    self::check(
        &["replay", "tape.jsonl", "--guardrails", "gone.json"],
        2,
        "`gone.json`: No such file or directory (os error 2)",
    );
}

#[test]
fn tapes_that_are_none_are_2_and_named() {
    check(
        &["replay", "gone.jsonl"],
        2,
        &format!("no tape at `gone.jsonl`: {NO_TAPE}"),
    );
    check(
        &["explain", "gone.jsonl"],
        2,
        &format!("no tape at `gone.jsonl`: {NO_TAPE}"),
    );
    // None of them is read before all of them are there.
    check(
        &["replay", "tape.jsonl", "gone.jsonl"],
        2,
        &format!("no tape at `gone.jsonl`: {NO_TAPE}"),
    );
    check(
        &["replay", "*.gz"],
        2,
        "no file matches `*.gz`: check the folder and the ending",
    );
    check(
        &["replay", "."],
        2,
        "`.` is a directory: give its files, for example as `./*.jsonl` in quotes",
    );
    check(
        &["replay", "-", "tape.jsonl", "-"],
        2,
        "standard input (`-`) is given twice: it can be read once",
    );
    check(
        &["explain", "tape.jsonl", "--n", "2"],
        2,
        "`tape.jsonl` has no record 2: it ends after 1",
    );
}

#[test]
fn answers_that_cannot_be_written_are_2() {
    check(
        &["replay", "tape.jsonl", "--out", "no/answers.jsonl"],
        2,
        "cannot write `no/answers.jsonl`: No such file or directory (os error 2)",
    );
    check(
        &["replay", "tape.jsonl", "--out", "."],
        2,
        "cannot write `.`: Is a directory (os error 21)",
    );
}

#[test]
fn a_full_disk_is_2() {
    let full = std::path::Path::new("/dev/full");
    if full.exists() {
        check(
            &["replay", "tape.jsonl", "--out", "/dev/full"],
            2,
            "cannot write: No space left on device (os error 28)",
        );
    }
}

#[test]
fn answers_never_overwrite_what_the_run_reads() {
    let tape = lines(&[entry(1), exit(2)]);
    for (name, out) in [
        ("tape.jsonl", "tape.jsonl"),
        ("tape.jsonl", "./tape.jsonl"),
        ("policy.json", "policy.json"),
        ("g.json", "g.json"),
    ] {
        let place = place();
        place.put("tape.jsonl", &tape);
        place.put("g.json", "{}");
        let before = place.read(name);
        let run = place.run(&[
            "replay",
            "*.jsonl",
            "--policy",
            "policy.json",
            "--guardrails",
            "g.json",
            "--out",
            out,
        ]);
        let message = format!("portcullis: cannot write `{out}`: it is an input of this run\n");
        assert_eq!((run.status, run.stderr), (2, message));
        assert_eq!(place.read(name), before);
    }
}
