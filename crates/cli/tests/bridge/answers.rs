//! Tests of the contents of plans, skip records and log lines.

use super::process::{Bridge, EXITS, INTENTS, OWNER, PLANS, SKIPS, Server, text};

#[test]
fn a_trade_becomes_a_plan() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let entry = redis.add(
        INTENTS,
        &[
            ("intent_id", "a"),
            ("symbol", "btcusdt"),
            ("action", "LONG"),
            ("source", "momentum"),
            ("size", "250"),
            ("entry_price", "50000"),
            ("stop_loss", "49000"),
            ("leverage", "20"),
        ],
    );
    let _bridge = Bridge::start(&server.url(), &[]);
    redis.await_answers(1);

    let plan = redis.records(PLANS).remove(0);
    for (name, value) in [
        ("decision", "EXECUTE"),
        ("verdict", "TRADE"),
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "MARKET"),
        ("qty", "0.005"),
        ("reduceOnly", "false"),
        ("source", "momentum"),
        ("leverage", "8"),
        ("leverage_source", "policy:leverage_by_symbol.BTCUSDT"),
        ("notional", "250"),
        ("margin", "31.25"),
        ("stop_loss", "49000"),
        ("entry_price", "50000"),
        ("policy_version", "1.0.0-ai-sample"),
        ("intent_id", "a"),
        ("entry", &entry),
    ] {
        assert_eq!(text(&plan, name), value, "{name}");
    }
    assert!(!plan.contains_key("take_profit"), "the intent has none");
    assert_eq!(text(&plan, "plan_id").len(), 32);
    assert_eq!(text(&plan, "policy_hash").len(), 64);
    let number = |name| text(&plan, name).parse::<i64>().unwrap();
    assert_eq!(number("timestamp"), number("decided_at") / 1000);
    assert!(number("not_after") > number("decided_at"));
}

#[test]
fn a_payload_is_read_and_absent_fields_stay_absent() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let payload =
        r#"{"symbol":"ETHUSDT","side":"SELL","position_usd":100,"leverage":"5","type":"limit"}"#;
    for field in ["payload", "data"] {
        redis.add(
            INTENTS,
            &[("intent_id", field), (field, payload), ("source", "x")],
        );
    }
    let _bridge = Bridge::start(&server.url(), &[]);
    redis.await_answers(2);

    for plan in redis.records(PLANS) {
        assert_eq!(text(&plan, "side"), "SELL");
        assert_eq!(text(&plan, "type"), "LIMIT");
        assert_eq!(text(&plan, "leverage"), "5");
        assert_eq!(text(&plan, "leverage_source"), "intent:leverage");
        assert_eq!(text(&plan, "margin"), "100");
        assert_eq!(text(&plan, "notional"), "500");
        for absent in ["qty", "stop_loss", "take_profit", "entry_price"] {
            assert!(!plan.contains_key(absent), "{absent}");
        }
    }
}

#[test]
fn an_exit_has_its_quantity_or_is_marked_unreadable() {
    let server = Server::start();
    let mut redis = server.connect();
    let exit = |id, quantity: Option<&'static str>| {
        let mut fields = vec![
            ("intent_id", id),
            ("symbol", "BTCUSDT"),
            ("side", "SELL"),
            ("reduceOnly", "true"),
            ("source", OWNER),
        ];
        fields.extend(quantity.map(|quantity| ("quantity", quantity)));
        fields
    };
    redis.add(EXITS, &exit("some", Some("0.25")));
    redis.add(EXITS, &exit("none", None));
    redis.add(EXITS, &exit("unreadable", Some("half")));
    // An exit is accepted on both streams and needs no policy.
    redis.add(INTENTS, &exit("among intents", None));
    let _bridge = Bridge::start(&server.url(), &[]);
    redis.await_answers(4);

    let plans = redis.records(PLANS);
    let quantity_of = |id: &str| {
        let plan = plans
            .iter()
            .find(|plan| text(plan, "intent_id") == id)
            .unwrap();
        let of = |name| text(plan, name).to_owned();
        assert_eq!([of("verdict"), of("reduceOnly")], ["EXIT", "true"]);
        assert_eq!(of("exit_rule"), "owner");
        assert!(!plan.contains_key("leverage"));
        (of("qty_asked"), plan.get("qty").cloned())
    };
    assert_eq!(
        quantity_of("some"),
        ("some".to_owned(), Some("0.25".to_owned()))
    );
    assert_eq!(quantity_of("none"), ("none".to_owned(), None));
    assert_eq!(
        quantity_of("unreadable"),
        ("unreadable".to_owned(), Some("unreadable".to_owned()))
    );
    assert_eq!(quantity_of("among intents").0, "none");
}

