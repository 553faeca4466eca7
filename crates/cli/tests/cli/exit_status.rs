//! Tests of exit statuses and messages on standard error.

use crate::program::Place;
use crate::records::{FAR, entry, lines, policy_until};

const NO_TAPE: &str =
    "give a file, a quoted pattern such as `tapes/*.jsonl`, or `-` for standard input";

fn place() -> Place {
    let place = Place::new();
    place.put("policy.json", policy_until("one", FAR).to_string());
    place.put("tape.jsonl", lines(&[entry(1)]));
    place.put("no.json", "no JSON\n");
    place.put("empty.json", "\n");
    place.put("list.json", "[]");
    place.put("text.bin", b"{\"a\": \xff}");
    place.put(
        "invalid.json",
        policy_until("bad", 253_402_300_800).to_string(),
    );
    place
}

/// Checks the exit status and the message, and that standard output is empty.
fn check(arguments: &[&str], status: i32, message: &str) {
    let run = place().run(arguments);
    assert_eq!(
        run.stderr,
        format!("portcullis: {message}\n"),
        "{arguments:?}"
    );
    assert_eq!((run.status, &*run.stdout), (status, ""), "{arguments:?}");
}

/// Checks a usage error: exit status 2, and one line that ends with the help command.
fn check_usage(arguments: &[&str], message: &str) {
    let commands = ["policy check", "policy sample", "policy"];
    let given = arguments.join(" ");
    let command = match commands.iter().find(|command| given.starts_with(*command)) {
        Some(command) => (*command).to_owned(),
        None => arguments[0].to_owned(),
    };
    let help = match &*command {
        "rplay" | "--threads" => "portcullis --help".to_owned(),
        _ => format!("portcullis {command} --help"),
    };
    check(arguments, 2, &format!("{message}; see `{help}`"));
}

fn check_done(arguments: &[&str]) {
    let run = place().run(arguments);
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
}

#[test]
fn success_is_0() {
    check_done(&[]);
    check_done(&["replay"]);
    check_done(&["replay", "tape.jsonl", "--policy", "policy.json"]);
    // A skip is a successful answer.
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
fn an_invalid_policy_is_1() {
    let bound = "`valid_until_epoch` is `253402300800`, but must be at most 253402300799 (epoch seconds, not milliseconds)";
    let no = "`invalid.json` is not a valid policy, so everything that needs a policy was skipped (run `portcullis policy check invalid.json` to list all violations)";
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
            "portcullis: `invalid.json` is not a valid policy: 1 violation\n"
        );
    }
}

#[test]
fn unknown_arguments_are_2() {
    check_usage(
        &["rplay"],
        "unrecognized subcommand `rplay`; some similar subcommands exist: `policy`, `replay`",
    );
    check_usage(
        &["policy", "chekc"],
        "unrecognized subcommand `chekc`; some similar subcommands exist: `schema`, `check`",
    );
    check_usage(
        &["replay", "--thread", "2"],
        "unexpected argument `--thread` found; a similar flag exists: `--threads`",
    );
    check_usage(
        &["decide", "--polcy", "x"],
        "unexpected argument `--polcy` found; a similar flag exists: `--policy`",
    );
    check_usage(&["--threads", "2"], "unexpected argument `--threads` found");
    check_usage(
        &["decide", "tape.jsonl"],
        "unexpected argument `tape.jsonl` found",
    );
    for (command, missing) in [
        (&["explain"][..], "<TAPE>"),
        (&["policy", "check"], "<FILE|--store <ADDRESS>>"),
    ] {
        let message = format!("the following required arguments were not provided: {missing}");
        check_usage(command, &message);
    }
    check_usage(
        &[
            "replay",
            "--policy",
            "policy.json",
            "--policy",
            "policy.json",
        ],
        "the argument `--policy <FILE>` cannot be used multiple times",
    );
    check_usage(
        &["replay", "--format", "yaml"],
        "invalid value `yaml` for `--format <FORMAT>` [possible values: text, json]",
    );
    check_usage(
        &["replay", "--policy"],
        "a value is required for `--policy <FILE>` but none was supplied",
    );
    // An incomplete command prints its help.
    let run = place().run(&["policy"]);
    assert_eq!((run.status, &*run.stdout), (2, ""));
    assert!(
        run.stderr
            .contains("Usage: portcullis policy [OPTIONS] <COMMAND>")
    );
}

