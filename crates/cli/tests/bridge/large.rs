//! Tests of entries of many megabytes.

use std::{
    fs,
    time::{Duration, Instant as Tick},
};

use super::process::{Bridge, EXITS, INTENTS, OWNER, PLANS, Redis, SKIPS, Server, eventually};

const BYTES: usize = 8_600_000;

impl Redis {
    fn large(&mut self, stream: &str, id: &str, text: &str) {
        let fields = [
            ("intent_id", id),
            ("symbol", "XRPUSDT"),
            ("side", "BUY"),
            ("size", "1"),
            ("note", text),
        ];
        self.add(stream, &fields);
    }
}

/// Returns the highest memory use of a process so far, in bytes.
fn peak(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: usize = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

#[test]
fn large_entries_are_read_in_small_batches_and_hold_no_exit() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let text = "x".repeat(BYTES);
    for (stream, count) in [(INTENTS, 16), (EXITS, 6)] {
        for n in 0..count {
            redis.large(stream, &format!("{stream} {n}"), &text);
        }
    }
    let close = [
        ("intent_id", "exit"),
        ("symbol", "BTCUSDT"),
        ("action", "CLOSE"),
        ("source", OWNER),
    ];
    redis.add(EXITS, &close);
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log("POLICY_LOADED");
    eventually("the exit", || redis.length(PLANS) == 1);
    // An exit that arrives while the large entries are read is answered at once.
    let sent = Tick::now();
    redis.exit("another exit", "BTCUSDT");
    eventually("the other exit", || redis.length(PLANS) == 2);
    let waited = sent.elapsed();
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    for n in 1..=22 {
        eventually("the next answer", || redis.length(SKIPS) >= n);
    }
    let peak = peak(bridge.process.id());
    assert!(peak < 600_000_000, "{peak} bytes");
    bridge.stop();
}

/// The size of the entries changes while the bridge reads full batches.
#[test]
fn a_batch_of_small_entries_may_be_followed_by_large_ones() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let text = "x".repeat(1_000_000);
    for n in 0..400 {
        redis.intent(&format!("{n}"), "BTCUSDT");
    }
    for n in 400..420 {
        redis.large(INTENTS, &format!("{n}"), &text);
    }
    for n in 420..800 {
        redis.intent(&format!("{n}"), "BTCUSDT");
    }
    let bridge = Bridge::start(&server.url(), &[]);
    redis.await_answers(800);
    bridge.stop();
}
