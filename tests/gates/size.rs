//! Tests of gate 9: the size fields of an intent, and their order.

use super::check;

#[track_caller]
fn check_size(fields: &str, expected: &str) {
    let record = format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", {fields}}}"#);
    let expected = match expected {
        "no size" => "SKIP POLICY_MISSING_SIZE".to_owned(),
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
fn the_first_size_field_wins() {
    let quantity = "200 notional of intent:quantity*price";
    check_size(
        r#""size": 7, "position_size_usd": 8, "position_usd": 9, "leverage": 8, "quantity": 2, "price": 100"#,
        quantity,
    );
    check_size(
        r#""quantity": 2, "qty": 3, "price": 100, "entry_price": 50"#,
        quantity,
    );
    check_size(
        r#""quantity": null, "qty": 3, "price": 100"#,
        "300 notional of intent:qty*price",
    );
    check_size(
        r#""quantity": 2, "price": null, "entry_price": 50"#,
        "100 notional of intent:quantity*entry_price",
    );
    check_size(
        r#""position_usd": 50, "leverage": 8, "size": 7"#,
        "50 margin of intent:position_usd",
    );
    check_size(
        r#""size": 7, "position_size_usd": 8"#,
        "7 notional of intent:size",
    );
    check_size(r#""price": 100, "size": 7"#, "7 notional of intent:size");
    check_size(
        r#""quantity": null, "position_usd": null, "size": null, "position_size_usd": 8"#,
        "8 notional of intent:position_size_usd",
    );
}

#[test]
fn an_incomplete_size_does_not_fall_through() {
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
