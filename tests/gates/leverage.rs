//! Tests of gate 8: an intent can request less leverage than the policy has, but it never gets
//! more.

use super::{
    ENTRY, NOW, UNTIL, at, check, check_at, decide, engine, sample,
    sample_policy::sample_policy_json, with_intent,
};
use portcullis::{
    answer::Answer,
    decide::Decision,
    policy::{Policy, PolicyState},
    types::Leverage,
};

/// Checks a trade in BTCUSDT, where the policy has 8x: the leverage, its source, and the requested leverage.
#[track_caller]
fn check_leverage(stated: &str, leverage: f64, source: &str, requested: Option<f64>) {
    let record =
        format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250, "leverage": {stated}}}"#);
    decide(Some(&sample()), &record, |decision| {
        let Decision::Trade(trade) = decision else {
            panic!("{decision}");
        };
        assert_eq!(trade.leverage().value().get(), leverage, "{stated}");
        assert_eq!(trade.leverage().source().to_string(), source, "{stated}");
        let from = trade.leverage_requested().map(|it| it.source().to_string());
        let named = requested.map(|_| "intent:leverage");
        assert_eq!(from.as_deref(), named, "{stated}");
        let answer = Answer::decision(decision);
        assert_eq!(answer.leverage, Some(leverage), "{stated}");
        let from = answer.leverage_source.map(|source| source.to_string());
        assert_eq!(from.as_deref(), Some(source), "{stated}");
        assert_eq!(answer.leverage_requested, requested, "{stated}");
    });
}

#[test]
fn the_lower_leverage_is_used() {
    let policy = "policy:leverage_by_symbol.BTCUSDT";
    check_leverage("null", 8.0, policy, None);
    check_leverage("5", 5.0, "intent:leverage", Some(5.0));
    check_leverage("\"5\"", 5.0, "intent:leverage", Some(5.0));
    check_leverage("0.5", 0.5, "intent:leverage", Some(0.5));
    check_leverage(
        "7.999999999999999",
        7.999999999999999,
        "intent:leverage",
        Some(7.999999999999999),
    );
    check_leverage("8", 8.0, policy, Some(8.0));
    check_leverage("8.0", 8.0, policy, Some(8.0));
    check_leverage("8.000000000000002", 8.0, policy, Some(8.000000000000002));
    check_leverage("10", 8.0, policy, Some(10.0));
    check_leverage("1e308", 8.0, policy, Some(1e308));
}

#[test]
fn an_invalid_leverage_is_a_skip() {
    for stated in [
        "\"x\"", "\"\"", "0", "-0.0", "-5", "\"nan\"", "\"NaN\"", "\"inf\"", "1e999", "true",
        "[8]", "{}",
    ] {
        check(
            &format!(
                r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250, "leverage": {stated}}}"#
            ),
            "SKIP POLICY_MISSING_LEVERAGE",
        );
    }
}

#[test]
fn an_addition_has_at_most_the_leverage_of_the_position() {
    let policy = sample();
    let add = |stated: &str, open: f64| {
        let record =
            format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250, "leverage": {stated}}}"#);
        with_intent(&record, |intent| {
            let open = Leverage::new(open).unwrap();
            let engine = engine("{}");
            let state = PolicyState::present(&policy);
            match engine.decide_add(state, intent, open, at(NOW)) {
                Decision::Trade(trade) => {
                    let leverage = trade.leverage();
                    let requested = trade.leverage_requested().map(|it| it.value().get());
                    format!("{} {} {requested:?}", leverage.value(), leverage.source())
                }
                skip @ (Decision::Exit(_) | Decision::Skip(_)) => {
                    skip.reason().unwrap().to_string()
                }
            }
        })
    };
    let by_policy = "8 policy:leverage_by_symbol.BTCUSDT None";
    assert_eq!(add("null", 8.5), by_policy);
    assert_eq!(add("null", 8.0), by_policy);
    assert_eq!(add("null", 7.5), "7.5 position:leverage None");
    assert_eq!(add("5", 7.5), "5 intent:leverage Some(5.0)");
    assert_eq!(add("5", 5.0), "5 intent:leverage Some(5.0)");
    assert_eq!(add("5", 4.0), "4 position:leverage Some(5.0)");
    // An unusable request is not replaced by the leverage of the position.
    for stated in ["0", "-5", "\"x\""] {
        assert_eq!(add(stated, 4.0), "POLICY_MISSING_LEVERAGE", "{stated}");
    }
}

/// A requested leverage is not used if the policy has no leverage for the symbol.
#[test]
fn a_symbol_without_a_leverage_is_a_skip() {
    let text = sample_policy_json(UNTIL).replace(r#""BTCUSDT": 8, "#, "");
    let policy = Policy::from_json(&text).unwrap();
    for record in [ENTRY, &ENTRY.replace("250", r#"250, "leverage": 5"#)] {
        let expected = "SKIP POLICY_MISSING_LEVERAGE";
        check_at(&policy, "{}", record, Some(NOW), expected);
    }
}
