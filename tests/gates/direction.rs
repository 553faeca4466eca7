//! Tests of the direction of an intent: effect, side and position side, in the words of venues and libraries.

use super::check;

/// Checks an intent with these fields, once from a strategy and once from the exit owner. `entry` and `exit` are short
/// forms of the decisions.
#[track_caller]
fn check_direction(fields: &str, entry: &str, exit: &str) {
    let record = |source: &str| {
        format!(
            r#"{{"symbol": "BTCUSDT", "source": "{source}", "position_size_usd": 250, {fields}}}"#
        )
    };
    check(&record("momentum"), entry);
    check(&record("exitbrain_v3_5"), exit);
}

const BOUGHT: &str = "BUY BTCUSDT 8x 250 notional of intent:position_size_usd";
const SOLD: &str = "SELL BTCUSDT 8x 250 notional of intent:position_size_usd";
const STRANGER: &str = "SKIP DENY_NOT_EXIT_OWNER";
const AMBIGUOUS: &str = "SKIP INTENT_AMBIGUOUS";
const INVALID: &str = "SKIP INTENT_INVALID";
const UNSUPPORTED: &str = "SKIP INTENT_UNSUPPORTED";
const NO_ACTION: &str = "SKIP INTENT_NOT_ACTIONABLE";
const EXIT_SELL: &str = "EXIT BTCUSDT SELL in USD";
const EXIT_BUY: &str = "EXIT BTCUSDT BUY in USD";
const EXIT_NO_SIDE: &str = "EXIT BTCUSDT - in USD";

