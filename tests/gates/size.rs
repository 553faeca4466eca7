//! Tests of gate 9: the size fields of an intent, and their order.

use super::{check, check_with};

#[track_caller]
fn check_size(fields: &str, expected: &str) {
    let record = format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", {fields}}}"#);
    let expected = match expected {
        "no size" => "SKIP POLICY_MISSING_SIZE".to_owned(),
        "ambiguous" => "SKIP INTENT_AMBIGUOUS".to_owned(),
        skip if skip.starts_with("SKIP ") => skip.to_owned(),
        size => format!("BUY BTCUSDT 8x {size}"),
    };
    check(&record, &expected);
}

#[test]
fn each_size_field_is_read() {
    check_size(
        r#""quantity": 2, "price": 100"#,
        "200 notional of intent:quantity*price",
    );
    check_size(
        r#""qty": 2, "price": 100"#,
        "200 notional of intent:qty*price",
    );
    check_size(
        r#""quantity": 2, "entry_price": 100"#,
        "200 notional of intent:quantity*entry_price",
    );
    check_size(
        r#""qty": "2", "entry_price": "1e2""#,
        "200 notional of intent:qty*entry_price",
    );
    check_size(
        r#""position_usd": 50, "leverage": 8"#,
        "50 margin of intent:position_usd",
    );
    check_size(
        r#""position_usd": 50, "leverage": 10"#,
        "50 margin of intent:position_usd",
    );
    check_size(r#""size": 200"#, "200 notional of intent:size");
    check_size(
        r#""position_size_usd": 200"#,
        "200 notional of intent:position_size_usd",
    );
    check_size(
        r#""position_size_usd": "200.5""#,
        "200.5 notional of intent:position_size_usd",
    );
}

#[test]
fn absent_statements_do_not_count() {
    check_size(
        r#""quantity": null, "qty": 3, "price": 100"#,
        "300 notional of intent:qty*price",
    );
    check_size(
        r#""quantity": 2, "price": null, "entry_price": 50"#,
        "100 notional of intent:quantity*entry_price",
    );
    check_size(
        r#""quantity": 2, "price": 0, "entry_price": 50"#,
        "100 notional of intent:quantity*entry_price",
    );
    check_size(
        r#""quantity": null, "position_usd": null, "size": null, "position_size_usd": 8"#,
        "8 notional of intent:position_size_usd",
    );
}

#[test]
fn spellings_of_one_number_must_agree() {
    check_size(
        r#""quantity": 2, "Qty": 2.0000000001, "price": 100"#,
        "200 notional of intent:quantity*price",
    );
    for fields in [
        r#""quantity": 0.47, "qty": 0.024, "price": 2257"#,
        r#""positionSizeUsd": 10, "position_size_usd": 11"#,
        r#""position_usd": 5, "stake_amount": 6, "leverage": 2"#,
        r#""size": 5, "leverage": 2, "params": {"leverage": 3}"#,
        r#""quantity": 1, "price": 5, "Price": 6"#,
    ] {
        check_size(fields, "ambiguous");
    }
}

#[test]
fn statements_of_the_size_must_agree() {
    for (fields, expected) in [
        // 0.024 is rounded to three decimal places.
        (
            r#""quantity": 0.024, "price": 2257, "position_size_usd": 55"#,
            "54.168 notional of intent:quantity*price",
        ),
        (
            r#""quantity": 0.024, "price": 2257, "position_size_usd": 54"#,
            "54 notional of intent:position_size_usd",
        ),
        (
            r#""quantity": 0.024, "price": 2257, "position_size_usd": 1064"#,
            "ambiguous",
        ),
        (
            r#""position_usd": 53.2, "leverage": 20, "position_size_usd": 53.2"#,
            "ambiguous",
        ),
        (
            r#""position_usd": 53.2, "leverage": 20, "position_size_usd": 1064"#,
            "53.2 margin of intent:position_usd",
        ),
        (
            r#""stake_amount": 50, "leverage": 8, "quantity": 4, "price": 100.25"#,
            "50 margin of intent:stake_amount",
        ),
        // The policy has 8x, so that the notional would need more margin than the intent states.
        (
            r#""position_usd": 100, "leverage": 10, "position_size_usd": 998"#,
            "99.8 margin of intent:notional/leverage",
        ),
        (
            r#""position_usd": 100, "leverage": 4, "position_size_usd": 460"#,
            "ambiguous",
        ),
        // A margin with an unusable leverage agrees with each statement, but these contradict each other.
        (
            r#""position_usd": 1, "leverage": 0, "position_size_usd": 7, "size": 100"#,
            "ambiguous",
        ),
        (
            r#""stake_amount": 5, "leverage": "inf", "quantity": 2, "price": 3, "position_size_usd": 20"#,
            "ambiguous",
        ),
        (
            r#""position_usd": 1, "leverage": 0, "size": 0.57, "price": 1.07, "position_size_usd": 0.6099"#,
            "SKIP POLICY_MISSING_LEVERAGE",
        ),
        // A margin whose notional is not finite agrees with no other statement.
        (
            r#""position_usd": 1e308, "leverage": 5, "size": 100"#,
            "ambiguous",
        ),
        (
            r#""position_usd": 1e308, "leverage": 5, "quantity": 1, "price": 100"#,
            "ambiguous",
        ),
        // One unit in the last place of `1` is 100 %, but the ratio must stay below 1.5.
        (
            r#""quantity": 1, "price": 100, "position_size_usd": 149"#,
            "100 notional of intent:quantity*price",
        ),
        (
            r#""quantity": 1, "price": 100, "position_size_usd": 150"#,
            "ambiguous",
        ),
        (
            r#""quantity": 2.5, "price": 100.5, "position_size_usd": 252.5"#,
            "251.25 notional of intent:quantity*price",
        ),
    ] {
        check_size(fields, expected);
    }
}

#[test]
fn a_size_next_to_a_price_needs_a_second_statement() {
    for (fields, expected) in [
        (r#""size": 0.5, "price": 60000"#, "ambiguous"),
        (
            r#""size": 0.5, "entry_price": 60000"#,
            "0.5 notional of intent:size",
        ),
        (r#""size": 0.5, "price": 0"#, "0.5 notional of intent:size"),
        (
            r#""size": 0.5, "price": 60000, "position_size_usd": 30000"#,
            "30000 notional of intent:position_size_usd",
        ),
        (
            r#""size": 0.5, "price": 60000, "position_size_usd": 30100"#,
            "30000 notional of intent:size*price",
        ),
        (
            r#""size": 250, "price": 60000, "position_size_usd": 250"#,
            "250 notional of intent:position_size_usd",
        ),
        (
            r#""size": 0.5, "price": 60000, "position_size_usd": 700"#,
            "ambiguous",
        ),
        (
            r#""size": 0.5, "price": 60000, "quantity": 0.5"#,
            "30000 notional of intent:quantity*price",
        ),
    ] {
        check_size(fields, expected);
    }
}

#[test]
fn the_larger_price_converts_the_quantity() {
    check_size(
        r#""quantity": 2, "price": 100, "entry_price": 110"#,
        "220 notional of intent:quantity*entry_price",
    );
    check_size(
        r#""quantity": 2, "price": 110, "entry_price": 100"#,
        "220 notional of intent:quantity*price",
    );
    check_size(
        r#""quantity": 2, "price": 150, "entry_price": 100"#,
        "ambiguous",
    );
    check_size(
        r#""quantity": 10, "price": 1, "entry_price": 100000"#,
        "ambiguous",
    );
    // Prices of the market are not prices of the order.
    check_size(
        r#""quantity": 2, "mark_price": 100, "last_price": 100, "close": 100"#,
        "no size",
    );
}

#[test]
fn limits_apply_to_the_largest_statement() {
    let record = r#"{"symbol": "BTCUSDT", "side": "BUY", "quantity": 1, "price": 100, "position_size_usd": 120}"#;
    let trade = "BUY BTCUSDT 8x 100 notional of intent:quantity*price";
    check_with(r#"{"max_notional_usd": 120}"#, record, trade);
    let denied = "SKIP POLICY_LIMIT_EXCEEDED";
    check_with(r#"{"max_notional_usd": 119}"#, record, denied);
    check_with(r#"{"max_position_usd": 14.9}"#, record, denied);
    check_with(r#"{"max_position_usd": 15}"#, record, trade);
}

#[test]
fn an_incomplete_size_does_not_fall_through() {
    check_size(
        r#""quantity": 2, "price": -5, "entry_price": 100"#,
        "no size",
    );
    check_size(r#""quantity": 2, "size": 7"#, "no size");
    check_size(r#""qty": 2, "position_size_usd": 7"#, "no size");
    check_size(r#""position_usd": 50, "size": 7"#, "no size");
    check_size(r#""position_usd": 50, "position_size_usd": 7"#, "no size");
    check_size(r#""quantity": "x", "price": 100, "size": 7"#, "no size");
    check_size(r#""quantity": 2, "price": "x", "size": 7"#, "no size");
    check_size(r#""quantity": 2, "price": 0, "size": 7"#, "no size");
    check_size(r#""size": "x", "position_size_usd": 7"#, "no size");
    check_size(r#""leverage": 8"#, "no size");
}

#[test]
fn a_size_is_finite_and_greater_than_0() {
    for amount in [
        "0", "-0.0", "-7", "\"nan\"", "\"inf\"", "\"-inf\"", "1e999", "\"\"", "true", "[7]",
    ] {
        check_size(&format!(r#""size": {amount}"#), "no size");
        check_size(&format!(r#""position_size_usd": {amount}"#), "no size");
        check_size(
            &format!(r#""position_usd": {amount}, "leverage": 8"#),
            "no size",
        );
        check_size(&format!(r#""quantity": {amount}, "price": 100"#), "no size");
        check_size(&format!(r#""quantity": 2, "price": {amount}"#), "no size");
    }
    check_size(r#""quantity": 1e-200, "price": 1e-200"#, "no size");
    check_size(r#""quantity": 1e200, "price": 1e200"#, "no size");
}
