//! Tests of the last rule of gate 1: fields that could change an order and are not read.

use portcullis::guardrails::Guardrails;

use super::{check, check_with, decide, sample};

const BOUGHT: &str = "BUY BTCUSDT 8x 250 notional of intent:position_size_usd";
const UNSUPPORTED: &str = "SKIP INTENT_UNSUPPORTED";

fn entry(fields: &str) -> String {
    format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 250, {fields}}}"#)
}

#[test]
fn fields_that_could_change_an_entry_are_refused() {
    for fields in [
        r#""contract_size": 10"#,
        r#""contractSize": "10""#,
        r#""inverse": true"#,
        r#""quoteOrderQty": 100"#,
        r#""stop_loss_pct": 2"#,
        r#""takeProfitPct": "5""#,
        r#""trailing_stop": {"percent": 1}"#,
        r#""sz": 3"#,
        r#""contracts": 3"#,
        r#""amount": 1e-8"#,
        r#""tdMode": "cash""#,
        r#""tgtCcy": "quote_ccy""#,
        r#""requested_leverage": 50"#,
        r#""targetLeverage": "50""#,
        r#""my.position-size": 5"#,
        r#""hedge_notional_usdt": 5"#,
        r#""is_close": true"#,
        r#""auto_exit": "true""#,
        r#""second_leg": {"symbol": "ETHUSDT"}"#,
        r#""option_expiry": 20260327"#,
        r#""qty_fraction": 0.5"#,
        r#""stopLoss": {"percent": 2}"#,
        r#""stopPrice": 49000"#,
        r#""type": "STOP_MARKET""#,
        r#""params": {"contractSize": 10}"#,
        r#""params": {"order": {"side": "SELL"}}"#,
        r#""params": [1, 2]"#,
        r#""custom_leverage": NaN"#,
    ] {
        check(&entry(fields), UNSUPPORTED);
    }
}

#[test]
fn fields_that_state_nothing_are_ignored() {
    for fields in [
        r#""contract_size": 1"#,
        r#""inverse": false"#,
        r#""amount": null"#,
        r#""amount": 0"#,
        r#""amount": "0.0""#,
        r#""contracts": """#,
        r#""trailing_stop": {}"#,
        r#""stopPrice": "0""#,
        r#""tdMode": "isolated""#,
        r#""tgtCcy": "base_ccy""#,
        r#""requested_leverage": "none""#,
        r#""size_note": 5, "leverage_mode": 5, "batch_size": 5, "max_leverage": 5"#,
        r#""prev_close": 5, "profit_margin": 0.2, "close": 1, "open": 1, "high": 2, "low": 1"#,
        r#""daily_close": 5, "exit_price": 5"#,
        r#""features": {"leverage": 50, "reduceOnly": true}, "meta": {"amount": 5}, "info": {"sz": 1}"#,
        r#""order": "market", "params": null"#,
        r#""R_net": NaN, "sharpe": Infinity"#,
    ] {
        check(&entry(fields), BOUGHT);
    }
}

#[test]
fn the_names_are_evidence() {
    let text = |fields: &str| {
        decide(Some(&sample()), &entry(fields), |decision| {
            decision.to_string()
        })
    };
    let many: Vec<String> = (0..12).map(|n| format!(r#""f{n}_size": 5"#)).collect();
    let text_of_many = text(&many.join(", "));
    assert!(
        text_of_many.contains("`f0_size`, `f1_size`"),
        "{text_of_many}"
    );
    assert!(
        text_of_many.contains("`f7_size`, …") && !text_of_many.contains("f8_size"),
        "{text_of_many}"
    );
    let strange = text(r#""\u001b[2J_leverage": 5"#);
    assert!(!strange.contains('\u{1b}'), "{strange}");
    let flood: Vec<String> = (0..5_000).map(|n| format!(r#""f{n}_size": 5"#)).collect();
    assert!(text(&flood.join(", ")).starts_with(UNSUPPORTED));
}

#[test]
fn an_exit_passes_with_a_note() {
    let record = r#"{"symbol": "BTCUSDT", "source": "exitbrain_v3_5", "action": "CLOSE", "quantity": 2, "requestedLeverage": 5, "ts": 17}"#;
    let text = decide(None, record, |decision| decision.to_string());
    assert_eq!(
        text,
        "EXIT BTCUSDT for the exit owner `exitbrain_v3_5`; unsupported: `requestedLeverage`; \
         `ts` is 17, which is not between the years 2000 and 2100"
    );
}

#[test]
fn the_guardrails_ignore_names_of_features_only() {
    let ignore = r#"{"ignore_fields": ["bid_size", "ask_size"]}"#;
    check_with(ignore, &entry(r#""bid_size": 5"#), BOUGHT);
    check_with(ignore, &entry(r#""bid_size": 5, "ask_size": 6"#), BOUGHT);
    check_with(
        ignore,
        &entry(r#""bid_size": 5, "lot_size": 6"#),
        UNSUPPORTED,
    );
    check_with(ignore, &entry(r#""bidSize": 5"#), UNSUPPORTED);
    check_with(
        ignore,
        &entry(r#""bid_size": 5, "contracts": 6"#),
        UNSUPPORTED,
    );
    for name in [
        "contracts",
        "contractSize",
        "QUOTE_ORDER_QTY",
        "reduceOnly",
        "leverage",
        "stop-price",
    ] {
        let text = format!(r#"{{"ignore_fields": ["bid_size", "{name}"]}}"#);
        let refused = Guardrails::from_json(&text).unwrap_err().to_string();
        assert!(refused.contains("known to change an order"), "{refused}");
    }
}

#[test]
fn unsupported_is_the_last_rule_of_gate_1() {
    let amount = r#""amount": 5"#;
    check(
        &format!(r#"{{"symbol": "BTCUSDT", {amount}}}"#),
        "SKIP INTENT_INVALID",
    );
    check(
        &entry(&format!(r#"{amount}, "action": "SELL""#)),
        "SKIP INTENT_AMBIGUOUS",
    );
    check(&entry(&format!(r#"{amount}, "source": 5"#)), UNSUPPORTED);
    check_with(r#"{"halt": "everything"}"#, &entry(amount), UNSUPPORTED);
    check(
        &format!(r#"{{"symbol": "BTCUSDT", "action": "HOLD", {amount}}}"#),
        "SKIP INTENT_NOT_ACTIONABLE",
    );
}
