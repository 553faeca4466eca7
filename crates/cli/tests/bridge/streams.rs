//! Tests of replays of a Redis stream.

use std::{fs, process::Output};

use serde_json::Value;

use super::{
    process::{INTENTS, Server, error_line, free_port, program},
    recording::Desk,
};

/// Returns the digest of a replay of a stream.
fn digest_from(url: &str, options: &[&str]) -> String {
    let output = program(&["replay", "--from", url, "--format", "json"])
        .args(options)
        .output();
    digest(&output.unwrap())
}

fn digest(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    summary["digest"].as_str().unwrap().to_owned()
}

#[test]
fn a_stream_is_replayed_up_to_its_current_end() {
    let (server, desk) = (Server::start(), Desk::new());
    let mut redis = server.connect();
    for n in 0..700 {
        redis.add(
            INTENTS,
            &[
                ("id", "own"),
                ("symbol", "BTCUSDT"),
                ("side", "BUY"),
                ("size", &format!("{n}")),
            ],
        );
    }
    redis.add(
        INTENTS,
        &[
            ("payload", r#"{"symbol":"A\"B\n","side":"SELL"}"#),
            ("source", "tab\t"),
        ],
    );
    redis::cmd("XADD")
        .arg(INTENTS)
        .arg(["*", "symbol"].as_slice())
        .arg(b"BTC\xff".as_slice())
        .query::<String>(&mut redis.0)
        .unwrap();
    let entries: Vec<(String, Vec<Vec<u8>>)> = redis::cmd("XRANGE")
        .arg(INTENTS)
        .arg("-")
        .arg("+")
        .query(&mut redis.0)
        .unwrap();
    let mut raw = Vec::new();
    for (id, items) in &entries {
        let mut line = format!("{{\"id\":\"{id}\"").into_bytes();
        for pair in items.chunks(2).filter(|pair| pair[0] != b"id") {
            line.push(b',');
            line.extend(
                serde_json::json!(String::from_utf8_lossy(&pair[0]))
                    .to_string()
                    .bytes(),
            );
            line.push(b':');
            match std::str::from_utf8(&pair[1]) {
                Ok(text) => line.extend(serde_json::json!(text).to_string().bytes()),
                Err(_) => line.extend([b"\"", pair[1].as_slice(), b"\""].concat()),
            }
        }
        line.extend(b"}\n");
        raw.extend(line);
    }
    fs::write(desk.path("raw"), raw).unwrap();
    let policy = desk.name("policy");
    let sample = program(&["policy", "sample"]).output().unwrap();
    fs::write(&policy, sample.stdout).unwrap();
    let url = format!("{}/0/{INTENTS}", server.url());
    let of_lines = program(&[
        "replay",
        &desk.name("raw"),
        "--format",
        "json",
        "--policy",
        &policy,
    ]);
    let mut of_lines = of_lines;
    let of_lines = digest(&of_lines.output().unwrap());
    assert_eq!(digest_from(&url, &["--policy", &policy]), of_lines);
    let short = format!("{}/{INTENTS}", server.url());
    assert_eq!(
        digest_from(&short, &["--policy", &policy, "--threads", "3"]),
        of_lines
    );
    assert_ne!(digest_from(&url, &[]), of_lines);
}

#[test]
fn unusable_streams_are_errors() {
    let server = Server::start();
    server.connect().run(&["SET", "text", "1"]);
    let (url, port) = (server.url(), server.port());
    let closed_port = free_port();
    for (from, line) in [
        (
            format!("{url}/0"),
            "the stream URL cannot be used: it has no stream name".to_owned(),
        ),
        (
            url.clone(),
            "the stream URL cannot be used: it has no stream name".to_owned(),
        ),
        (
            "http://example.org/a".to_owned(),
            "invalid address".to_owned(),
        ),
        (
            format!("{url}/0/none"),
            format!(
                "cannot open `redis://127.0.0.1:{port}/none`: the stream does not exist; 0 records"
            ),
        ),
        (
            format!("{url}/text"),
            format!(
                "cannot open `redis://127.0.0.1:{port}/text`: the key is a string, not a stream; 0 records"
            ),
        ),
        (
            format!("redis://:hunter2@127.0.0.1:{closed_port}/a"),
            format!("cannot open `redis://127.0.0.1:{closed_port}/a`: "),
        ),
    ] {
        let output = program(&["replay", "--from", &from]).output().unwrap();
        let error = error_line(&output);
        assert!(error.starts_with(&line), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let both = program(&["replay", "--from", &url, "tape"])
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(2));
}
