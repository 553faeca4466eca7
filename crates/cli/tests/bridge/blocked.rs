//! Tests that an answer that cannot be written blocks only its own intent.

use std::{thread, time::Duration};

use super::process::{
    BRIDGE, Bridge, EXITS, GROUP, INTENTS, OWNER, PLANS, Redis, SKIPS, Server, by_id, eventually,
    text,
};

/// The highest possible id of a stream entry.
const LAST_ID: &str = "18446744073709551615-18446744073709551615";

/// A fault of a stream, to which nothing can be added.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The key is not a stream.
    WrongType,
    /// The last id of the stream is the highest possible one.
    Exhausted,
}

const FAULTS: [Fault; 2] = [Fault::WrongType, Fault::Exhausted];

impl Fault {
    fn inject(self, redis: &mut Redis, stream: &str) {
        match self {
            Self::WrongType => drop(redis.run(&["SET", stream, "no stream"])),
            Self::Exhausted => drop(redis.add_at(stream, LAST_ID, &[("last", "1")])),
        }
    }

    /// Returns a part of the alarm.
    const fn text(self) -> &'static str {
        match self {
            Self::WrongType => "the key is not a stream: move it with RENAME",
            Self::Exhausted => "the last id of the stream is the highest possible one: move",
        }
    }
}

impl Redis {
    /// Sends an exit of a service that is not the exit owner.
    fn foreign_exit(&mut self, stream: &str, id: &str) {
        let fields = [
            ("intent_id", id),
            ("symbol", "BTCUSDT"),
            ("side", "SELL"),
            ("reduceOnly", "true"),
            ("source", "stranger"),
        ];
        self.add(stream, &fields);
    }

    fn owner_exit(&mut self, stream: &str, id: &str) {
        let fields = [
            ("intent_id", id),
            ("symbol", "BTCUSDT"),
            ("side", "SELL"),
            ("reduceOnly", "true"),
            ("source", OWNER),
        ];
        self.add(stream, &fields);
    }
}

#[test]
fn a_skip_stream_that_cannot_be_written_blocks_no_exit() {
    for fault in FAULTS {
        for stream in [EXITS, INTENTS] {
            let server = Server::start();
            let mut redis = server.connect();
            redis.publish(3600);
            fault.inject(&mut redis, SKIPS);
            redis.foreign_exit(stream, "foreign");
            for n in 0..5 {
                redis.owner_exit(stream, &format!("exit {n}"));
            }
            redis.intent("trade", "ETHUSDT");
            let bridge = Bridge::start(&server.url(), &["--log", "json"]);
            eventually("the exits and the trade", || redis.length(PLANS) == 6);
            assert_eq!(redis.pending(stream), 1, "{fault:?} {stream}");
            bridge.await_log(fault.text());
            let log = bridge.log();
            let alarm = log.lines().find(|line| line.contains("WRITE_FAILED"));
            let alarm = alarm.unwrap();
            assert!(alarm.contains(r#""level":"ERROR""#), "{alarm}");
            assert!(alarm.contains(&format!("`{SKIPS}`")), "{alarm}");

            // The record is written as soon as that is possible again.
            redis.run(&["DEL", SKIPS]);
            eventually("the skip record", || redis.length(SKIPS) == 1);
            bridge.await_log("ALARM_OVER WRITE_FAILED");
            eventually("the acknowledgement", || redis.pending(stream) == 0);
            let log = bridge.stop();
            assert!(
                log.contains("all intents that were read are answered"),
                "{log}"
            );
            assert_eq!(redis.length(PLANS), 6);
        }
    }
}

#[test]
fn a_plan_stream_that_cannot_be_written_blocks_no_skip_record() {
    for fault in FAULTS {
        let server = Server::start();
        let mut redis = server.connect();
        redis.publish(3600);
        fault.inject(&mut redis, PLANS);
        redis.exit("exit", "BTCUSDT");
        redis.intent("trade", "ETHUSDT");
        redis.intent("skip", "XRPUSDT");
        redis.foreign_exit(EXITS, "foreign");
        let bridge = Bridge::start(&server.url(), &[]);
        eventually("the skip records", || redis.length(SKIPS) == 2);
        bridge.await_log(&format!("ALARM WRITE_FAILED: `{PLANS}`"));
        assert_eq!((redis.pending(EXITS), redis.pending(INTENTS)), (1, 1));
        redis.run(&["DEL", PLANS]);
        let answers = by_id(&redis.await_answers(4));
        assert_eq!(answers["exit"], "EXIT");
        assert_eq!(answers["trade"], "TRADE");
        bridge.stop();
    }
}

#[test]
fn at_the_stop_the_pending_intents_are_counted() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&["SET", SKIPS, "no stream"]);
    redis.foreign_exit(EXITS, "a");
    redis.foreign_exit(EXITS, "b");
    redis.intent("c", "XRPUSDT");
    let bridge = Bridge::start(&server.url(), &[]);
    eventually("the reads", || {
        redis.run(&["EXISTS", INTENTS]);
        bridge
            .log()
            .contains(&format!("entries of `{INTENTS}` wait"))
            && bridge.log().contains(&format!("entries of `{EXITS}` wait"))
    });
    let log = bridge.stop();
    let last = log.lines().next_back().unwrap();
    for part in [
        format!(
            "2 intents of `{EXITS}` that this bridge has read stay pending (`{SKIPS}`: WRONGTYPE"
        ),
        format!("1 intent of `{INTENTS}` that this bridge has read stay pending"),
        "the next bridge of the group answers them".to_owned(),
    ] {
        assert!(last.contains(&part), "{part}: {last}");
    }
    assert!(!log.contains("all intents that were read are answered"));
    redis.run(&["DEL", SKIPS]);
    let _next = Bridge::start(&server.url(), &["--claim-after", "100"]);
    assert_eq!(by_id(&redis.await_answers(3)).len(), 3);
}

