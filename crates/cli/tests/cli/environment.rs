//! Tests of the exit owner and delegates: environment, flags, and their precedence.

use serde_json::{Value, json};

use crate::program::{Place, Run};
use crate::records::{START, lines, objects, text};

fn exit_of(source: &str) -> Value {
    json!({
        "ts": START * 1000, "symbol": "BTCUSDT", "action": "CLOSE", "source": source
    })
}

/// Checks which sources may exit, and by which rule.
fn check(environment: &[(&str, &str)], flags: &[&str], expected: &[(&str, &str)]) {
    let sources = ["exitbrain_v3_5", "brain", "closer", "risk", "a,b", ""];
    let tape: Vec<Value> = sources.into_iter().map(exit_of).collect();
    for command in ["decide", "replay"] {
        let place = Place::new();
        let extra: &[&str] = match command {
            "replay" => &["-", "--out", "/dev/stdout"],
            _ => &[],
        };
        let mut process = place.command(&[&[command], extra, flags].concat());
        process.envs(environment.iter().copied());
        let mut command = assert_cmd::Command::from_std(process);
        let output = command.write_stdin(lines(&tape)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        let answers: String = stdout
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| format!("{line}\n"))
            .collect();
        let answers = objects(&answers);
        assert_eq!(answers.len(), sources.len());
        let passed: Vec<(&str, &str)> = sources
            .into_iter()
            .zip(&answers)
            .filter(|(_, answer)| text(answer, "decision") == "EXIT")
            .map(|(source, answer)| (source, text(answer, "exit_rule")))
            .collect();
        assert_eq!(passed, expected, "{environment:?} {flags:?}");
        for answer in &answers {
            let denied = text(answer, "reason") == "DENY_NOT_EXIT_OWNER";
            assert!(denied || text(answer, "decision") == "EXIT", "{answer}");
        }
    }
}

const OWNER: &str = "QUANTUM_EXIT_OWNER";
const DELEGATES: &str = "QUANTUM_EXIT_DELEGATES";

#[test]
fn the_default_is_one_owner_and_no_delegates() {
    check(&[], &[], &[("exitbrain_v3_5", "owner")]);
    check(&[(DELEGATES, "")], &[], &[("exitbrain_v3_5", "owner")]);
}

#[test]
fn the_environment_sets_owner_and_delegates() {
    check(&[(OWNER, "brain")], &[], &[("brain", "owner")]);
    check(
        &[(DELEGATES, "closer")],
        &[],
        &[("exitbrain_v3_5", "owner"), ("closer", "delegate")],
    );
    check(
        &[(OWNER, "brain"), (DELEGATES, "closer, risk")],
        &[],
        &[
            ("brain", "owner"),
            ("closer", "delegate"),
            ("risk", "delegate"),
        ],
    );
    // An owner that is also listed as a delegate is the owner.
    check(
        &[(OWNER, "brain"), (DELEGATES, "brain")],
        &[],
        &[("brain", "owner")],
    );
}

#[test]
fn a_flag_overrides_the_environment() {
    check(
        &[(OWNER, "risk")],
        &["--exit-owner", "brain"],
        &[("brain", "owner")],
    );
    check(
        &[(DELEGATES, "risk")],
        &["--exit-delegate", "closer", "--exit-delegate", "brain"],
        &[
            ("exitbrain_v3_5", "owner"),
            ("brain", "delegate"),
            ("closer", "delegate"),
        ],
    );
}

#[test]
fn an_empty_name_is_rejected() {
    let place = Place::new();
    let refused = |environment: (&str, &str), flags: &[&str], why: &str| {
        for command in [&["replay"][..], &["decide"], &["harvest"]] {
            let mut process = place.command(&[command, flags].concat());
            let output = process.env(environment.0, environment.1).output().unwrap();
            let stderr = format!(
                "portcullis: {why}; see `--exit-owner` (QUANTUM_EXIT_OWNER) and `--exit-delegate` (QUANTUM_EXIT_DELEGATES)\n"
            );
            assert_eq!(output.status.code(), Some(2));
            assert_eq!(String::from_utf8(output.stderr).unwrap(), stderr);
        }
    };
    refused((OWNER, ""), &[], "the exit owner has an empty name");
    refused(
        (DELEGATES, "a,,b"),
        &[],
        "an exit delegate has an empty name",
    );
    refused(
        ("UNUSED", ""),
        &["--exit-owner", ""],
        "the exit owner has an empty name",
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_rejected_by_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    let no_text = std::ffi::OsStr::from_bytes(b"brain\xff");
    for variable in [OWNER, DELEGATES] {
        for (arguments, help) in [
            (&[][..], "portcullis"),
            (&["replay"], "portcullis replay"),
            (&["decide"], "portcullis decide"),
        ] {
            let output = place.command(arguments).env(variable, no_text).output();
            let run = Run::new(&output.unwrap());
            let message = format!(
                "portcullis: the environment variable `{variable}` is not UTF-8; see `{help} --help`\n"
            );
            assert_eq!((run.status, &*run.stdout, run.stderr), (2, "", message));
        }
    }
}

#[test]
fn the_summary_lists_owner_delegates_and_guardrails() {
    let place = Place::new();
    place.put("tape", "");
    place.put("g.json", "{}");
    let summary = place.summary(&["tape"]);
    assert_eq!(summary["exit_owner"], "exitbrain_v3_5");
    assert_eq!(summary["exit_delegates"], json!([]));
    assert_eq!(summary["guardrails"], "none");
    let flags = [
        "tape",
        "--exit-owner",
        "brain",
        "--exit-delegate",
        "closer",
        "--guardrails",
        "g.json",
    ];
    let summary = place.summary(&flags);
    assert_eq!(summary["exit_owner"], "brain");
    assert_eq!(summary["exit_delegates"], json!(["closer"]));
    assert_eq!(summary["guardrails"], "g.json");
    // Duplicate names are listed once.
    let twice = ["brain", "closer", "brain"].map(|name| ["--exit-delegate", name]);
    let twice = [&flags[..], twice.as_flattened()].concat();
    assert_eq!(place.summary(&twice), summary);
    let text = place.run(&[&["replay"], &flags[..]].concat()).stdout;
    assert!(
        text.contains("\nguardrails: g.json; exit owner: brain; exit delegates: closer\n"),
        "{text}"
    );
}
