//! Tests of what makes two entries the same intent.

use super::process::{Bridge, EXITS, INTENTS, OWNER, PLANS, Redis, Server, by_id, short, text};

const ENTRY: [(&str, &str); 3] = [("symbol", "BTCUSDT"), ("side", "BUY"), ("size", "250")];
const EXIT: [(&str, &str); 4] = [
    ("symbol", "SOLUSDT"),
    ("side", "SELL"),
    ("reduceOnly", "true"),
    ("source", OWNER),
];

impl Redis {
    fn with(&mut self, stream: &str, body: &[(&str, &str)], more: &[(&str, &str)]) {
        self.add(stream, &[body, more].concat());
    }

    /// Waits until all entries before this call are answered. Returns the verdicts and reasons of the answers.
    fn answered(&mut self) -> Vec<String> {
        for (stream, body, id) in [
            (EXITS, &EXIT[..], "last exit"),
            (INTENTS, &ENTRY[..], "last entry"),
        ] {
            let more = [("intent_id", id), ("qty", "7")];
            self.with(stream, body, &more);
            self.await_answer(id);
        }
        let answers = self.answers();
        let others = answers
            .iter()
            .filter(|it| !text(it, "intent_id").starts_with("last "));
        others.map(short).collect()
    }
}

#[test]
fn an_intent_with_two_delivery_ids_trades_once() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    // One payload with two ids of its delivery.
    let payload = r#"{"intent_id":"a","symbol":"BTCUSDT","side":"BUY","size":250}"#;
    for id in ["1", "2"] {
        redis.add(
            INTENTS,
            &[("id", id), ("event_id", id), ("payload", payload)],
        );
    }
    // One `intent_id` with two `id`s.
    for id in ["3", "4"] {
        redis.with(INTENTS, &ENTRY, &[("intent_id", "b"), ("id", id)]);
        redis.with(EXITS, &EXIT, &[("intent_id", "c"), ("id", id)]);
    }
    let mut answers = redis.answered();
    answers.sort();
    assert_eq!(answers, ["EXIT", "TRADE", "TRADE"]);
    let log = bridge.stop();
    assert_eq!(log.matches("\nREPEATED ").count(), 3, "{log}");
    assert!(log.contains("\nREPEATED EXIT SOLUSDT: entry "), "{log}");
    assert!(log.contains("send it with another `attempt`"), "{log}");
}

#[test]
fn a_delivery_id_counts_without_an_id_of_the_sender() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let _bridge = Bridge::start(&server.url(), &[]);
    let payload = r#"{"symbol":"BTCUSDT","side":"BUY","size":250}"#;
    for id in ["1", "1", "2"] {
        redis.add(INTENTS, &[("id", id), ("payload", payload)]);
    }
    // A blank id is not an id.
    for _ in 0..2 {
        redis.with(INTENTS, &ENTRY, &[("intent_id", "")]);
    }
    redis.with(INTENTS, &ENTRY, &[("intent_id", "end")]);
    redis.await_answer("end");
    assert_eq!(redis.length(PLANS), 5);
}

#[test]
fn another_source_or_symbol_and_an_exit_are_other_intents() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let _bridge = Bridge::start(&server.url(), &[]);
    let id = ("intent_id", "same");
    redis.with(INTENTS, &ENTRY, &[id, ("source", "momentum")]);
    redis.with(INTENTS, &ENTRY, &[id, ("source", "reversal")]);
    redis.with(
        INTENTS,
        &[("symbol", "ETHUSDT"), ("side", "BUY"), ("size", "250")],
        &[id, ("source", "momentum")],
    );
    redis.with(INTENTS, &EXIT, &[id]);
    redis.with(
        INTENTS,
        &[("symbol", "BTCUSDT"), ("side", "SELL"), ("size", "250")],
        &[id, ("source", "momentum")],
    );
    let answers = redis.await_answers(5);
    let mut all: Vec<String> = answers.iter().map(short).collect();
    all.sort();
    assert_eq!(all, ["EXIT", "INTENT_DUPLICATE", "TRADE", "TRADE", "TRADE"]);
}

#[test]
fn another_attempt_repeats_an_exit_and_never_an_entry() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    let id = ("intent_id", "x");
    for attempt in ["1", "2", "2", "3"] {
        redis.with(EXITS, &EXIT, &[id, ("attempt", attempt)]);
        redis.with(INTENTS, &ENTRY, &[id, ("attempt", attempt)]);
    }
    let payload = |attempt| {
        format!(
            r#"{{"intent_id":"y","symbol":"SOLUSDT","action":"CLOSE","source":"{OWNER}","attempt":{attempt}}}"#
        )
    };
    for attempt in [1, 1, 2] {
        redis.add(EXITS, &[("payload", &payload(attempt))]);
    }
    redis.intent("end", "ETHUSDT");
    redis.await_answer("end");
    let plans = redis.records(PLANS);
    let attempts = |id: &str| -> Vec<String> {
        let exits = plans.iter().filter(|plan| text(plan, "verdict") == "EXIT");
        let exits = exits.filter(|plan| text(plan, "intent_id") == id);
        exits.map(|plan| text(plan, "attempt").to_owned()).collect()
    };
    assert_eq!(attempts("x"), ["1", "2", "3"]);
    assert_eq!(attempts("y"), ["1", "2"]);
    let trades = plans.iter().filter(|plan| text(plan, "verdict") == "TRADE");
    assert_eq!(trades.count(), 2, "one of `x`, one of `end`");
    assert!(bridge.stop().contains("\nREPEATED EXIT"));
}

/// Many other contents under one id do not make the bridge forget the first one.
#[test]
fn a_mark_is_bounded_by_time_only() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    let id = ("intent_id", "x");
    redis.with(EXITS, &EXIT, &[id, ("qty", "1000")]);
    for n in 0..150 {
        redis.with(EXITS, &EXIT, &[id, ("qty", &format!("{n}"))]);
    }
    redis.with(EXITS, &EXIT, &[id, ("qty", "1000")]);
    redis.exit("end", "SOLUSDT");
    redis.await_answer("end");
    assert_eq!(redis.length(PLANS), 152);
    assert!(bridge.stop().contains("\nREPEATED EXIT SOLUSDT"));
}

#[test]
fn an_answer_keeps_its_id_and_a_plan_has_the_id_of_the_sender() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let _bridge = Bridge::start(&server.url(), &[]);
    let entry = redis.add(
        INTENTS,
        &[&ENTRY[..], &[("intent_id", "a"), ("id", "1")]].concat(),
    );
    let plan = redis.await_answers(1).remove(0);
    assert_eq!(text(&plan, "intent_id"), "a");
    assert!(text(&plan, "answer").contains(&format!(r#""id":"{entry}""#)));
    assert_eq!(by_id(&[plan]).len(), 1);
}
