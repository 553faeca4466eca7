//! What it refuses to start with.

use std::{fs, process::Output};

use super::support::{Bridge, Server, command};

#[track_caller]
fn refused(output: &Output, line: &str) {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr, format!("portcullis: {line}\n"));
}

#[test]
fn an_address_that_is_none() {
    let expected = "(expected redis://[[user]:password@]host[:port][/db], or rediss:// with TLS)";
    for (url, why) in [
        ("redis://:hunter2@[::", "it cannot be read"),
        ("http://:hunter2@example.org", "it cannot be read"),
        ("hunter2", "it cannot be read"),
        ("redis://:hunter2@localhost:99999", "it cannot be read"),
    ] {
        let output = command(&["--no-guardrails", "--redis", url])
            .output()
            .unwrap();
        refused(
            &output,
            &format!("the Redis URL cannot be used: {why} {expected}"),
        );
    }
}

#[test]
fn a_password_that_is_wrong_or_missing() {
    let server = Server::start_with(&["--requirepass", "hunter2"]);
    let port = server.port();
    for (url, why) in [
        (
            format!("redis://:hunter3@127.0.0.1:{port}"),
            "wrong user or password",
        ),
        (
            format!("redis://127.0.0.1:{port}"),
            "it asks for a password",
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
fn bounds_that_are_missing_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guardrails.json");
    fs::write(&file, r#"{"max_leverag": 3}"#).unwrap();
    refused(
        &command(&[]).output().unwrap(),
        "a service needs bounds: give --guardrails FILE, or --no-guardrails to run without",
    );
    let path = file.to_str().unwrap();
    refused(
        &command(&["--guardrails", path]).output().unwrap(),
        &format!("`{path}`: guardrails refused: `max_leverag` is no guardrail"),
    );
    refused(
        &command(&[
            "--no-guardrails",
            "--exit-stream",
            "quantum:stream:apply.plan",
        ])
        .output()
        .unwrap(),
        "`quantum:stream:apply.plan`: intents, exits, plans and skips need a stream each",
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
        "an intent would be forgotten before another instance takes it: --remember is not above --claim-after",
    );
    let both = command(&["--no-guardrails", "--guardrails", path])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(2));
}
