//! Tests of the errors with which the harvester refuses to start.

use std::process::Output;

use super::process::{BTC, Harvester, OWNER, Server, command, error_line, text};

#[track_caller]
fn refused(output: &Output, line: &str) {
    assert_eq!(error_line(output), line);
}

#[test]
fn a_service_that_does_not_own_exits_is_an_error() {
    let advice = "use the name of the exit owner in --as, or add the name in --as to the delegates with --exit-delegate";
    let mut other_owner = command(&[]);
    other_owner.env("QUANTUM_EXIT_OWNER", "brain");
    for (mut command, name, owner) in [
        (command(&["--as", "stranger"]), "stranger", OWNER),
        (command(&["--as", ""]), "", OWNER),
        (other_owner, OWNER, "brain"),
    ] {
        let line = format!(
            "`{name}` may not send exits: it is neither the exit owner `{owner}` nor a delegate; {advice}"
        );
        refused(&command.output().unwrap(), &line);
    }
}

#[test]
fn another_owner_can_be_set() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "101");
    let options = ["--exit-owner", "brain", "--as", "brain"];
    let harvester = Harvester::start(&server.url(), &options);
    let proposal = redis.await_action(BTC, "NONE");
    assert_eq!(text(&proposal, "source"), "brain");
    let log = harvester.stop();
    assert!(
        log.contains("harvester: `brain` as exit owner; Redis at "),
        "{log}"
    );
}

#[test]
fn an_invalid_url_is_an_error() {
    let output = command(&["--redis", "redis://:hunter2@[::"]).output();
    refused(
        &output.unwrap(),
        "invalid address: use `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS",
    );
}

#[test]
fn a_wrong_password_is_an_error() {
    let server = Server::start_with(&["--requirepass", "hunter2"]);
    let port = server.port();
    let url = format!("redis://:hunter3@127.0.0.1:{port}");
    let (status, log) = Harvester::start(&url, &[]).wait();
    assert_eq!(status.code(), Some(2), "{log}");
    let last = log.lines().last().unwrap();
    assert_eq!(
        last,
        format!(
            "portcullis: Redis at 127.0.0.1:{port} refuses the connection: wrong user or password"
        )
    );
    assert!(!log.contains("hunter"), "{log}");
}
