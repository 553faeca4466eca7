//! Tests of gate 1 for the fields of an entry: the side, the symbol, the stop, duplicate keys and
//! unreadable times.
//!
//! The tests of exits are in `exits.rs`, the tests of envelopes in `envelopes.rs`.

use portcullis::policy::PolicyState;

use super::{BOUGHT, check, check_text, decide, decide_at, engine, sample, with_intent};

const SOLD: &str = "SELL BTCUSDT 8x 250 notional of intent:size";
const INVALID: &str = "SKIP INTENT_INVALID";
const AMBIGUOUS: &str = "SKIP INTENT_AMBIGUOUS";

#[track_caller]
fn check_fields(fields: &str, expected: &str) {
    check(
        &format!(r#"{{"symbol": "BTCUSDT", "size": 250, {fields}}}"#),
        expected,
    );
}

#[test]
fn side_words_ignore_case() {
    for word in ["BUY", "LONG", "buy", "Long", "bUy"] {
        check_fields(&format!(r#""side": "{word}""#), BOUGHT);
        check_fields(&format!(r#""action": "{word}""#), BOUGHT);
    }
    for word in ["SELL", "SHORT", "sell", "Short"] {
        check_fields(&format!(r#""side": "{word}""#), SOLD);
        check_fields(&format!(r#""action": "{word}""#), SOLD);
    }
    check_fields(r#""action": "BUY", "side": "LONG""#, BOUGHT);
    check_fields(r#""action": null, "side": "SHORT""#, SOLD);
    check_fields(r#""action": "SELL", "side": null"#, SOLD);
}

#[test]
fn contradicting_sides_are_ambiguous() {
    check_fields(r#""action": "BUY", "side": "SELL""#, AMBIGUOUS);
    check_fields(r#""action": "SHORT", "side": "LONG""#, AMBIGUOUS);
    check_fields(r#""action": "HOLD", "side": "BUY""#, AMBIGUOUS);
    check_fields(r#""action": "SELL", "side": "hold""#, AMBIGUOUS);
    check_fields(r#""action": "HOLD", "side": "CLOSE""#, AMBIGUOUS);
}

#[test]
fn hold_is_not_actionable() {
    let hold = "SKIP INTENT_NOT_ACTIONABLE";
    check_fields(r#""action": "HOLD""#, hold);
    check_fields(r#""side": "hold""#, hold);
    check_fields(r#""action": "HOLD", "side": "Hold""#, hold);
}

#[test]
fn unreadable_sides_are_invalid() {
    for side in ["\"UP\"", "\"\"", "\" BUY\"", "7", "true", "[\"BUY\"]"] {
        check_fields(&format!(r#""side": {side}"#), INVALID);
        check_fields(&format!(r#""action": {side}"#), INVALID);
        check_fields(&format!(r#""action": "BUY", "side": {side}"#), INVALID);
        check_fields(&format!(r#""action": {side}, "side": "BUY""#), INVALID);
    }
    check_fields(r#""side": null"#, INVALID);
    check_fields(r#""model": "m""#, INVALID);
}

#[test]
fn symbols_are_checked() {
    let with = |symbol: &str| format!(r#"{{"symbol": {symbol}, "side": "BUY", "size": 250}}"#);
    check(&with("\"btcusdt\""), BOUGHT);
    check(&with("\"\\u0042TCUSDT\""), BOUGHT);
    for symbol in [
        "\"\"",
        "\"BTC USDT\"",
        "\"BTCUSDT\\n\"",
        "\"BTC\\u00a0\"",
        "5",
        "null",
        "[\"BTCUSDT\"]",
    ] {
        check(&with(symbol), INVALID);
    }
    let longest = "x".repeat(32);
    check(
        &with(&format!("\"{longest}\"")),
        "SKIP POLICY_UNIVERSE_FILTER",
    );
    check(&with(&format!("\"{longest}x\"")), INVALID);
    check(&with("\"币安人生USDT\""), "SKIP POLICY_UNIVERSE_FILTER");
    check(r#"{"side": "BUY", "size": 250}"#, INVALID);
}

#[test]
fn a_stop_on_the_wrong_side_is_ambiguous() {
    check_fields(
        r#""side": "BUY", "entry_price": 100, "stop_loss": 98"#,
        BOUGHT,
    );
    check_fields(
        r#""side": "BUY", "entry_price": 100, "stop_loss": 102"#,
        AMBIGUOUS,
    );
    check_fields(
        r#""side": "BUY", "entry_price": 100, "stop_loss": 100"#,
        AMBIGUOUS,
    );
    check_fields(
        r#""side": "SELL", "entry_price": "100", "stop_loss": "102""#,
        SOLD,
    );
    check_fields(
        r#""side": "SELL", "entry_price": 100, "stop_loss": 98"#,
        AMBIGUOUS,
    );
    check_fields(
        r#""side": "SELL", "entry_price": 100, "stop_loss": 100"#,
        AMBIGUOUS,
    );
    check_fields(r#""side": "BUY", "stop_loss": 98"#, BOUGHT);
    check_fields(r#""side": "BUY", "entry_price": 100"#, BOUGHT);
    check_fields(
        r#""side": "BUY", "entry_price": null, "stop_loss": 98"#,
        BOUGHT,
    );
    for price in ["\"x\"", "0", "-1", "\"nan\"", "1e999", "true"] {
        check_fields(&format!(r#""side": "BUY", "stop_loss": {price}"#), INVALID);
        check_fields(
            &format!(r#""side": "BUY", "entry_price": {price}"#),
            INVALID,
        );
        let expected = if price == "0" { BOUGHT } else { INVALID };
        check_fields(
            &format!(r#""side": "BUY", "take_profit": {price}"#),
            expected,
        );
    }
}

#[test]
fn stop_price_and_target_are_in_order() {
    for (fields, expected) in [
        (
            r#""side": "BUY", "price": 100, "stop_loss": 102"#,
            AMBIGUOUS,
        ),
        (
            r#""side": "BUY", "price": 100, "stopLoss": 98, "takeProfit": 104"#,
            BOUGHT,
        ),
        (r#""side": "BUY", "entry_price": 100, "tp": 99"#, AMBIGUOUS),
        (
            r#""side": "BUY", "entry_price": 100, "take_profit": 100"#,
            AMBIGUOUS,
        ),
        (r#""side": "BUY", "sl": 98, "tp": 97"#, AMBIGUOUS),
        (
            r#""side": "SELL", "entry_price": 100, "SL": 102, "TP": 96"#,
            SOLD,
        ),
        (
            r#""side": "SELL", "entry_price": 100, "tp": 101"#,
            AMBIGUOUS,
        ),
        (
            r#""side": "BUY", "entry_price": 100, "take_profit": 0"#,
            BOUGHT,
        ),
        (
            r#""side": "BUY", "entry_price": 100, "take_profit": """#,
            BOUGHT,
        ),
        (
            r#""side": "BUY", "entry_price": 100, "stop_loss": """#,
            INVALID,
        ),
        (r#""side": "BUY", "stop_loss": 98, "sl": 97"#, AMBIGUOUS),
        (
            r#""side": "BUY", "entry_price": 100, "stopLoss": {"triggerPrice": 98}"#,
            BOUGHT,
        ),
        (
            r#""side": "BUY", "entry_price": 100, "stopLoss": {"triggerPrice": 102}"#,
            AMBIGUOUS,
        ),
    ] {
        let record = format!(r#"{{"symbol": "BTCUSDT", "position_size_usd": 250, {fields}}}"#);
        let expected = expected.replace("intent:size", "intent:position_size_usd");
        check(&record, &expected);
    }
}

#[test]
fn times_in_another_unit_are_refused_and_never_converted() {
    let text = |fields: &str| {
        let record = format!(r#"{{"symbol": "BTCUSDT", "size": 250, "side": "BUY", {fields}}}"#);
        decide(Some(&sample()), &record, |decision| decision.to_string())
    };
    for (fields, unit) in [
        (
            r#""ts": 1766550300"#,
            "looks like epoch seconds; send epoch milliseconds",
        ),
        (
            r#""ts": 1766550300000000"#,
            "looks like epoch microseconds; send epoch milliseconds",
        ),
        (
            r#""ts": 1766550300000000000"#,
            "looks like epoch nanoseconds; send epoch milliseconds",
        ),
        (
            r#""decided_at": 1766550300"#,
            "looks like epoch seconds; send epoch milliseconds",
        ),
        (
            r#""timestamp": 1766550300000"#,
            "looks like epoch milliseconds; use `ts`, or send epoch seconds",
        ),
        (
            r#""timestamp": "1969-12-31T23:59:59Z""#,
            "is not between the years 2000 and 2100",
        ),
        (
            r#""ts": 4102444800001"#,
            "is not between the years 2000 and 2100",
        ),
        (
            r#""ts": 946684799999"#,
            "is not between the years 2000 and 2100",
        ),
        (r#""ts": 0"#, "is not between the years 2000 and 2100"),
    ] {
        let answer = text(fields);
        assert!(answer.starts_with(INVALID), "{fields}: {answer}");
        assert!(answer.ends_with(unit), "{fields}: {answer}");
    }
    // The time in an id is ignored if it is outside the years 2000 to 2100.
    for id in ["1766550300-0", "9999999999999-0", "99999999999999999999-0"] {
        check_fields(&format!(r#""side": "BUY", "id": "{id}""#), BOUGHT);
    }
    check_fields(r#""side": "BUY", "ts": 4102444800000"#, BOUGHT);
    check_fields(r#""side": "BUY", "ts": 946684800000"#, BOUGHT);
}

#[test]
fn duplicate_decisive_keys_are_invalid() {
    for field in [
        r#""side": "BUY""#,
        r#""action": "BUY""#,
        r#""symbol": "BTCUSDT""#,
        r#""source": "momentum""#,
        r#""reduce_only": false"#,
        r#""reduceOnly": false"#,
        r#""intent_type": "open""#,
        r#""event_type": "trade.intent""#,
        r#""leverage": 5"#,
        r#""quantity": 5"#,
        r#""qty": 5"#,
        r#""price": 5"#,
        r#""entry_price": 5"#,
        r#""position_usd": 5"#,
        r#""size": 5"#,
        r#""position_size_usd": 5"#,
        r#""stop_loss": 5"#,
        r#""take_profit": 5"#,
        r#""id": "a""#,
        r#""intent_id": "a""#,
        r#""decided_at": 5"#,
        r#""ts": 5"#,
        r#""timestamp": 5"#,
        r#""policy_hash": "a""#,
        r#""payload": null"#,
        r#""data": null"#,
    ] {
        check(
            &format!(r#"{{"symbol": "BTCUSDT", "size": 250, "side": "BUY", {field}, {field}}}"#),
            INVALID,
        );
    }
    check_fields(r#""side": null, "side": "BUY""#, INVALID);
    check_fields(r#""side": "BUY", "s\u0069de": "BUY""#, INVALID);
    check_fields(r#""side": "BUY", "regime": "a", "regime": "b""#, BOUGHT);
    check_fields(r#""side": "BUY", "note": "a", "note": "b""#, BOUGHT);
}

#[test]
fn the_first_of_several_faults_is_the_reason() {
    // The order is: unreadable, invalid, ambiguous, not actionable.
    check(
        r#"{"payload": "{", "side": "BUY", "side": "SELL"}"#,
        "SKIP INTENT_UNREADABLE",
    );
    check(r#"{"action": "BUY", "side": "SELL"}"#, INVALID);
    check(r#"{"side": "HOLD"}"#, INVALID);
    // If there are two faults of the same kind, a missing symbol or side is reported first.
    for (record, fault) in [
        (r#"{"side": "BUY", "ts": "x"}"#, "`symbol` is missing"),
        (r#"{"symbol": "BTCUSDT", "ts": "x"}"#, "`side` is missing"),
    ] {
        check_text(Some(&sample()), record, &format!("{INVALID}: {fault}"));
    }
    check_fields(r#""side": "HOLD", "ts": "x""#, INVALID);
    check_fields(r#""side": "HOLD", "amount": 5, "action": "BUY""#, AMBIGUOUS);
    check_fields(
        r#""side": "HOLD", "amount": 5"#,
        "SKIP INTENT_NOT_ACTIONABLE",
    );
    check_fields(
        r#""side": "BUY", "entry_price": 100, "stop_loss": 102, "ts": "x""#,
        INVALID,
    );
}

#[test]
fn unreadable_times_are_invalid() {
    for fields in [
        r#""ts": "x""#,
        r#""ts": 1500.5"#,
        r#""ts": true"#,
        r#""ts": 1e30"#,
        r#""ts": "2025-12-24T04:32:14Z""#,
        r#""decided_at": "nan""#,
        r#""decided_at": 1500.5"#,
        r#""decided_at": "x", "ts": 1766550300000"#,
        r#""timestamp": "yesterday""#,
        r#""timestamp": "2025-12-24""#,
        r#""timestamp": "inf""#,
        r#""timestamp": 1766550734062"#,
        r#""timestamp": []"#,
    ] {
        check_fields(&format!(r#""side": "BUY", {fields}"#), INVALID);
    }
}

/// In a replay, a missing time makes an entry invalid, which precedes ambiguous and not actionable.
#[test]
fn a_missing_time_precedes_ambiguity() {
    let policy = sample();
    let engine = engine("{}");
    let check_recorded = |line: &str, expected: &str| {
        let state = PolicyState::present(&policy);
        let text = with_intent(line, |intent| {
            decide_at(&engine, state, intent, None, |decision| {
                decision.to_string()
            })
        });
        assert!(text.starts_with(expected), "{line}: {text}");
    };
    let ambiguous = r#""symbol": "BTCUSDT", "side": "BUY", "action": "SELL", "size": 250"#;
    let hold = r#""symbol": "BTCUSDT", "side": "HOLD""#;
    let time = r#""ts": 1766550690000"#;
    let no_time = "SKIP INTENT_INVALID: the intent has no timestamp; add `ts` (epoch milliseconds) or `timestamp` (epoch seconds or ISO-8601)";
    check_recorded(&format!("{{{ambiguous}}}"), no_time);
    check_recorded(&format!("{{{hold}}}"), no_time);
    check_recorded(&format!("{{{ambiguous}, {time}}}"), "SKIP INTENT_AMBIGUOUS");
    check_recorded(&format!("{{{hold}, {time}}}"), "SKIP INTENT_NOT_ACTIONABLE");
    // An entry that is already invalid keeps its fault; an exit needs no time.
    check_recorded(
        r#"{"side": "BUY", "size": 250}"#,
        "SKIP INTENT_INVALID: `symbol` is missing",
    );
    check_recorded(
        r#"{"symbol": "BTCUSDT", "action": "CLOSE", "reduce_only": false}"#,
        "SKIP DENY_NOT_EXIT_OWNER",
    );
}
