//! Tests of entries that a group delivers again after their marks have expired, and of ids that are ahead of the clock.

use std::{thread, time::Duration};

use super::process::{
    BRIDGE, Bridge, EXITS, GROUP, INTENTS, OWNER, PLANS, Redis, Server, eventually, since_epoch,
    text,
};

impl Redis {
    /// Deletes all marks, as if `--remember` had passed.
    fn forget_marks(&mut self) {
        let pattern = format!("{BRIDGE}:answered:*");
        let marks: Vec<String> = redis::cmd("KEYS").arg(pattern).query(&mut self.0).unwrap();
        assert!(!marks.is_empty());
        redis::cmd("DEL")
            .arg(marks)
            .query::<usize>(&mut self.0)
            .unwrap();
    }

    fn exit_at(&mut self, stream: &str, at: &str, id: &str, symbol: &str) {
        let fields = [
            ("intent_id", id),
            ("symbol", symbol),
            ("side", "SELL"),
            ("reduceOnly", "true"),
            ("source", OWNER),
        ];
        self.add_at(stream, at, &fields);
    }
}

/// The ways in which a group delivers all entries again.
#[derive(Debug, Clone, Copy)]
enum Again {
    Destroyed,
    SetBack,
}

#[test]
fn a_group_that_starts_again_executes_nothing_twice() {
    for again in [Again::Destroyed, Again::SetBack] {
        let server = Server::start();
        let mut redis = server.connect();
        redis.publish(3600);
        let bridge = Bridge::start(&server.url(), &[]);
        redis.exit("exit", "BTCUSDT");
        redis.exit("newer exit", "BTCUSDT");
        redis.await_answers(2);
        thread::sleep(Duration::from_millis(5));
        redis.intent("entry", "BTCUSDT");
        redis.intent("entry of another symbol", "ETHUSDT");
        redis.await_answers(4);
        redis.forget_marks();
        for stream in [EXITS, INTENTS] {
            match again {
                Again::Destroyed => redis.run(&["XGROUP", "DESTROY", stream, GROUP]),
                Again::SetBack => redis.run(&["XGROUP", "SETID", stream, GROUP, "0"]),
            };
        }
        eventually("the repeats", || {
            bridge.log().matches("\nREPEATED ").count() == 4
        });
        // New intents are answered as usual.
        thread::sleep(Duration::from_millis(5));
        redis.exit("new exit", "BTCUSDT");
        assert_eq!(redis.await_answer("new exit"), "EXIT");
        thread::sleep(Duration::from_millis(5));
        redis.intent("new entry", "BTCUSDT");
        assert_eq!(redis.await_answer("new entry"), "TRADE");
        assert_eq!(redis.await_answers(6).len(), 6, "{again:?}");
        bridge.stop();
    }
}

/// An exit that was answered before an entry of its symbol does not close the position of that entry later.
#[test]
fn an_old_exit_is_held_against_a_later_trade() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    redis.exit("exit", "BTCUSDT");
    assert_eq!(redis.await_answer("exit"), "EXIT");
    thread::sleep(Duration::from_millis(5));
    redis.intent("entry", "BTCUSDT");
    assert_eq!(redis.await_answer("entry"), "TRADE");
    redis.forget_marks();
    redis.run(&["DEL", &format!("{BRIDGE}:exit:BTCUSDT")]);
    redis.run(&["XGROUP", "DESTROY", EXITS, GROUP]);
    bridge.await_log("\nREPEATED EXIT BTCUSDT");
    assert_eq!(redis.length(PLANS), 2);
    bridge.stop();
}

#[test]
fn an_unanswered_exit_passes_in_a_new_group() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    redis.exit("answered", "BTCUSDT");
    redis.await_answers(1);
    bridge.stop();
    redis.forget_marks();
    redis.run(&["XGROUP", "DESTROY", EXITS, GROUP]);
    redis.exit("same symbol", "BTCUSDT");
    redis.exit("other symbol", "ETHUSDT");
    let _bridge = Bridge::start(&server.url(), &[]);
    let answers = redis.await_answers(3);
    let ids: Vec<&str> = answers.iter().map(|it| text(it, "intent_id")).collect();
    assert_eq!(ids, ["answered", "same symbol", "other symbol"]);
}

/// Pending and claimed exits are written regardless of later answers.
#[test]
fn a_pending_exit_passes_after_a_later_one() {
    for consumer in ["me", "another"] {
        let server = Server::start();
        let mut redis = server.connect();
        redis.exit("first", "BTCUSDT");
        redis.run(&["XGROUP", "CREATE", EXITS, GROUP, "0"]);
        redis.run(&[
            "XREADGROUP",
            "GROUP",
            GROUP,
            consumer,
            "STREAMS",
            EXITS,
            ">",
        ]);
        let other = Bridge::start(&server.url(), &[]);
        thread::sleep(Duration::from_millis(5));
        redis.exit("second", "BTCUSDT");
        assert_eq!(redis.await_answer("second"), "EXIT");
        other.stop();
        let options = ["--consumer", "me", "--claim-after", "100"];
        let bridge = Bridge::start(&server.url(), &options);
        assert_eq!(redis.await_answer("first"), "EXIT");
        bridge.stop();
    }
}

#[test]
fn an_id_ahead_of_the_clock_blocks_no_later_entry() {
    for stream in [EXITS, INTENTS] {
        let server = Server::start();
        let mut redis = server.connect();
        redis.publish(3600);
        let bridge = Bridge::start(&server.url(), &[]);
        redis.exit_at(stream, "9999999999999-0", "ahead", "BTCUSDT");
        assert_eq!(redis.await_answer("ahead"), "EXIT");
        thread::sleep(Duration::from_millis(10));
        redis.intent("later", "BTCUSDT");
        assert_eq!(redis.await_answer("later"), "TRADE", "{stream}");
        thread::sleep(Duration::from_millis(10));
        redis.exit_at(stream, "*", "again", "BTCUSDT");
        assert_eq!(redis.await_answer("again"), "EXIT");
        thread::sleep(Duration::from_millis(10));
        redis.intent("last", "BTCUSDT");
        assert_eq!(redis.await_answer("last"), "TRADE", "{stream}");
        bridge.stop();
    }
}

/// An earlier version has kept an id that is ahead of the clock.
#[test]
fn a_kept_id_ahead_of_the_clock_is_replaced() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let kept = format!("{BRIDGE}:exit:BTCUSDT");
    redis.run(&["SET", &kept, &format!("9999999999999-0 {EXITS}")]);
    redis.intent("before", "BTCUSDT");
    thread::sleep(Duration::from_millis(20));
    let bridge = Bridge::start(&server.url(), &[]);
    assert_eq!(redis.await_answer("before"), "INTENT_SUPERSEDED");
    thread::sleep(Duration::from_millis(20));
    redis.intent("later", "BTCUSDT");
    assert_eq!(redis.await_answer("later"), "TRADE");
    bridge.stop();
}

/// An entry is older than the answer to an exit whose id is ahead of the clock.
#[test]
fn an_exit_ahead_of_the_clock_supersedes_earlier_entries() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.intent("older", "BTCUSDT");
    redis.take_and_die(1);
    thread::sleep(Duration::from_millis(10));
    let bridge = Bridge::start(&server.url(), &["--claim-after", "1500"]);
    let ahead = format!("{}-0", since_epoch().as_millis() + 60_000);
    redis.exit_at(EXITS, &ahead, "ahead", "BTCUSDT");
    assert_eq!(redis.await_answer("ahead"), "EXIT");
    assert_eq!(redis.await_answer("older"), "INTENT_SUPERSEDED");
    bridge.stop();
}
