//! Tests of the forms of an intent: flat, or an envelope with a payload.

use super::{at, check, decide, in_short, sample, with_intent};

const BOUGHT: &str = "BUY BTCUSDT 8x 250 notional of intent:position_size_usd";
const UNREADABLE: &str = "SKIP INTENT_UNREADABLE";
const AMBIGUOUS: &str = "SKIP INTENT_AMBIGUOUS";
const INNER: &str = r#"{"symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 250}"#;

/// Returns the text as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn every_envelope_gives_the_same_intent() {
    let strings = r#"{"symbol": "BTCUSDT", "side": "BUY", "position_size_usd": "250", "event_type": "trade.intent"}"#;
    check(INNER, BOUGHT);
    check(&format!(" \t{INNER}\r"), BOUGHT);
    check(strings, BOUGHT);
    for field in ["payload", "data"] {
        check(&format!(r#"{{"{field}": {INNER}}}"#), BOUGHT);
        check(&format!(r#"{{"{field}": {}}}"#, quoted(INNER)), BOUGHT);
        check(&format!(r#"{{"{field}": {}}}"#, quoted(strings)), BOUGHT);
        check(
            &format!(r#"{{"event_type": "trade.intent", "note": 1, "{field}": {INNER}}}"#),
            BOUGHT,
        );
    }
    check(&format!(r#"{{"payload": {INNER}, "data": null}}"#), BOUGHT);
    check(
        r#"{"payload": null, "symbol": "BTCUSDT", "side": "BUY", "position_size_usd": 250}"#,
        BOUGHT,
    );
}

#[test]
fn texts_that_are_not_objects_are_unreadable() {
    for record in [
        "",
        " ",
        "null",
        "5",
        "[]",
        "\"text\"",
        "{",
        "{}}",
        "{} {}",
        "{'symbol': 1}",
        "{\"a\": NaNs}",
        "{\"a\": -NaN}",
        "{NaN: 1}",
    ] {
        check(record, UNREADABLE);
    }
    for field in ["payload", "data"] {
        for payload in [
            "5",
            "true",
            "[]",
            "\"\"",
            "\"{\"",
            "\"[]\"",
            "\"null\"",
            "\"{} {}\"",
        ] {
            check(&format!(r#"{{"{field}": {payload}}}"#), UNREADABLE);
        }
    }
    check(
        r#"{"event_type": "trade.rumour", "symbol": "BTCUSDT"}"#,
        UNREADABLE,
    );
    check(r#"{"event_type": 5, "symbol": "BTCUSDT"}"#, UNREADABLE);
    check("{}", "SKIP INTENT_INVALID");
}

#[test]
fn a_payload_next_to_intent_fields_is_ambiguous() {
    check(
        &format!(r#"{{"payload": {INNER}, "data": {INNER}}}"#),
        AMBIGUOUS,
    );
    for field in [
        r#""symbol": "BTCUSDT""#,
        r#""action": "BUY""#,
        r#""side": "BUY""#,
        r#""reduce_only": false"#,
        r#""reduceOnly": false"#,
        r#""intent_type": "open""#,
        r#""leverage": 5"#,
        r#""quantity": 5"#,
        r#""qty": 5"#,
        r#""price": 5"#,
        r#""entry_price": 5"#,
        r#""position_usd": 5"#,
        r#""size": 5"#,
        r#""position_size_usd": 250"#,
        r#""stop_loss": 5"#,
        r#""take_profit": 5"#,
        r#""confidence": 0.9"#,
        r#""regime": "bull""#,
        r#""position_side": "LONG""#,
        r#""model": "m""#,
    ] {
        check(&format!(r#"{{{field}, "payload": {INNER}}}"#), AMBIGUOUS);
    }
    check(
        &format!(r#"{{"leverage": null, "payload": {INNER}}}"#),
        BOUGHT,
    );
    check(&format!(r#"{{"stream": "s", "payload": {INNER}}}"#), BOUGHT);
}

#[test]
fn a_duplicate_next_to_a_payload_is_invalid() {
    for field in ["symbol", "side", "leverage", "size", "qty"] {
        check(
            &format!(r#"{{"{field}": 5, "{field}": 5, "payload": {INNER}}}"#),
            "SKIP INTENT_INVALID",
        );
    }
}

#[test]
fn other_spellings_next_to_a_payload_are_ambiguous() {
    for field in [
        r#""posSide": "LONG""#,
        r#""position-idx": 1"#,
        r#""isBuy": true"#,
        r#""b": true"#,
        r#""closePosition": "true""#,
        r#""close": true"#,
        r#""offset": "CLOSE""#,
        r#""signal": "EXIT_LONG""#,
        r#""type": "STOP_MARKET""#,
        r#""stopPrice": 95"#,
        r#""t": {"trigger": {"triggerPx": 95}}"#,
        r#""params": {"reduceOnly": true}"#,
        r#""params": "{\"reduceOnly\": true}""#,
        r#""order": {"contracts": 3}"#,
        r#""qtyFraction": 0.5"#,
        r#""sz": 3"#,
        r#""tp": 120"#,
    ] {
        check(&format!(r#"{{{field}, "payload": {INNER}}}"#), AMBIGUOUS);
    }
    for field in [
        r#""b": 0.7"#,
        r#""r": 1.5"#,
        r#""close": 101.5"#,
        r#""type": "trade.intent""#,
        r#""signal": "momentum""#,
        r#""params": {"window": 20}"#,
        r#""features": {"reduceOnly": true}"#,
        r#""amount": 0"#,
    ] {
        check(&format!(r#"{{{field}, "payload": {INNER}}}"#), BOUGHT);
    }
}

#[test]
fn an_exit_with_its_position_or_trigger_next_to_the_payload_is_ambiguous() {
    let exit = r#"{"symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"}"#;
    for field in [
        r#""position_side": "LONG""#,
        r#""posSide": "SHORT""#,
        r#""is_short": true"#,
        r#""stopPrice": 95"#,
        r#""order_type": "STOP_MARKET""#,
    ] {
        check(&format!(r#"{{{field}, "payload": {exit}}}"#), AMBIGUOUS);
    }
    // The quantity to close is unknown, so that the exit does not close the whole position.
    for field in [
        r#""quantity": 2"#,
        r#""qty_fraction": 0.5"#,
        r#""percentage": 25"#,
        r#""amount": 2"#,
        r#""order": {"qty": 2}"#,
    ] {
        check(
            &format!(r#"{{{field}, "payload": {exit}}}"#),
            "EXIT BTCUSDT - unreadable",
        );
    }
    // Fields that only entries have do not matter.
    for field in [r#""leverage": 5"#, r#""tp": 120"#, r#""model": "m""#] {
        check(
            &format!(r#"{{{field}, "payload": {exit}}}"#),
            "EXIT BTCUSDT - not stated",
        );
    }
}

/// Checks the id, the source and the event time (in microseconds) of a record.
#[track_caller]
fn check_names(record: &str, id: Option<&str>, source: Option<&str>, micros: Option<i64>) {
    with_intent(record, |intent| {
        assert_eq!(intent.id(), id, "{record}");
        assert_eq!(intent.source(), source, "{record}");
        assert_eq!(
            intent.event_time().map(|at| at.as_micros()),
            micros,
            "{record}"
        );
    });
    let answer = decide(Some(&sample()), record, in_short);
    assert_eq!(answer, BOUGHT, "{record}");
}

#[test]
fn a_payload_inherits_missing_fields_from_its_envelope() {
    check_names(
        &format!(r#"{{"id": "1766550700000-7", "source": "momentum", "payload": {INNER}}}"#),
        Some("1766550700000-7"),
        Some("momentum"),
        Some(1_766_550_700_000_000),
    );
    let named = INNER.replacen(
        '{',
        r#"{"id": "own", "source": "momentum", "ts": 1766550600000, "#,
        1,
    );
    check_names(
        &format!(
            r#"{{"id": "1766550700000-7", "source": "momentum", "ts": 1766550500000, "payload": {named}}}"#
        ),
        Some("own"),
        Some("momentum"),
        Some(1_766_550_600_000_000),
    );
    // If the id of the payload is not a stream entry id, it has no time, so the id of the envelope
    // is used for the time.
    for (own, id) in [
        (r#""id": "abc""#, "abc"),
        (r#""id": 5"#, "5"),
        (r#""id": "1766550600000""#, "1766550600000"),
        (r#""id": "abc", "ts": null"#, "abc"),
    ] {
        let inner = INNER.replacen('{', &format!("{{{own}, "), 1);
        check_names(
            &format!(r#"{{"id": "1766550700000-7", "ts": 1766550500000, "payload": {inner}}}"#),
            Some(id),
            None,
            Some(1_766_550_700_000_000),
        );
    }
    check_names(
        &format!(
            r#"{{"id": "1766550700000-7", "payload": {}}}"#,
            INNER.replacen('{', r#"{"id": "1766550600000-1", "#, 1)
        ),
        Some("1766550600000-1"),
        None,
        Some(1_766_550_600_000_000),
    );
    // Missing fields come from the envelope; then the usual order of the time fields applies.
    check_names(
        &format!(
            r#"{{"id": "1766550700000-7", "payload": {}}}"#,
            INNER.replacen('{', r#"{"ts": 1766550600000, "#, 1)
        ),
        Some("1766550700000-7"),
        None,
        Some(1_766_550_700_000_000),
    );
    check_names(
        &format!(
            r#"{{"intent_id": "outer", "timestamp": 1766550700, "payload": {}}}"#,
            quoted(INNER)
        ),
        Some("outer"),
        None,
        Some(1_766_550_700_000_000),
    );
    check_names(INNER, None, None, None);
}

#[test]
fn ids_are_read() {
    let with = |id: &str| INNER.replacen('{', &format!("{{{id}, "), 1);
    check_names(
        &with(r#""id": "a", "intent_id": "b""#),
        Some("a"),
        None,
        None,
    );
    check_names(
        &with(r#""id": null, "intent_id": "b""#),
        Some("b"),
        None,
        None,
    );
    check_names(
        &with(r#""intent_id": "1766550700000-0""#),
        Some("1766550700000-0"),
        None,
        None,
    );
    check_names(&with(r#""id": "\u00e4""#), Some("ä"), None, None);
}

#[test]
fn different_sources_are_ambiguous() {
    let with = |source: &str| INNER.replacen('{', &format!("{{\"source\": {source}, "), 1);
    let enveloped =
        |outer: &str, inner: &str| format!(r#"{{"source": {outer}, "payload": {inner}}}"#);
    check(&enveloped("\"a\"", &with("\"a\"")), BOUGHT);
    check(&enveloped("null", &with("\"a\"")), BOUGHT);
    check(&enveloped("\"a\"", &with("null")), BOUGHT);
    check(&enveloped("\"a\"", &with("\"b\"")), AMBIGUOUS);
    let exit = r#"{"symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"}"#;
    check(&enveloped("\"momentum\"", exit), AMBIGUOUS);
    check(
        &enveloped("\"exitbrain_v3_5\"", exit),
        "EXIT BTCUSDT - not stated",
    );
}

#[test]
fn a_faulty_envelope_keeps_its_id_source_and_time() {
    for fault in [
        r#""event_type": "weather.report""#,
        r#""event_type": 7"#,
        r#""payload": 7"#,
        r#""payload": {}, "data": {}"#,
        r#""payload": {"event_type": "weather.report"}"#,
    ] {
        let record = format!(r#"{{"id": "1766550700123-0", "source": "scout", {fault}}}"#);
        with_intent(&record, |intent| {
            assert!(intent.request().is_err(), "{record}");
            assert_eq!(intent.id(), Some("1766550700123-0"));
            assert_eq!(intent.source(), Some("scout"));
            assert_eq!(intent.event_time(), Some(at("1766550700.123")));
        });
    }
}