#[test]
fn every_skip_has_a_record_and_a_log_line() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.intent("universe", "XRPUSDT");
    redis.add(INTENTS, &[("intent_id", "unreadable"), ("payload", "{")]);
    redis.add(
        INTENTS,
        &[("event_type", "position.snapshot"), ("symbol", "BTCUSDT")],
    );
    redis.add(
        EXITS,
        &[
            ("intent_id", "owner"),
            ("symbol", "BTCUSDT"),
            ("action", "CLOSE"),
            ("source", "me\nEXIT"),
        ],
    );
    redis::cmd("XADD")
        .arg(INTENTS)
        .arg(["*", "symbol"].as_slice())
        .arg(b"\xff".as_slice())
        .query::<String>(&mut redis.0)
        .unwrap();
    let bridge = Bridge::start(&server.url(), &[]);
    redis.await_answers(5);

    let mut skips: Vec<(String, String)> = redis
        .records(SKIPS)
        .iter()
        .map(|skip| {
            (
                text(skip, "reason").to_owned(),
                text(skip, "detail").to_owned(),
            )
        })
        .collect();
    skips.sort();
    let reasons: Vec<&str> = skips.iter().map(|(reason, _)| reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "DENY_NOT_EXIT_OWNER",
            "INTENT_UNREADABLE",
            "INTENT_UNREADABLE",
            "INTENT_UNREADABLE",
            "POLICY_UNIVERSE_FILTER"
        ]
    );
    assert_eq!(redis.length(PLANS), 0);
    let log = bridge.stop();
    assert!(
        log.contains("POLICY_LOADED: version=1.0.0-ai-sample hash="),
        "{log}"
    );
    assert!(
        log.contains("\nSKIP POLICY_UNIVERSE_FILTER: XRPUSDT not in AI policy\n"),
        "{log}"
    );
    assert!(
        !log.contains("\nEXIT"),
        "a sender can write a log line: {log}"
    );
}

#[test]
fn exits_are_answered_before_entries() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    for n in 0..300 {
        redis.intent(&format!("entry {n}"), "BTCUSDT");
    }
    for n in 0..5 {
        redis.exit(&format!("exit {n}"), "ETHUSDT");
    }
    let _bridge = Bridge::start(&server.url(), &["--batch", "4"]);
    redis.await_answers(305);

    let plans = redis.records(PLANS);
    let verdicts: Vec<&str> = plans.iter().map(|plan| text(plan, "verdict")).collect();
    assert_eq!(verdicts[..5], ["EXIT"; 5]);
    assert_eq!(verdicts[5..], ["TRADE"; 300]);
}

#[test]
fn a_listed_delegate_may_exit() {
    let server = Server::start();
    let mut redis = server.connect();
    let close = [
        ("intent_id", "a"),
        ("symbol", "BTCUSDT"),
        ("action", "CLOSE"),
        ("source", "closer"),
    ];
    redis.add(EXITS, &close);
    let _bridge = Bridge::start(&server.url(), &["--exit-delegate", "closer"]);
    assert_eq!(redis.await_answer("a"), "EXIT");
    assert_eq!(text(&redis.records(PLANS)[0], "exit_rule"), "delegate");
    assert!(!redis.records(PLANS)[0].contains_key("side"));
}
