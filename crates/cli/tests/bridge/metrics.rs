//! Tests of the metrics for Prometheus and of log lines as JSON.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::process::{Bridge, HALTS, POLICY, Server, command, eventually, free_port};

fn scrape(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Returns the value of a metric with these labels, if it is present.
fn value(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

#[test]
fn decisions_and_the_policy_are_counted() {
    let server = Server::start();
    let mut redis = server.connect();
    let address = format!("127.0.0.1:{}", free_port());
    let bridge = Bridge::start(&server.url(), &["--metrics", &address]);
    let until = |name: &str, expected: f64| {
        eventually(&format!("{name} {expected}"), || {
            scrape(&address).and_then(|text| value(&text, name)) == Some(expected)
        });
    };
    until("portcullis_feed_connected", 1.0);
    until("portcullis_policy_valid_until_timestamp_seconds", 0.0);
    redis.intent("none", "BTCUSDT");
    until(
        r#"portcullis_decisions_total{verdict="SKIP",reason="POLICY_MISSING"}"#,
        1.0,
    );
    redis.publish(3600);
    bridge.await_log("POLICY_LOADED");
    until("portcullis_policy_loaded_total", 1.0);
    for id in ["a", "b"] {
        redis.intent(id, "BTCUSDT");
    }
    until(
        r#"portcullis_decisions_total{verdict="TRADE",reason=""}"#,
        2.0,
    );
    redis.exit("c", "BTCUSDT");
    until(
        r#"portcullis_decisions_total{verdict="EXIT",reason=""}"#,
        1.0,
    );
    until(
        r#"portcullis_answer_lag_seconds_count{stream="quantum:stream:trade.intent"}"#,
        3.0,
    );
    until(
        r#"portcullis_waiting{stream="quantum:stream:trade.intent"}"#,
        0.0,
    );
    redis.run(&["HSET", POLICY, "universe_symbols", "["]);
    until(
        r#"portcullis_policy_refused_total{reason="POLICY_PARSE_ERROR"}"#,
        1.0,
    );
    redis.run(&["SADD", HALTS, "BTCUSDT"]);
    until("portcullis_halted", 1.0);
    redis.run(&["DEL", POLICY]);
    until("portcullis_policy_withdrawn_total", 1.0);
    until("portcullis_policy_valid_until_timestamp_seconds", 0.0);
    bridge.stop();
}

#[test]
fn an_occupied_address_is_an_error() {
    let server = Server::start();
    let taken = format!("127.0.0.1:{}", server.port());
    let output = command(&[
        "--no-guardrails",
        "--redis",
        &server.url(),
        "--metrics",
        &taken,
    ]);
    let output = { output }.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.starts_with(&format!("portcullis: cannot serve metrics at {taken}: ")),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn log_lines_can_be_json() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &["--log", "json"]);
    redis.intent("a\nb", "NO\u{1b}[2JUSDT");
    redis.await_answers(1);
    let log = bridge.stop();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let message = |line: &serde_json::Value| line["message"].as_str().unwrap().to_owned();
    assert!(
        lines
            .iter()
            .any(|line| message(line).starts_with("POLICY_LOADED: version="))
    );
    assert!(lines.iter().any(|line| message(line).starts_with("SKIP ")));
    assert!(lines.iter().all(|line| line["timestamp"].is_string()));
}
