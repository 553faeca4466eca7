//! Tests of the metrics for Prometheus and of log lines as JSON.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use super::process::{BRIDGE, Bridge, HALTS, POLICY, Server, command, eventually, free_port};

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
    // The server skips a trade that was decided, because a later exit was answered.
    redis.run(&["SET", &format!("{BRIDGE}:exit:ETHUSDT"), "no entry"]);
    redis.intent("superseded", "ETHUSDT");
    until(
        r#"portcullis_decisions_total{verdict="SKIP",reason="INTENT_SUPERSEDED"}"#,
        1.0,
    );
    until(
        r#"portcullis_decisions_total{verdict="TRADE",reason=""}"#,
        2.0,
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

/// Clients that never finish their requests take few descriptors, so that the bridge can connect to the server again.
#[test]
fn half_sent_requests_take_no_descriptors() {
    let server = Server::start();
    let mut redis = server.connect();
    let address = format!("127.0.0.1:{}", free_port());
    let options = [
        "--redis",
        &server.url(),
        "--metrics",
        &address,
        "--no-guardrails",
    ];
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 100; exec \"$@\"", "sh"]);
    let program = command(&options);
    shell.arg(program.get_program()).args(program.get_args());
    let bridge = Bridge::spawn(shell);
    redis.exit("before", "BTCUSDT");
    assert_eq!(redis.await_answer("before"), "EXIT");
    let clients: Vec<TcpStream> = (0..1100)
        .filter_map(|_| {
            let mut client = TcpStream::connect(&address).ok()?;
            client.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").ok()?;
            Some(client)
        })
        .collect();
    assert!(clients.len() > 500, "{}", clients.len());
    redis.run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    redis.exit("after", "BTCUSDT");
    assert_eq!(redis.await_answer("after"), "EXIT");
    // The connections end, and the next request is answered.
    eventually("an answer", || {
        scrape(&address).is_some_and(|text| text.contains("portcullis_decisions_total"))
    });
    let open = std::fs::read_dir(format!("/proc/{}/fd", bridge.process.id()));
    assert!(open.unwrap().count() < 50);
    drop(clients);
    bridge.stop();
}

#[test]
fn only_whole_get_requests_of_bounded_size_are_answered() {
    let server = Server::start();
    let address = format!("127.0.0.1:{}", free_port());
    let bridge = Bridge::start(&server.url(), &["--metrics", &address]);
    eventually("the endpoint", || scrape(&address).is_some());
    let answer = |request: &[u8]| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    };
    let started = std::time::Instant::now();
    assert_eq!(answer(b"GET / HTTP/1.1\r\n"), "", "the head never ends");
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
    assert_eq!(answer(&[b'x'; 20_000]), "");
    let posted = answer(b"POST /metrics HTTP/1.1\r\n\r\n");
    assert!(posted.starts_with("HTTP/1.1 405 "), "{posted}");
    let health = answer(b"GET /health HTTP/1.1\r\n\r\n");
    assert!(health.ends_with("\r\n\r\nOK"), "{health}");
    let whole = answer(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}\r\n", body.len())),
        "{head}"
    );
    let types = body
        .lines()
        .filter(|line| line.starts_with("# TYPE portcullis_"));
    assert!(types.count() > 5, "{body}");
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
