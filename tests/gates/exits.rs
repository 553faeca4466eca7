//! Tests of gate 1 for exits: the fields that make an intent an exit, and the fields that cannot
//! make an exit invalid.

use portcullis::{
    answer::Answer,
    explain::Explanation,
    policy::{PolicyState, PolicyUnavailable},
};

use super::{CLOSED, check, check_text, decide, engine, with_intent};

#[track_caller]
fn check_fields(fields: &str, expected: &str) {
    check(
        &format!(r#"{{"symbol": "BTCUSDT", "source": "exitbrain_v3_5", {fields}}}"#),
        expected,
    );
}

const SOLD: &str = "EXIT BTCUSDT SELL not stated";
const INVALID: &str = "SKIP INTENT_INVALID";
const AMBIGUOUS: &str = "SKIP INTENT_AMBIGUOUS";

#[test]
fn reduce_only_spellings() {
    for flag in ["true", "\"true\"", "\"TRUE\"", "\"True\"", "1", "\"1\""] {
        check_fields(&format!(r#""side": "SELL", "reduce_only": {flag}"#), SOLD);
        check_fields(&format!(r#""side": "SELL", "reduceOnly": {flag}"#), SOLD);
        check_fields(
            &format!(r#""side": "SELL", "reduce_only": {flag}, "reduceOnly": true"#),
            SOLD,
        );
    }
}

#[test]
fn closing_words() {
    check_fields(r#""action": "CLOSE""#, CLOSED);
    check_fields(r#""side": "close""#, CLOSED);
    check_fields(r#""action": "CLOSE", "side": "SELL""#, SOLD);
    check_fields(r#""action": "SELL", "side": "CLOSE""#, SOLD);
    for kind in ["EXIT", "exit", "CLOSE", "AI-exit", "stop-exit"] {
        check_fields(&format!(r#""intent_type": "{kind}""#), CLOSED);
        check_fields(&format!(r#""intent_type": "{kind}", "side": "SELL""#), SOLD);
    }
}

#[test]
fn an_unreadable_flag_does_not_block_an_exit() {
    for flag in ["null", "\"perhaps\""] {
        let fields = format!(r#""action": "CLOSE", "side": "SELL", "reduce_only": {flag}"#);
        check_fields(&fields, SOLD);
    }
}

#[test]
fn a_false_flag_states_nothing() {
    check_fields(
        r#""side": "SELL", "reduce_only": true, "reduceOnly": false"#,
        SOLD,
    );
    check_fields(
        r#""side": "SELL", "reduce_only": "0", "reduceOnly": "1""#,
        SOLD,
    );
    check_fields(r#""action": "CLOSE", "reduce_only": false"#, CLOSED);
    check_fields(r#""side": "CLOSE", "reduceOnly": "false""#, CLOSED);
    check_fields(
        r#""intent_type": "EXIT", "side": "SELL", "reduce_only": 0"#,
        SOLD,
    );
}

#[test]
fn contradicting_sides_leave_the_exit_without_a_side() {
    check_fields(
        r#""action": "BUY", "side": "SELL", "reduce_only": true"#,
        CLOSED,
    );
    check_fields(
        r#""side": "SELL", "position_side": "SHORT", "reduce_only": true"#,
        CLOSED,
    );
}

#[test]
fn a_hold_is_not_an_exit() {
    check_fields(
        r#""action": "HOLD", "side": "SELL", "reduce_only": true"#,
        AMBIGUOUS,
    );
    check_fields(r#""action": "HOLD", "side": "CLOSE""#, AMBIGUOUS);
    check_fields(
        r#""side": "HOLD", "reduce_only": true"#,
        "SKIP INTENT_NOT_ACTIONABLE",
    );
}

#[test]
fn an_exit_needs_a_symbol_and_a_side_or_close() {
    check_fields(r#""reduce_only": true"#, INVALID);
    check_fields(r#""reduce_only": true, "side": "UP""#, INVALID);
    check_fields(
        r#""reduce_only": true, "side": "SELL", "symbol": "BTCUSDT""#,
        INVALID,
    );
    check_fields(
        r#""reduce_only": true, "side": "SELL", "source": "exitbrain_v3_5""#,
        INVALID,
    );
    // A duplicate key has no value, and in these records no other field makes the intent an exit or sets its side.
    check_fields(
        r#""reduce_only": true, "reduce_only": true, "side": "SELL""#,
        INVALID,
    );
    check_fields(r#""action": "CLOSE", "action": "CLOSE""#, INVALID);
    check_fields(
        r#""reduce_only": true, "side": "SELL", "side": "SELL""#,
        INVALID,
    );
    // Duplicate flags do not matter next to a closing word.
    for flag in ["reduce_only", "reduceOnly"] {
        for (one, other) in [
            ("true", "false"),
            ("false", "true"),
            ("false", "false"),
            ("true", "null"),
            ("true", "\"true\""),
            ("\"false\"", r#""\u0066alse""#),
        ] {
            let flags = format!(r#""{flag}": {one}, "{flag}": {other}"#);
            check_fields(&format!(r#""side": "SELL", {flags}"#), INVALID);
            check_fields(&format!(r#""action": "CLOSE", {flags}"#), CLOSED);
            check_fields(
                &format!(r#""action": "CLOSE", "side": "SELL", {flags}"#),
                SOLD,
            );
        }
    }
    check(
        r#"{"source": "exitbrain_v3_5", "action": "CLOSE"}"#,
        INVALID,
    );
    check(
        r#"{"symbol": "A B", "source": "exitbrain_v3_5", "action": "CLOSE"}"#,
        INVALID,
    );
}

#[test]
fn no_other_field_makes_an_exit_invalid() {
    for fields in [
        r#""leverage": "x""#,
        r#""leverage": 5, "leverage": 6"#,
        r#""price": "x""#,
        r#""entry_price": -1, "stop_loss": "x""#,
        r#""entry_price": 100, "stop_loss": 99"#,
        r#""entry_price": 100, "stop_loss": 101"#,
        r#""ts": "x""#,
        r#""ts": 1, "ts": 2"#,
        r#""decided_at": 1500.5"#,
        r#""timestamp": "yesterday""#,
        r#""id": {}"#,
        r#""id": "a", "id": "b""#,
        r#""policy_hash": 5"#,
        r#""confidence": [], "regime": 5, "model": {}"#,
        r#""action": "UP""#,
        r#""reduceOnly": "perhaps""#,
    ] {
        check_fields(
            &format!(r#""side": "SELL", "reduce_only": true, {fields}"#),
            SOLD,
        );
    }
}

/// Duplicate keys that make an entry invalid but do not block an exit.
const TWICE: [&str; 9] = [
    r#""intent_type": "EXIT", "intent_type": "EXIT""#,
    r#""intent_type": "open", "intent_type": "EXIT""#,
    r#""event_type": "trade.intent", "event_type": "trade.intent""#,
    r#""event_type": "trade.intent", "event_type": "policy.withdrawn""#,
    r#""action": "CLOSE", "action": "CLOSE""#,
    r#""action": "CLOSE", "action": "BUY""#,
    r#""action": null, "action": "SELL""#,
    r#""reduceOnly": true, "reduceOnly": true"#,
    r#""reduceOnly": "perhaps", "reduceOnly": "perhaps""#,
];

#[test]
fn duplicate_keys_do_not_block_a_clear_exit() {
    let source = r#""source": "exitbrain_v3_5""#;
    for twice in TWICE {
        check_fields(
            &format!(r#""side": "SELL", "reduce_only": true, {twice}"#),
            SOLD,
        );
        let inner =
            format!(r#"{{"symbol": "BTCUSDT", "side": "SELL", "reduce_only": true, {twice}}}"#);
        check(&format!(r#"{{{source}, "payload": {inner}}}"#), SOLD);
    }
    let closing = r#""symbol": "BTCUSDT", "action": "CLOSE""#;
    for twice in [
        r#""side": "SELL", "side": "SELL""#,
        r#""side": "SELL", "side": "BUY""#,
        r#""reduce_only": true, "reduce_only": true"#,
        r#""reduce_only": "true", "reduce_only": "\u0074rue""#,
    ] {
        check(&format!(r#"{{{source}, {closing}, {twice}}}"#), CLOSED);
    }
    let events = r#""event_type": "trade.intent", "event_type": "trade.intent""#;
    check(
        &format!(r#"{{{source}, {events}, "payload": {{{closing}}}}}"#),
        CLOSED,
    );
}

#[test]
fn duplicate_keys_make_an_entry_invalid() {
    for twice in TWICE {
        check(
            &format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250, {twice}}}"#),
            INVALID,
        );
    }
    for (twice, field) in [
        (r#""side": "BUY", "side": "BUY""#, "side"),
        (r#""action": "BUY", "action": "BUY""#, "action"),
        (
            r#""side": "BUY", "intent_type": "a", "intent_type": "a""#,
            "intent_type",
        ),
    ] {
        check_text(
            None,
            &format!(r#"{{"symbol": "BTCUSDT", "size": 250, {twice}}}"#),
            &format!("SKIP INTENT_INVALID: the key `{field}` occurs more than once in one object"),
        );
    }
}

#[test]
fn a_nested_payload_is_ambiguous() {
    let exit = r#""symbol": "BTCUSDT", "action": "CLOSE""#;
    for field in ["payload", "data"] {
        check_text(
            None,
            &format!(r#"{{"source": "exitbrain_v3_5", "data": {{{exit}, "{field}": {{}}}}}}"#),
            &format!(
                "SKIP INTENT_AMBIGUOUS: `{field}` is inside the payload, but a payload must not contain another payload"
            ),
        );
    }
}

#[test]
fn an_exit_field_next_to_a_payload_is_ambiguous() {
    let owner = r#""source": "exitbrain_v3_5""#;
    let exit = r#"{"symbol": "BTCUSDT", "side": "SELL", "reduce_only": true}"#;
    check(&format!(r#"{{{owner}, "payload": {exit}}}"#), SOLD);
    check(
        &format!(r#"{{{owner}, "payload": {exit}, "leverage": 5, "model": "m"}}"#),
        SOLD,
    );
    for field in [
        r#""symbol": "BTCUSDT""#,
        r#""action": "SELL""#,
        r#""side": "SELL""#,
        r#""reduce_only": true"#,
        r#""reduceOnly": true"#,
        r#""intent_type": "EXIT""#,
    ] {
        check(
            &format!(r#"{{{owner}, "payload": {exit}, {field}}}"#),
            AMBIGUOUS,
        );
    }
}

#[test]
fn the_requested_quantity_is_reported() {
    let sell = |fields: &str| format!(r#""side": "SELL", "reduce_only": true, {fields}"#);
    check_fields(&sell(r#""quantity": 2"#), "EXIT BTCUSDT SELL 2");
    check_fields(&sell(r#""qty": "0.5""#), "EXIT BTCUSDT SELL 0.5");
    check_fields(&sell(r#""quantity": null"#), SOLD);
    for quantity in ["\"x\"", "0", "-1", "\"nan\"", "1e999"] {
        check_fields(
            &sell(&format!(r#""quantity": {quantity}"#)),
            "EXIT BTCUSDT SELL unreadable",
        );
    }
    for usd in [
        r#""size": 250"#,
        r#""position_size_usd": "x""#,
        r#""position_usd": 0"#,
    ] {
        check_fields(&sell(usd), "EXIT BTCUSDT SELL in USD");
        let both = format!(r#""quantity": 2, {usd}"#);
        check_fields(&sell(&both), "EXIT BTCUSDT SELL 2");
    }
}

/// Checks the detail of the answer, the text of the decision, and the line of the first gate in the explanation.
#[track_caller]
fn check_quantity(quantity: &str, fault: Option<&str>, saw: &str) {
    let record = format!(
        r#"{{"symbol": "BTCUSDT", "source": "exitbrain_v3_5", "action": "CLOSE"{quantity}}}"#
    );
    decide(None, &record, |decision| {
        let detail = Answer::decision(decision).detail;
        assert_eq!(detail.map(|text| text.to_string()).as_deref(), fault);
        let fault = fault.map_or(String::new(), |fault| format!("; {fault}"));
        let text = format!("EXIT BTCUSDT for the exit owner `exitbrain_v3_5`{fault}");
        assert_eq!(decision.to_string(), text);
    });
    let absent = PolicyUnavailable::NotFound;
    let engine = engine("{}");
    with_intent(&record, |intent| {
        let traced = engine.decide_traced(PolicyState::unavailable(&absent), intent, None);
        let text = Explanation::new(traced).to_string();
        let line = text.lines().find(|line| line.starts_with(" 1 ")).unwrap();
        assert!(line.ends_with(saw), "{line}");
    });
}

#[test]
fn an_unknown_exit_quantity_is_reported() {
    check_quantity("", None, "  an exit: BTCUSDT");
    check_quantity(r#", "quantity": 2"#, None, "  an exit: BTCUSDT, quantity 2");
    for quantity in [r#""quantity": "abc""#, r#""quantity": 0"#, r#""qty": -3"#] {
        let fault = "the quantity is unreadable, so the quantity to close is unknown";
        check_quantity(
            &format!(", {quantity}"),
            Some(fault),
            &format!("BTCUSDT; {fault}"),
        );
    }
    let fault = "the intent has a size in USD but no quantity, so the quantity to close is unknown";
    check_quantity(
        r#", "size": 250"#,
        Some(fault),
        &format!("BTCUSDT; {fault}"),
    );
}

/// Checks the text of a decision about two contradicting fields of an exit.
#[track_caller]
fn check_contradiction(fields: &str, expected: &str) {
    let record = format!(r#"{{"symbol": "BTCUSDT", "source": "exitbrain_v3_5", {fields}}}"#);
    let text = decide(None, &record, |decision| decision.to_string());
    assert_eq!(
        text,
        format!(
            "EXIT BTCUSDT for the exit owner `exitbrain_v3_5`; {expected} contradict each other about the side: \
             close the only open position in the symbol, or reject the exit if there are two"
        )
    );
}

#[test]
fn a_contradiction_names_both_fields() {
    check_contradiction(
        r#""action": "BUY", "side": "SELL", "reduce_only": true"#,
        "`side` and `action`",
    );
    check_contradiction(
        r#""action": "CLOSE", "side": "LONG", "posSide": "short""#,
        "`side` and `posSide`",
    );
    check_contradiction(
        r#""action": "OPEN_LONG", "reduceonly": "yes""#,
        "`action` and `reduceOnly`",
    );
}
