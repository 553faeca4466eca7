//! Tests of the parsing of position records.

use portcullis::{
    harvest::{Harvested, Market, ReportedSide, Snapshot, SnapshotError, Stage},
    types::{PositionSide, Timestamp},
};
use proptest::prelude::*;

use crate::samples::now;

#[track_caller]
fn read(text: &str) -> Snapshot {
    Snapshot::from_json(text, Some(now())).unwrap()
}

/// Parses a record that contains only a symbol and the given field.
#[track_caller]
fn read_with(field: &str) -> Snapshot {
    read(&format!(r#"{{"symbol": "BTCUSDT", {field}}}"#))
}

#[test]
fn a_complete_record() {
    let snapshot = read(
        r#"{"event_type": "position.snapshot", "ts": 1764903480000, "symbol": "btcusdt", "side": "Short",
            "quantity": 2, "entry_price": "92499.97", "current_price": 92604.84, "peak_price": 1, "trough_price": 1,
            "age_sec": 600.0, "current_sl": 91759.97024, "stop_dist_pct": 8e-3, "harvested": "partial_50",
            "market": {"sigma": 0.0064599, "ts": -0.1, "p_trend": "0.166495", "p_mr": 1, "p_chop": 0,
                       "as_of": 1764903480000}}"#,
    );
    let position = snapshot.position;
    assert_eq!(position.symbol.as_str(), "BTCUSDT");
    assert_eq!(position.side, Some(ReportedSide::Open(PositionSide::Short)));
    assert_eq!(position.quantity, Some(2.0));
    assert_eq!(position.entry_price, Some(92499.97));
    assert_eq!(position.current_price, Some(92604.84));
    assert_eq!(position.age_sec, Some(600.0));
    assert_eq!(position.current_sl, Some(91759.97024));
    assert_eq!(position.stop_dist_pct, Some(0.008));
    assert_eq!(position.harvested, Harvested::Stage(Stage::Partial50));
    assert_eq!(position.as_of, Some(now()));
    assert_eq!(
        snapshot.market,
        Some(Market {
            sigma: Some(0.006_459_9),
            ts: Some(-0.1),
            p_trend: Some(0.166_495),
            p_mr: Some(1.0),
            p_chop: Some(0.0),
            as_of: Timestamp::from_millis(1_764_903_480_000).ok(),
        })
    );
}

#[test]
fn absent_fields() {
    let snapshot = read(r#"{"symbol": "BTCUSDT", "entry_price": null, "market": null}"#);
    assert_eq!(snapshot.market, None);
    assert_eq!(snapshot.position.side, None);
    assert_eq!(snapshot.position.entry_price, None);
    assert_eq!(snapshot.position.current_sl, None);
    let none = Harvested::Stage(Stage::None);
    assert_eq!(snapshot.position.harvested, none);
}

#[test]
fn unreadable_fields() {
    let is_nan = |x: Option<f64>| x.is_some_and(f64::is_nan);
    for value in [r#""x""#, r#""""#, "true", "[]", "{}", r#""nan""#] {
        let snapshot = read_with(&format!(r#""entry_price": {value}"#));
        assert!(is_nan(snapshot.position.entry_price), "{value}");
    }
    let twice = read_with(r#""entry_price": 1, "entry_price": 1"#);
    assert!(is_nan(twice.position.entry_price));
    for side in [r#""BUY""#, "1", r#""LONG", "side": "LONG""#] {
        let snapshot = read_with(&format!(r#""side": {side}"#));
        assert_eq!(snapshot.position.side, Some(ReportedSide::Unreadable));
    }
    for stage in [
        r#""PARTIAL_100""#,
        "0",
        r#""""#,
        r#""NONE", "harvested": "NONE""#,
    ] {
        let snapshot = read_with(&format!(r#""harvested": {stage}"#));
        assert_eq!(snapshot.position.harvested, Harvested::Unreadable);
    }
    for market in ["[]", "1", r#""{}""#, r#"{}, "market": {}"#] {
        let market = read_with(&format!(r#""market": {market}"#)).market.unwrap();
        assert!(is_nan(market.sigma), "{market:?}");
        assert!(is_nan(market.p_chop));
    }
    let market = read_with(r#""market": {"sigma": 1, "ts": 0.1, "ts": 0.1}"#);
    assert!(is_nan(market.market.unwrap().ts));
    for as_of in ["1.5", r#""soon""#, "1e30", r#"1000, "as_of": 1000"#] {
        let market = read_with(&format!(r#""market": {{"as_of": {as_of}}}"#));
        assert_eq!(market.market.unwrap().as_of, None, "{as_of}");
    }
}

#[test]
fn quantity_has_an_alias() {
    assert_eq!(read_with(r#""qty": "0""#).position.quantity, Some(0.0));
    let both = read_with(r#""qty": 0, "quantity": 3"#);
    assert_eq!(both.position.quantity, Some(3.0));
}

#[test]
fn texts_that_are_not_position_records() {
    let fault = |text: &str| Snapshot::from_json(text, None).unwrap_err();
    assert!(matches!(fault("[]"), SnapshotError::Syntax(_)));
    assert!(matches!(
        fault(r#"{"symbol": "B""#),
        SnapshotError::Syntax(_)
    ));
    assert_eq!(fault("{}"), SnapshotError::SymbolAbsent);
    assert_eq!(fault("{}").to_string(), "`symbol` is missing");
    for symbol in [r#""""#, "1", r#""A B""#, r#""A", "symbol": "A""#] {
        let text = format!(r#"{{"symbol": {symbol}}}"#);
        assert_eq!(fault(&text), SnapshotError::SymbolUnreadable, "{symbol}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in r#"\{("symbol": "B"|"market": \{"sigma": .{0,8}\}|"side": .{0,8}|[{}",: a-z0-9]{0,6}|, ){0,8}\}?"#) {
        let _ = Snapshot::from_json(&text, None);
    }
}

/// The parser compares the length of a key first, so unknown keys of every length are tested.
#[test]
fn an_unknown_key_has_no_effect() {
    const MARKET: &str = r#""sigma": 0.01, "ts": 0.3"#;
    let market = |more: &str| read_with(&format!(r#""market": {{{MARKET}{more}}}"#)).market;
    let whole = r#""side": "LONG", "quantity": 2, "entry_price": 100, "current_price": 101, "age_sec": 6,
        "current_sl": 99, "stop_dist_pct": 0.02, "harvested": "PARTIAL_25", "market": {"sigma": 0.01}"#;
    for length in 2..=13 {
        let key = format!(r#", "{}": 7"#, "~".repeat(length));
        assert_eq!(market(&key), market(""), "{key}");
        assert_eq!(read_with(&format!("{whole}{key}")), read_with(whole));
        let bare = read_with(r#""harvested": null"#);
        assert_eq!(read_with(&format!(r#""harvested": null{key}"#)), bare);
    }
}