/// An order buys if and only if it opens a long position or closes a short one. Two of the three statements give the
/// third, in every spelling.
#[test]
fn two_statements_give_the_third() {
    for (order, position, is_close) in [
        ("BUY", "LONG", false),
        ("SELL", "SHORT", false),
        ("SELL", "LONG", true),
        ("BUY", "SHORT", true),
    ] {
        for name in [
            "positionSide",
            "position_side",
            "posSide",
            "POSSIDE",
            "hold-side",
        ] {
            let fields = format!(
                r#""side": "{order}", "{name}": "{}""#,
                position.to_lowercase()
            );
            let (entry, exit) = match (is_close, order) {
                (false, "BUY") => (BOUGHT, AMBIGUOUS),
                (false, _) => (SOLD, AMBIGUOUS),
                (true, "BUY") => (STRANGER, EXIT_BUY),
                (true, _) => (STRANGER, EXIT_SELL),
            };
            check_direction(&fields, entry, exit);
            let close = format!(r#"{fields}, "reduceOnly": true"#);
            let exit = match (is_close, order) {
                (false, _) => EXIT_NO_SIDE,
                (true, "BUY") => EXIT_BUY,
                (true, _) => EXIT_SELL,
            };
            check_direction(&close, STRANGER, exit);
        }
        let (flag, exit) = match position {
            "LONG" => ("reduce_only", EXIT_SELL),
            _ => ("REDUCE-ONLY", EXIT_BUY),
        };
        let fields = format!(r#""action": "CLOSE", "positionSide": "{position}""#);
        check_direction(&fields, STRANGER, exit);
        let fields = format!(r#""{flag}": "True", "holdSide": "{position}""#);
        check_direction(&fields, STRANGER, exit);
        let fields = format!(r#""side": "{position}", "{flag}": 1"#);
        check_direction(&fields, STRANGER, exit);
    }
    for nothing in ["BOTH", "net", "FLAT", "none", ""] {
        check_direction(
            &format!(r#""side": "BUY", "positionSide": "{nothing}""#),
            BOUGHT,
            AMBIGUOUS,
        );
    }
    check_direction(r#""positionSide": "LONG""#, INVALID, INVALID);
    check_direction(r#""side": "BUY", "positionSide": "UP""#, INVALID, INVALID);
    check_direction(
        r#""side": "LONG", "positionSide": "SHORT""#,
        AMBIGUOUS,
        AMBIGUOUS,
    );
}

#[test]
fn words_of_venues_and_libraries() {
    for (fields, entry, exit) in [
        (r#""action": "CLOSE", "side": "LONG""#, STRANGER, EXIT_SELL),
        (r#""action": "close", "side": "SELL""#, STRANGER, EXIT_SELL),
        (r#""action": "enter_long""#, BOUGHT, AMBIGUOUS),
        (r#""action": "open-short""#, SOLD, AMBIGUOUS),
        (r#""direction": "exitLong""#, STRANGER, EXIT_SELL),
        (r#""side": "buy_to_cover""#, STRANGER, EXIT_BUY),
        (r#""side": "sell_short""#, SOLD, AMBIGUOUS),
        (r#""side": "sell_to_close""#, STRANGER, EXIT_SELL),
        (r#""side": "bid""#, BOUGHT, AMBIGUOUS),
        (r#""is_buy": false"#, SOLD, AMBIGUOUS),
        (r#""b": true, "r": false"#, BOUGHT, AMBIGUOUS),
        (r#""b": false, "r": true"#, STRANGER, EXIT_SELL),
        (r#""side": "BUY", "b": 0.5, "r": 2"#, BOUGHT, AMBIGUOUS),
        (r#""side": "SELL", "positionIdx": 1"#, STRANGER, EXIT_SELL),
        (r#""side": "SELL", "positionIdx": "2""#, SOLD, AMBIGUOUS),
        (r#""side": "SELL", "positionIdx": 0"#, SOLD, AMBIGUOUS),
        (
            r#""side": "SELL", "positionIdx": 3"#,
            UNSUPPORTED,
            UNSUPPORTED,
        ),
        (
            r#""side": "SELL", "reduceOnly": "YES""#,
            STRANGER,
            EXIT_SELL,
        ),
        (r#""side": "SELL", "reduceOnly": "NO""#, SOLD, AMBIGUOUS),
        (r#""side": "SELL", "reduceonly": true"#, STRANGER, EXIT_SELL),
        (
            r#""side": "SELL", "closeOnTrigger": false"#,
            SOLD,
            AMBIGUOUS,
        ),
        (r#""side": "sell", "offset": "close""#, STRANGER, EXIT_SELL),
        (r#""side": "sell", "offset": "open""#, SOLD, AMBIGUOUS),
        (
            r#""side": "buy", "position_action": "NIL""#,
            BOUGHT,
            AMBIGUOUS,
        ),
        (
            r#""side": "buy", "positionEffect": "CLOSE""#,
            STRANGER,
            EXIT_BUY,
        ),
        // On the venue Bitget, an order with the side buy closes a long position.
        (
            r#""side": "buy", "tradeSide": "close""#,
            STRANGER,
            EXIT_SELL,
        ),
        (r#""side": "buy", "tradeSide": "open""#, BOUGHT, AMBIGUOUS),
        (r#""tradeSide": "sell""#, SOLD, AMBIGUOUS),
        (r#""auto_size": "close_long""#, STRANGER, EXIT_SELL),
        (r#""side": "SELL", "close": true"#, STRANGER, EXIT_SELL),
        (r#""side": "SELL", "close": 50000.5"#, SOLD, AMBIGUOUS),
        (r#""side": 3"#, UNSUPPORTED, UNSUPPORTED),
        (r#""side": "1""#, UNSUPPORTED, UNSUPPORTED),
        (r#""side": "SELL", "is_short": false"#, STRANGER, EXIT_SELL),
        (r#""side": "SELL", "is_short": true"#, SOLD, AMBIGUOUS),
        (
            r#""side": "SELL", "params": {"reduceOnly": true}"#,
            STRANGER,
            EXIT_SELL,
        ),
        (
            r#""side": "SELL", "params": "{\"reduceOnly\":true}""#,
            STRANGER,
            EXIT_SELL,
        ),
        (
            r#""order": {"side": "SELL", "positionSide": "LONG"}"#,
            STRANGER,
            EXIT_SELL,
        ),
        (
            r#""side": "SELL", "features": {"reduceOnly": true}"#,
            SOLD,
            AMBIGUOUS,
        ),
        (r#""action": "ADD", "side": "BUY""#, BOUGHT, AMBIGUOUS),
        (r#""action": "SCALE_UP""#, INVALID, INVALID),
        (
            r#""action": "REVERSE", "side": "BUY""#,
            UNSUPPORTED,
            UNSUPPORTED,
        ),
        (r#""action": "FLIP""#, UNSUPPORTED, UNSUPPORTED),
        (
            r#""action": "REVERSE", "side": "HOLD""#,
            AMBIGUOUS,
            AMBIGUOUS,
        ),
        (
            r#""action": "UPDATE_SL", "side": "HOLD", "intent_type": "ENTRY""#,
            AMBIGUOUS,
            AMBIGUOUS,
        ),
        (
            r#""action": "UPDATE_SL", "side": "REVERSE""#,
            NO_ACTION,
            NO_ACTION,
        ),
        (
            r#""action": "UPDATE_SL", "side": "BUY""#,
            NO_ACTION,
            NO_ACTION,
        ),
        (r#""action": "HOLD_CLOSE""#, NO_ACTION, NO_ACTION),
        (
            r#""side": "BUY", "intent_type": "AUTO_CLOSED_BAR_SIGNAL""#,
            BOUGHT,
            AMBIGUOUS,
        ),
        (r#""side": "BUY", "type": "EXIT""#, STRANGER, EXIT_BUY),
        // One field states an open and another one a close. Such an intent is an exit only if it is from
        // the exit owner or a delegate.
        (
            r#""action": "OPEN_LONG", "reduceOnly": true"#,
            AMBIGUOUS,
            EXIT_NO_SIDE,
        ),
        (
            r#""action": "CLOSE", "side": "BUY", "offset": "open""#,
            AMBIGUOUS,
            EXIT_NO_SIDE,
        ),
        // Opening and closing words of an entry disagree with its side.
        (
            r#""action": "OPEN", "side": "SELL", "posSide": "long""#,
            AMBIGUOUS,
            AMBIGUOUS,
        ),
        (r#""action": "BUY", "side": "SHORT""#, AMBIGUOUS, AMBIGUOUS),
    ] {
        check_direction(fields, entry, exit);
    }
}

/// Checks an exit of the owner by the short form of its decision.
#[track_caller]
fn check_exit(fields: &str, expected: &str) {
    check(
        &format!(r#"{{"symbol": "BTCUSDT", "source": "exitbrain_v3_5", {fields}}}"#),
        expected,
    );
}

#[test]
fn a_partial_exit_never_becomes_a_full_one() {
    let unreadable = "EXIT BTCUSDT - unreadable";
    for (fields, expected) in [
        (
            r#""action": "FULL_CLOSE""#,
            "EXIT BTCUSDT - 1 of the position",
        ),
        (
            r#""action": "FULL_CLOSE_PROPOSED", "quantity": 3"#,
            "EXIT BTCUSDT - 3",
        ),
        (
            r#""action": "PARTIAL_25""#,
            "EXIT BTCUSDT - 0.25 of the position",
        ),
        (
            r#""action": "PARTIAL_75_PROPOSED""#,
            "EXIT BTCUSDT - 0.75 of the position",
        ),
        (
            r#""action": "PARTIAL_25", "quantity": 8"#,
            "EXIT BTCUSDT - 2",
        ),
        (
            r#""action": "CLOSE", "quantity": 8, "qty_fraction": 0.25"#,
            "EXIT BTCUSDT - 2",
        ),
        (
            r#""action": "CLOSE", "qtyFraction": 0.25"#,
            "EXIT BTCUSDT - 0.25 of the position",
        ),
        (
            r#""action": "CLOSE", "percentage": 25"#,
            "EXIT BTCUSDT - 0.25 of the position",
        ),
        (
            r#""action": "CLOSE", "close_pct": "100""#,
            "EXIT BTCUSDT - 1 of the position",
        ),
        (
            r#""action": "PARTIAL_25", "percentage": 0.25"#,
            "EXIT BTCUSDT - 0.25 of the position",
        ),
        (
            r#""action": "PARTIAL_50", "qty_fraction": 0.5"#,
            "EXIT BTCUSDT - 0.5 of the position",
        ),
        (
            r#""action": "PARTIAL", "qty_fraction": 0.5"#,
            "EXIT BTCUSDT - 0.5 of the position",
        ),
        (r#""action": "CLOSE", "percentage": 0.25"#, unreadable),
        (r#""action": "CLOSE", "percentage": 1"#, unreadable),
        (r#""action": "CLOSE", "percentage": 101"#, unreadable),
        (r#""action": "CLOSE", "percentage": 0"#, unreadable),
        (r#""action": "CLOSE", "qty_fraction": 1.5"#, unreadable),
        (r#""action": "CLOSE", "qty_fraction": -0.5"#, unreadable),
        (r#""action": "CLOSE", "qty_fraction": "half""#, unreadable),
        (r#""action": "PARTIAL_25", "qty_fraction": 0.5"#, unreadable),
        (r#""action": "PARTIAL_250""#, unreadable),
        (r#""action": "PARTIAL""#, unreadable),
        (r#""action": "CLOSE", "amount": 0.5"#, unreadable),
        (r#""action": "CLOSE", "close_qty": 0.5"#, unreadable),
        (r#""action": "CLOSE", "quantity": 1, "qty": 2"#, unreadable),
        (
            r#""action": "CLOSE", "quantity": 1, "contractSize": 10"#,
            unreadable,
        ),
        (
            r#""action": "CLOSE", "quantity": 1, "contract_size": 1"#,
            "EXIT BTCUSDT - 1",
        ),
        (
            r#""action": "CLOSE", "quantity": 1, "position_size": 5"#,
            "EXIT BTCUSDT - 1",
        ),
        (r#""closePosition": true, "quantity": 1"#, unreadable),
        (r#""closePosition": true"#, "EXIT BTCUSDT - not stated"),
        // On the venue Gate, a size of 0 means that the whole position is closed.
        (r#""close": true, "size": 0"#, "EXIT BTCUSDT - not stated"),
        (
            r#""action": "CLOSE", "R_net": NaN, "pnl_usd": -Infinity"#,
            "EXIT BTCUSDT - not stated",
        ),
        (r#""action": "CLOSE", "quantity": NaN"#, unreadable),
    ] {
        check_exit(fields, expected);
    }
}

#[test]
fn a_resting_exit_is_not_an_immediate_close() {
    let exit = "EXIT BTCUSDT SELL not stated";
    for (fields, expected) in [
        (
            r#""side": "SELL", "closePosition": "true", "stopPrice": 49000"#,
            exit,
        ),
        (
            r#""side": "SELL", "reduceOnly": true, "type": "STOP_MARKET", "stopPrice": "49000""#,
            exit,
        ),
        (
            r#""side": "SELL", "closeOnTrigger": true, "triggerPrice": 49000"#,
            exit,
        ),
        (
            r#""b": false, "r": true, "t": {"trigger": {"triggerPx": "49000", "isMarket": true, "tpsl": "sl"}}"#,
            exit,
        ),
        (
            r#""side": "SELL", "reduceOnly": true, "params": {"triggerPx": 5}"#,
            exit,
        ),
        (
            r#""side": "SELL", "reduceOnly": true, "type": "STOP_MARKET""#,
            UNSUPPORTED,
        ),
        (r#""side": "SELL", "closeOnTrigger": true"#, UNSUPPORTED),
        (
            r#""side": "SELL", "reduceOnly": true, "stopPrice": "x""#,
            UNSUPPORTED,
        ),
        (
            r#""side": "SELL", "reduceOnly": true, "stopPrice": 5, "triggerPrice": 6"#,
            UNSUPPORTED,
        ),
        (
            r#""side": "SELL", "reduceOnly": true, "ordType": "move_order_stop", "triggerPx": 5"#,
            UNSUPPORTED,
        ),
        // Client libraries send a trigger of 0 for orders without one.
        (
            r#""side": "SELL", "reduceOnly": true, "type": "MARKET", "stopPrice": "0""#,
            exit,
        ),
    ] {
        check_exit(fields, expected);
    }
    let record = r#"{"symbol": "BTCUSDT", "source": "exitbrain_v3_5", "side": "SELL", "reduceOnly": true, "stopPrice": 49000}"#;
    super::with_intent(record, |intent| {
        let Ok(portcullis::intent::Request::Exit(exit)) = intent.request() else {
            panic!("not an exit");
        };
        let trigger = exit
            .trigger
            .map(|it| (it.value().get(), it.source().to_string()));
        assert_eq!(trigger, Some((49_000.0, "intent:stopPrice".to_owned())));
    });
}
