//! Tests of claiming the pending entries of other consumers.

use super::process::{Bridge, GROUP, INTENTS, Server, by_id, eventually};

#[test]
fn pending_entries_of_a_dead_consumer_are_claimed() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    for n in 0..25 {
        redis.intent(&format!("{n}"), "BTCUSDT");
    }
    redis.take_and_die(20);
    let bridge = Bridge::start(&server.url(), &["--claim-after", "100", "--batch", "3"]);
    let answers = redis.await_answers(25);
    assert_eq!(by_id(&answers).len(), 25);
    eventually("the acknowledgements", || redis.pending(INTENTS) == 0);
    assert!(bridge.stop().contains("from another consumer"));
}

#[test]
fn own_pending_entries_are_answered_at_the_start() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    for n in 0..7 {
        redis.intent(&format!("{n}"), "BTCUSDT");
    }
    redis.take_and_die(7);
    let _bridge = Bridge::start(&server.url(), &["--consumer", "dead", "--batch", "3"]);
    redis.await_answers(7);
    eventually("the acknowledgements", || redis.pending(INTENTS) == 0);
}

#[test]
fn a_deleted_pending_entry_is_logged() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let ids = ["a", "b", "c", "d"].map(|id| redis.intent(id, "BTCUSDT"));
    redis.take_and_die(4);
    redis.run(&["XDEL", INTENTS, &ids[0]]);
    let claimer = Bridge::start(&server.url(), &["--claim-after", "100"]);
    assert_eq!(redis.await_answer("d"), "TRADE");
    claimer.await_log("was deleted before it was answered");
    redis.await_answers(3);
    assert_eq!(redis.pending(INTENTS), 0);
    claimer.stop();

    redis.intent("e", "BTCUSDT");
    let gone = redis.intent("f", "BTCUSDT");
    redis.run(&["XREADGROUP", "GROUP", GROUP, "me", "STREAMS", INTENTS, ">"]);
    redis.run(&["XDEL", INTENTS, &gone]);
    let heir = Bridge::start(&server.url(), &["--consumer", "me"]);
    assert_eq!(redis.await_answer("e"), "TRADE");
    heir.await_log("was deleted before it was answered");
    eventually("the acknowledgements", || redis.pending(INTENTS) == 0);
}
