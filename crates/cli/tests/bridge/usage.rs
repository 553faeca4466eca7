//! Tests of the errors with which the bridge refuses to start.

use std::{fs, process::Output};

use super::process::{Bridge, Server, command, error_line};

#[track_caller]
fn refused(output: &Output, line: &str) {
    assert_eq!(error_line(output), line);
}

#[test]
fn invalid_urls_are_errors() {
    for url in [
        "redis://:hunter2@[::",
        "http://:hunter2@example.org",
        "hunter2",
        "redis://:hunter2@localhost:99999",
    ] {
        let output = command(&["--no-guardrails", "--redis", url])
            .output()
            .unwrap();
        refused(
            &output,
            "invalid address: use `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS",
        );
    }
}

#[test]
fn wrong_and_missing_passwords_are_errors() {
    let server = Server::start_with(&["--requirepass", "hunter2"]);
    let port = server.port();
    for (url, why) in [
        (
            format!("redis://:hunter3@127.0.0.1:{port}"),
            "wrong user or password",
        ),
        (
            format!("redis://127.0.0.1:{port}"),
            "the server requires a password; add it to the address",
        ),
    ] {
        let (status, log) = Bridge::start(&url, &[]).wait();
        assert_eq!(status.code(), Some(2), "{log}");
        let last = log.lines().last().unwrap();
        assert_eq!(
            last,
            format!("portcullis: Redis at 127.0.0.1:{port} refuses the connection: {why}")
        );
        assert_eq!(log.lines().count(), 2, "{log}");
        assert!(!log.contains("hunter"), "{log}");
    }
    let bridge = Bridge::start(&format!("redis://:hunter2@127.0.0.1:{port}"), &[]);
    bridge.await_log("nothing is traded");
    assert!(!bridge.stop().contains("hunter"));
}

#[test]
fn missing_and_invalid_options_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guardrails.json");
    fs::write(&file, r#"{"max_leverag": 3}"#).unwrap();
    refused(
        &command(&[]).output().unwrap(),
        "the bridge requires guardrails; give --guardrails FILE, or --no-guardrails to run without them",
    );
    let path = file.to_str().unwrap();
    refused(
        &command(&["--guardrails", path]).output().unwrap(),
        &format!(
            "`{path}`: invalid guardrails: `max_leverag` is not a known guardrail; check the spelling"
        ),
    );
    refused(
        &command(&[
            "--no-guardrails",
            "--exit-stream",
            "quantum:stream:apply.plan",
        ])
        .output()
        .unwrap(),
        "the stream name `quantum:stream:apply.plan` is empty or is used twice; intents, exits, plans and skips each \
         need a stream of their own",
    );
    refused(
        &command(&[
            "--no-guardrails",
            "--remember",
            "60",
            "--claim-after",
            "60000",
        ])
        .output()
        .unwrap(),
        "--remember must be longer than --claim-after; otherwise an intent is forgotten before another bridge can claim it",
    );
    let both = command(&["--no-guardrails", "--guardrails", path])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(2));
}
