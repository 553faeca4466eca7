//! Tests that each intent is answered once.

use std::{collections::BTreeSet, thread, time::Duration};

use super::process::{
    BRIDGE, Bridge, EXITS, GROUP, INTENTS, OWNER, PLANS, SKIPS, Server, by_id, eventually, short,
    text,
};

#[test]
fn a_repeated_intent_is_answered_once_and_a_different_one_is_a_duplicate() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let _bridge = Bridge::start(&server.url(), &[]);
    redis.intent("a", "BTCUSDT");
    assert_eq!(redis.await_answer("a"), "TRADE");
    redis.intent("a", "BTCUSDT");
    let other = [
        ("intent_id", "a"),
        ("symbol", "BTCUSDT"),
        ("side", "SELL"),
        ("size", "250"),
    ];
    redis.add(INTENTS, &other);
    redis.add(INTENTS, &other);
    // The same id of another symbol is another intent.
    redis.intent("a", "ETHUSDT");
    redis.intent("b", "BTCUSDT");
    assert_eq!(redis.await_answer("b"), "TRADE");
    let reasons: Vec<String> = redis.answers().iter().map(short).collect();
    assert_eq!(reasons, ["TRADE", "TRADE", "TRADE", "INTENT_DUPLICATE"]);

    // A different exit with the same id is allowed.
    redis.exit("x", "BTCUSDT");
    redis.exit("x", "BTCUSDT");
    redis.exit("x", "ETHUSDT");
    redis.exit("y", "BTCUSDT");
    assert_eq!(redis.await_answer("y"), "EXIT");
    let exits = redis.records(PLANS).split_off(3);
    let symbols: Vec<&str> = exits.iter().map(|plan| text(plan, "symbol")).collect();
    assert_eq!(symbols, ["BTCUSDT", "ETHUSDT", "BTCUSDT"]);
    let ids: BTreeSet<&str> = exits.iter().map(|plan| text(plan, "plan_id")).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_redelivered_entry_is_not_answered_again() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    // The first intent has an id from its sender, the second has none.
    redis.intent("a", "BTCUSDT");
    redis.add(INTENTS, &[("symbol", "XRPUSDT"), ("side", "BUY")]);
    redis.exit("x", "ETHUSDT");
    let before = redis.await_answers(3);
    for stream in [INTENTS, EXITS] {
        redis.run(&["XGROUP", "SETID", stream, GROUP, "0"]);
    }
    redis.intent("last", "BTCUSDT");
    redis.exit("last exit", "ETHUSDT");
    redis.await_answers(before.len() + 2);
    bridge.stop();

    redis.run(&["XGROUP", "DESTROY", INTENTS, GROUP]);
    let _bridge = Bridge::start(&server.url(), &[]);
    redis.intent("very last", "BTCUSDT");
    redis.await_answers(before.len() + 3);
}

#[test]
fn an_entry_older_than_an_exit_is_superseded() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.intent("older", "BTCUSDT");
    redis.intent("other symbol", "ETHUSDT");
    redis.take_and_die(2);
    thread::sleep(Duration::from_millis(5));
    let _bridge = Bridge::start(&server.url(), &["--claim-after", "600"]);
    redis.exit("exit", "BTCUSDT");
    assert_eq!(redis.await_answer("exit"), "EXIT");
    thread::sleep(Duration::from_millis(5));
    redis.intent("later", "BTCUSDT");
    assert_eq!(redis.await_answer("later"), "TRADE");
    assert_eq!(redis.await_answer("older"), "INTENT_SUPERSEDED");
    assert_eq!(redis.await_answer("other symbol"), "TRADE");
}

#[test]
fn instances_share_the_intents() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridges = [(); 2].map(|()| Bridge::start(&server.url(), &["--batch", "2"]));
    for bridge in &bridges {
        bridge.await_log("POLICY_LOADED");
    }
    let mut sent = 0;
    let counts = loop {
        for _ in 0..100 {
            redis.intent(&format!("{sent}"), "XRPUSDT");
            sent += 1;
        }
        redis.await_answers(sent);
        let counts = bridges
            .each_ref()
            .map(|bridge| bridge.log().matches("\nSKIP ").count());
        if counts.iter().all(|count| *count > 0) {
            break counts;
        }
        assert!(sent < 5000, "one instance answers nothing");
    };
    assert_eq!(by_id(&redis.answers()).len(), sent);
    eventually("the lines", || {
        let counts = bridges
            .each_ref()
            .map(|bridge| bridge.log().matches("\nSKIP ").count());
        counts.iter().sum::<usize>() == sent
    });
    assert!(counts.iter().sum::<usize>() <= sent);
    for bridge in bridges {
        bridge.stop();
    }
}

