//! Tests of the contents of a trade, the source of each of its numbers, and its answer row.

use portcullis::{
    answer::{Answer, AnswerId},
    decide::Decision,
    policy::PolicyState,
    provenance::Sourced,
    types::Price,
};

use super::{ENTRY, NOW, UNTIL, at, decide, engine, sample, with_intent};

const PRICED: &str = r#"{"id": "a-1", "symbol": "BTCUSDT", "side": "BUY", "position_usd": 50, "leverage": 8,
    "price": 125, "entry_price": 120, "stop_loss": 110, "take_profit": 150}"#;

/// Decides a record under the sample policy and passes the decision to `look`.
fn with_decision<T>(record: &str, look: impl FnOnce(&Decision<'_>) -> T) -> T {
    decide(Some(&sample()), record, look)
}

/// Checks the answer row of a record.
#[track_caller]
fn check_row(record: &str, expected: &str) {
    let row = with_decision(record, |decision| {
        serde_json::to_string(&Answer::decision(decision)).unwrap()
    });
    assert_eq!(row, expected);
}

#[test]
fn every_number_names_its_source() {
    with_decision(PRICED, |decision| {
        let Decision::Trade(trade) = decision else {
            panic!("{decision}");
        };
        let price = |price: Option<Sourced<Price>>| {
            price.map(|it| format!("{} of {}", it.value().get(), it.source()))
        };
        let stop = price(trade.stop_loss());
        assert_eq!(
            price(trade.entry_price()).as_deref(),
            Some("120 of intent:entry_price")
        );
        assert_eq!(stop.as_deref(), Some("110 of intent:stop_loss"));
        assert_eq!(
            price(trade.take_profit()).as_deref(),
            Some("150 of intent:take_profit")
        );
        let (notional, margin) = (trade.notional(), trade.margin());
        assert_eq!(
            format!("{} of {}", notional.value().get(), notional.source()),
            "400 of margin*leverage"
        );
        assert_eq!(
            format!("{} of {}", margin.value().get(), margin.source()),
            "50 of intent:position_usd"
        );
        let quantity = trade.quantity().unwrap();
        assert_eq!(
            format!("{} of {}", quantity.value().get(), quantity.source()),
            "3.2 of notional/price"
        );
        let at_80 = trade.quantity_at(Price::new(80.0).unwrap()).unwrap();
        assert_eq!(at_80.get(), 5.0);
        assert!(trade.quantity_at(Price::new(1e-307).unwrap()).is_none());
    });
}

#[test]
fn a_size_in_units_is_the_quantity_of_the_trade() {
    // The larger price does not convert the units, because `size` states them.
    let record = r#"{"symbol": "BTCUSDT", "side": "SELL", "size": 18.05, "price": 76.04, "position_size_usd": 1372.5227, "entry_price": 98}"#;
    with_decision(record, |decision| {
        let Decision::Trade(trade) = decision else {
            panic!("{decision}");
        };
        let quantity = trade.quantity().unwrap();
        assert_eq!(
            format!("{} of {}", quantity.value().get(), quantity.source()),
            "18.05 of intent:size"
        );
    });
}

#[test]
fn a_trade_names_its_policy() {
    let policy = sample();
    decide(Some(&policy), PRICED, |decision| {
        let Decision::Trade(trade) = decision else {
            panic!("{decision}");
        };
        assert_eq!(trade.policy_version(), "1.0.0-ai-sample");
        assert_eq!(trade.policy_hash(), policy.hash());
        assert_eq!(trade.not_after().value(), at("1766550734.062733"));
        let source = trade.not_after().source().to_string();
        assert_eq!(source, "policy:valid_until_epoch");
        assert_eq!(decision.policy().map(|it| it.hash()), Some(policy.hash()));
    });
}

#[test]
fn a_trade_ends_at_the_bound_of_the_guardrails_or_with_the_policy() {
    for (bound, end, source) in [
        (
            "34.062732",
            "1766550734.062732",
            "guardrails:max_plan_age_sec",
        ),
        ("34.062733", UNTIL, "policy:valid_until_epoch"),
        ("1e300", UNTIL, "policy:valid_until_epoch"),
        ("0", NOW, "guardrails:max_plan_age_sec"),
    ] {
        let guardrails = format!(r#"{{"max_plan_age_sec": {bound}}}"#);
        let engine = engine(&guardrails);
        let policy = sample();
        with_intent(ENTRY, |intent| {
            let state = PolicyState::present(&policy);
            let Decision::Trade(trade) = engine.decide(state, intent, at(NOW)) else {
                panic!("not a trade");
            };
            assert_eq!(trade.not_after().value(), at(end), "{bound}");
            assert_eq!(trade.not_after().source().to_string(), source);
        });
    }
}

#[test]
fn trade_row() {
    let hash = sample().hash();
    check_row(
        PRICED,
        &format!(
            r#"{{"event":"trade.intent","id":"0","symbol":"BTCUSDT","side":"BUY","decision":"TRADE","leverage":8.0,"leverage_source":"policy:leverage_by_symbol.BTCUSDT","leverage_requested":8.0,"size_usd":50.0,"size_basis":"margin","size_source":"intent:position_usd","notional_usd":400.0,"not_after":1766550734062,"quantity":3.2,"policy_version":"1.0.0-ai-sample","policy_hash":"{hash}"}}"#
        ),
    );
}

#[test]
fn exit_row() {
    check_row(
        r#"{"symbol": "BTCUSDT", "side": "SELL", "reduce_only": true, "quantity": 2, "source": "exitbrain_v3_5"}"#,
        r#"{"event":"trade.intent","id":"0","symbol":"BTCUSDT","side":"SELL","decision":"EXIT","quantity":2.0,"exit_rule":"owner"}"#,
    );
}

#[test]
fn an_answer_has_its_own_id_or_its_number() {
    assert_eq!(AnswerId::Number(7).to_string(), "7");
    assert_eq!(AnswerId::Own("a-1").to_string(), "a-1");
    assert_eq!(AnswerId::Own("a\nb").to_string(), "a\\nb");
    with_decision(PRICED, |decision| {
        let row = |n| serde_json::to_value(Answer::decision(decision).to(n, None, None)).unwrap();
        assert_eq!(row(3).get("n"), Some(&3.into()));
        assert_eq!(row(3).get("id"), Some(&"3".into()));
        assert_eq!(
            row(0).get("n"),
            None,
            "0 means that the record is not from a tape"
        );
    });
}