#[test]
fn invalid_numbers_are_2() {
    let check_whole = |command: &[&str], flag: &str, name: &str, texts: &[&str], bounds: &str| {
        for text in texts {
            let message = format!(
                "invalid value `{text}` for `{flag} <{name}>`: not a whole number {bounds}"
            );
            check_usage(&[command, &[flag, text]].concat(), &message);
            check_usage(&[command, &[&*format!("{flag}={text}")]].concat(), &message);
        }
    };
    let texts = ["0", "-1", "two", "1.5", "", "257", "99999999999999999999"];
    check_whole(&["replay"], "--threads", "N", &texts, "from 1 to 256");
    let texts = ["-1", "many", "1e3", "18446744073709551616"];
    let bounds = "from 0 to 18446744073709551615";
    check_whole(&["generate"], "--records", "N", &texts, bounds);
    check_whole(&["generate"], "--seed", "S", &texts, bounds);
    let bounds = "from 1 to 18446744073709551615";
    let texts = ["0", "-1", "x"];
    check_whole(&["explain", "tape.jsonl"], "--n", "K", &texts, bounds);

    for command in ["decide", "harvest"] {
        for (text, why) in [
            ("noon", "neither a number nor a date with a time"),
            ("nan", "not finite"),
            (
                "1767571200000",
                "outside the years 0 to 9999 (are these milliseconds instead of seconds?)",
            ),
        ] {
            let message = format!(
                "invalid value `{text}` for `--now <EPOCH>`: {why}; use epoch seconds or a time such as `2026-01-05T00:00:00Z`"
            );
            check_usage(&[command, "--now", text], &message);
        }
    }
    let not_a_duration =
        "not a duration; use a number of seconds, or a number with a unit, such as `2d` or `4h`";
    for (text, why) in [
        ("0", "must be greater than 0"),
        ("0h", "must be greater than 0"),
        ("-1", not_a_duration),
        ("x", not_a_duration),
        ("inf", not_a_duration),
        ("4 parsecs", not_a_duration),
    ] {
        let message = format!("invalid value `{text}` for `--valid-for <DURATION>`: {why}");
        check_usage(&["policy", "sample", "--valid-for", text], &message);
    }
    check(
        &["policy", "sample", "--valid-for", "253402300799"],
        2,
        "the policy would be valid beyond the year 9999; use a smaller `--valid-for`",
    );
}

#[test]
fn unreadable_files_are_2_and_named() {
    let gone = "`gone.json`: No such file or directory (os error 2)";
    let no_json = "`no.json`: the document is `no JSON\\n`, but must be valid JSON (line 1, column 2: expected ident)";
    let list = "`list.json`: the document is `[]`, but must be a JSON object";
    let folder = "`.` is a directory, not a file";
    let not_text = "`text.bin` is not UTF-8: byte 7 is invalid";
    let empty = "`empty.json` is empty";
    let files = [
        ("gone.json", gone),
        ("empty.json", empty),
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
fn invalid_guardrails_are_2() {
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
            let stderr = format!("portcullis: `g.json`: invalid guardrails: {message}\n");
            assert_eq!((run.status, &*run.stdout, run.stderr), (2, "", stderr));
        }
    };
    check(
        "{",
        "not a JSON object: line 1, column 1: EOF while parsing an object",
    );
    check(
        r#"{"max_levrage": 5}"#,
        "`max_levrage` is not a known guardrail; check the spelling",
    );
    check(
        r#"{"max_leverage": 5, "max_leverage": 50}"#,
        "the key `max_leverage` occurs more than once",
    );
    check(
        r#"{"max_leverage": "much", "halt": "some"}"#,
        "`max_leverage` is `\"much\"`, but must be a finite number greater than 0; `halt` is `\"some\"`, but must be `nothing`, `everything` or a list of symbols without `*` (to halt all symbols, use `everything`)",
    );
    for (file, message) in [
        ("gone.json", ": No such file or directory (os error 2)"),
        ("empty.json", " is empty"),
    ] {
        let arguments = ["replay", "tape.jsonl", "--guardrails", file];
        self::check(&arguments, 2, &format!("`{file}`{message}"));
    }
}

#[test]
fn missing_tapes_are_2_and_named() {
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
    // All tapes must exist before the first one is read.
    check(
        &["replay", "tape.jsonl", "gone.jsonl"],
        2,
        &format!("no tape at `gone.jsonl`: {NO_TAPE}"),
    );
    check(
        &["replay", "*.gz"],
        2,
        "no file matches `*.gz`: check the folder and the file extension",
    );
    check(
        &["replay", "."],
        2,
        "`.` is a directory: give its files, for example with the quoted pattern `./*.jsonl`",
    );
    check(
        &["replay", "-", "tape.jsonl", "-"],
        2,
        "standard input (`-`) is given twice, but it can be read only once",
    );
    check(
        &["explain", "tape.jsonl", "--n", "2"],
        2,
        "`tape.jsonl` has no record 2; its last record is 1",
    );
}

#[test]
fn unwritable_answers_are_2() {
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
            "cannot write `/dev/full`: No space left on device (os error 28)",
        );
    }
}

#[test]
fn standard_input_is_read_once() {
    let check_who = |arguments: &[&str], who: &str| {
        let message = format!("standard input can be read only once, but it is used by {who}");
        check(arguments, 2, &message);
    };
    let replay = ["replay", "-", "--policy", "-"];
    check_who(&replay, "`--policy` and by the tape");
    check_who(
        &["replay", "tape.jsonl", "/dev/stdin", "--guardrails", "-"],
        "`--guardrails` and by the tape",
    );
    check_who(
        &["replay", "--policy", "-", "--guardrails", "-"],
        "`--policy` and by `--guardrails`",
    );
    for command in ["decide", "harvest"] {
        check_who(&[command, "--policy", "-"], "`--policy` and by the records");
        check_who(
            &[command, "--policy", "-", "--guardrails", "/dev/stdin"],
            "`--policy` and by `--guardrails` and by the records",
        );
    }
    let explain = ["explain", "-", "--policy", "-"];
    check_who(&explain, "`--policy` and by the tape");
}