/// A stream of exits that cannot be read blocks neither exits on the stream of intents nor skips, but each entry.
#[test]
fn an_unreadable_stream_of_exits_denies_entries_only() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&["SET", EXITS, "no stream"]);
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log(&format!("ALARM READ_FAILED: `{EXITS}`: WRONGTYPE"));
    redis.intent("entry", "ETHUSDT");
    redis.owner_exit(INTENTS, "exit");
    assert_eq!(redis.await_answer("exit"), "EXIT");
    assert_eq!(redis.await_answer("entry"), "POLICY_STORE_UNAVAILABLE");
    redis.run(&["DEL", EXITS]);
    bridge.await_log("ALARM_OVER READ_FAILED");
    redis.intent("later", "ETHUSDT");
    assert_eq!(redis.await_answer("later"), "TRADE");
    bridge.stop();
}

#[test]
fn an_unreadable_stream_of_intents_blocks_no_exit() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.run(&["SET", INTENTS, "no stream"]);
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log(&format!("ALARM READ_FAILED: `{INTENTS}`: WRONGTYPE"));
    redis.exit("exit", "BTCUSDT");
    assert_eq!(redis.await_answer("exit"), "EXIT");
    let log = bridge.stop();
    assert!(log.contains("may be pending (`"), "{log}");
}

/// The user of the bridge may not write some keys, which only answers to entries need.
#[test]
fn a_missing_permission_for_entries_blocks_no_exit() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&[
        "ACL",
        "SETUSER",
        "bridge",
        "on",
        ">secret",
        "+@all",
        "~quantum:stream:*",
        "~quantum:policy:*",
        "~quantum:halt",
    ]);
    for keys in ["answered", "exit", "trade", "last", "trimmed"] {
        redis.run(&["ACL", "SETUSER", "bridge", &format!("~{BRIDGE}:{keys}:*")]);
    }
    let url = server.url().replace("redis://", "redis://bridge:secret@");
    let bridge = Bridge::start(&url, &[]);
    bridge.await_log("POLICY_LOADED");
    redis.intent("trade", "ETHUSDT");
    redis.owner_exit(INTENTS, "exit");
    assert_eq!(redis.await_answer("exit"), "EXIT");
    bridge.await_log(&format!("ALARM WRITE_FAILED: `{BRIDGE}:policy:"));
    assert_eq!(redis.pending(INTENTS), 1);
    redis.run(&["ACL", "SETUSER", "bridge", &format!("~{BRIDGE}:policy:*")]);
    assert_eq!(redis.await_answer("trade"), "TRADE");
    bridge.stop();

    // The server rejects the script as a whole if the user lacks a permission for a key of every answer.
    redis.run(&["ACL", "SETUSER", "bridge", "resetkeys", "~quantum:stream:*"]);
    redis.exit("not permitted", "BTCUSDT");
    let bridge = Bridge::start(&url, &[]);
    bridge.await_log(&format!("ALARM READ_FAILED: `{EXITS}`: NOPERM"));
    redis.run(&["ACL", "SETUSER", "bridge", "allkeys"]);
    assert_eq!(redis.await_answer("not permitted"), "EXIT");
    bridge.stop();
}

#[test]
fn a_blocked_intent_is_answered_once_by_several_bridges() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&["SET", SKIPS, "no stream"]);
    for n in 0..20 {
        redis.foreign_exit(EXITS, &format!("{n}"));
    }
    let options = ["--claim-after", "60"];
    let bridges = [(); 2].map(|()| Bridge::start(&server.url(), &options));
    for bridge in &bridges {
        bridge.await_log("ALARM WRITE_FAILED");
    }
    redis.exit("exit", "BTCUSDT");
    eventually("the exit", || redis.length(PLANS) == 1);
    redis.run(&["DEL", SKIPS]);
    eventually("the acknowledgements", || redis.pending(EXITS) == 0);
    thread::sleep(Duration::from_millis(700));
    assert_eq!(by_id(&redis.await_answers(21)).len(), 21);
    let groups = redis.run(&["XPENDING", EXITS, GROUP]);
    assert!(!format!("{groups:?}").is_empty());
    for bridge in bridges {
        bridge.stop();
    }
    assert!(
        redis
            .records(SKIPS)
            .iter()
            .all(|skip| text(skip, "reason") == "DENY_NOT_EXIT_OWNER")
    );
}