#[test]
fn signals_stop_the_bridge_after_the_last_batch() {
    for signal in ["-TERM", "-INT"] {
        let server = Server::start();
        let mut redis = server.connect();
        redis.publish(3600);
        for n in 0..400 {
            redis.intent(&format!("{n}"), "BTCUSDT");
        }
        let bridge = Bridge::start(&server.url(), &["--batch", "2"]);
        eventually("a first plan", || redis.length(PLANS) > 0);
        bridge.signal(signal);
        let (status, log) = bridge.wait();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(
            log.ends_with("stopped: all intents that were read are answered\n"),
            "{log}"
        );
        assert_eq!(redis.pending(INTENTS), 0);

        let _bridge = Bridge::start(&server.url(), &[]);
        let answers = redis.await_answers(400);
        assert_eq!(by_id(&answers).len(), 400);
    }
}

#[test]
fn a_stream_is_trimmed_only_with_its_option() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    for n in 0..600 {
        redis.intent(
            &format!("{n}"),
            if n % 2 == 0 { "BTCUSDT" } else { "XRPUSDT" },
        );
    }
    let bridge = Bridge::start(&server.url(), &["--plan-maxlen", "10"]);
    bridge.await_log("POLICY_LOADED");
    eventually("the skip records", || {
        redis.length(SKIPS) == 300 && redis.pending(INTENTS) == 0
    });
    assert!(redis.length(PLANS) < 250, "{}", redis.length(PLANS));
}

#[test]
fn a_close_without_a_side_supersedes_older_entries() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log("POLICY_LOADED");
    let close = [
        ("intent_id", "x"),
        ("symbol", "BTCUSDT"),
        ("action", "CLOSE"),
        ("source", OWNER),
    ];
    redis.add(EXITS, &close);
    assert_eq!(redis.await_answer("x"), "EXIT");
    // This entry has an old id, as if it had been pending since then.
    redis.run(&["DEL", INTENTS]);
    redis.run(&["XGROUP", "CREATE", INTENTS, GROUP, "0", "MKSTREAM"]);
    redis.intent_at("1000-0", "old", "BTCUSDT");
    assert_eq!(redis.await_answer("old"), "INTENT_SUPERSEDED");
}

#[test]
fn entries_of_two_streams_have_no_order_within_a_millisecond() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let mut add = |stream: &str, at: &str, id: &str, symbol: &str, more: &[(&str, &str)]| {
        let fields = [
            ("intent_id", id),
            ("symbol", symbol),
            ("side", "BUY"),
            ("size", "250"),
        ];
        redis.add_at(stream, at, &[&fields, more].concat());
    };
    let exit = [("reduce_only", "1"), ("source", OWNER)];
    add(EXITS, "1000-5", "exit", "BTCUSDT", &exit);
    add(INTENTS, "1000-9", "at once", "BTCUSDT", &[]);
    add(INTENTS, "1001-0", "later", "BTCUSDT", &[]);
    // Within one stream, the second part of the entry id gives the order.
    add(INTENTS, "1001-9", "exit too", "ETHUSDT", &exit);
    add(INTENTS, "1001-10", "after it", "ETHUSDT", &[]);
    let _bridge = Bridge::start(&server.url(), &[]);
    let answers = by_id(&redis.await_answers(5));
    assert_eq!(answers["at once"], "INTENT_SUPERSEDED");
    assert_eq!(answers["later"], "TRADE");
    assert_eq!(answers["after it"], "TRADE");
}

#[test]
fn a_foreign_value_at_the_exit_key_blocks_no_exit() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&["SET", &format!("{BRIDGE}:exit:BTCUSDT"), "no entry"]);
    let bridge = Bridge::start(&server.url(), &[]);
    redis.intent("before", "BTCUSDT");
    assert_eq!(redis.await_answer("before"), "INTENT_SUPERSEDED");
    redis.exit("exit", "BTCUSDT");
    assert_eq!(redis.await_answer("exit"), "EXIT");
    bridge.stop();
}
