//! Tests of the contents of an intent: its numbers, its times and its faults.

use portcullis::{
    intent::{IntentBuilder, RecordedPolicy, Request},
    record::{Scratch, TapeRecord, read},
    types::{Side, Timestamp},
};

use super::with_intent;

fn record(fields: &str) -> String {
    format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250, {fields}}}"#)
}

/// Checks the event time, at which a replay decides, and the time from which the age is counted, in microseconds.
#[track_caller]
fn check_times(fields: &str, event: i64, emitted: i64) {
    with_intent(&record(fields), |intent| {
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
        assert_eq!(micros(intent.event_time()), Some(event), "{fields}");
        assert_eq!(micros(intent.emitted_at()), Some(emitted), "{fields}");
    });
}

const A: i64 = 1_766_550_100_000_000;
const B: i64 = 1_766_550_200_000_000;
const C: i64 = 1_766_550_300_000_000;
const D: i64 = 1_766_550_400_000_000;

#[test]
fn the_first_time_field_wins() {
    let decided_at = r#""decided_at": 1766550100000"#;
    let id = r#""id": "1766550200000-3""#;
    let ts = r#""ts": 1766550300000"#;
    let timestamp = r#""timestamp": 1766550400"#;
    check_times(&format!("{timestamp}, {ts}, {id}, {decided_at}"), A, B);
    check_times(&format!("{timestamp}, {ts}, {decided_at}"), A, C);
    check_times(&format!("{timestamp}, {decided_at}"), A, D);
    check_times(&format!("{timestamp}, {ts}, {id}"), B, B);
    check_times(&format!("{timestamp}, {ts}"), C, C);
    check_times(timestamp, D, D);
    check_times(
        &format!(r#"{timestamp}, "ts": null, "decided_at": null, "id": null"#),
        D,
        D,
    );
    // These are not stream entry ids.
    check_times(&format!(r#"{ts}, "intent_id": "1766550200000-3""#), C, C);
    for other in [
        "1766550200000",
        "1766550200000-",
        "-3",
        "1766550200000-x",
        "order-3",
        "1-2-3",
    ] {
        check_times(&format!(r#"{ts}, "id": "{other}""#), C, C);
    }
}

#[test]
fn the_field_determines_the_time_unit() {
    check_times(
        r#""ts": 946684800000"#,
        946_684_800_000_000,
        946_684_800_000_000,
    );
    check_times(r#""ts": "1766550300000""#, C, C);
    check_times(r#""ts": 1766550300000.0"#, C, C);
    check_times(r#""ts": "1.7665501e12""#, A, A);
    for timestamp in [
        "1766550734.062733",
        "\"1766550734.062733\"",
        "1766550734.0627339",
        "\"2025-12-24T04:32:14.062733Z\"",
        "\"2025-12-24T04:32:14.0627339+00:00\"",
        "\"2025-12-24T04:32:14.0627339123456789Z\"",
        "\"2025-12-24T05:32:14.062733+01:00\"",
        "\"2025-12-24T04:32:14.062733\"",
        "\"2025-12-24 04:32:14.062733\"",
    ] {
        let micros = 1_766_550_734_062_733;
        check_times(&format!(r#""timestamp": {timestamp}"#), micros, micros);
    }
}

#[test]
fn a_missing_utc_offset_is_reported() {
    let assumed = |fields: &str| with_intent(&record(fields), |intent| intent.offset_assumed());
    assert!(assumed(r#""timestamp": "2025-12-24T04:32:14""#));
    assert!(!assumed(r#""timestamp": "2025-12-24T04:32:14Z""#));
    assert!(!assumed(r#""timestamp": "1766550734""#));
    assert!(!assumed(
        r#""ts": 1766550300000, "timestamp": "2025-12-24T04:32:14""#
    ));
}

const HASH: &str = "a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4";

/// The entry has all numbers of its record, each with its source.
#[test]
fn an_entry_has_the_numbers_of_its_intent() {
    let record = r#"{"symbol": "BTCUSDT", "side": "BUY", "qty": 2, "price": 125, "entry_price": 120,
        "stop_loss": 110, "take_profit": 150, "leverage": 5, "ts": 1766550690000, "decided_at": 1766550690001}"#;
    with_intent(record, |intent| {
        let Ok(Request::Entry(entry)) = intent.request() else {
            panic!("{intent:?}");
        };
        let size = entry.size().unwrap().unwrap();
        assert_eq!(
            (size.value().usd(), size.value().basis()),
            (250.0, "notional")
        );
        assert_eq!(size.source().to_string(), "intent:qty*price");
        let quantity = entry.quantity().unwrap();
        assert_eq!(quantity.value().get(), 2.0);
        assert_eq!(quantity.source().to_string(), "intent:qty");
        let price = entry.price().unwrap();
        assert_eq!(price.value().get(), 125.0);
        assert_eq!(price.source().to_string(), "intent:price");
        let carried = [entry.entry_price(), entry.stop_loss(), entry.take_profit()];
        let carried = carried.map(|price| price.unwrap().get());
        assert_eq!(carried, [120.0, 110.0, 150.0]);
        assert_eq!(intent.recorded_policy(), RecordedPolicy::NotRecorded);
    });
}

#[test]
fn a_target_of_0_is_none_in_the_builder() {
    let intent = IntentBuilder::new("BTCUSDT")
        .with_side(Side::Buy)
        .with_notional_usd(5.0)
        .with_take_profit(0.0)
        .build();
    let Ok(Request::Entry(entry)) = intent.request() else {
        panic!("{intent:?}");
    };
    assert_eq!(entry.take_profit(), None);
}

#[test]
fn a_recorded_intent_has_its_policy_hash() {
    let recorded = |fields: &str| {
        let record = format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250{fields}}}"#);
        with_intent(&record, |intent| intent.recorded_policy())
    };
    let (at, hash) = (
        r#", "decided_at": 1766550690000"#,
        format!(r#", "policy_hash": "{HASH}""#),
    );
    assert_eq!(
        recorded(&format!("{at}{hash}")),
        RecordedPolicy::Hash(HASH.parse().unwrap())
    );
    let twice = format!("{at}{hash}{hash}");
    assert_eq!(recorded(&twice), RecordedPolicy::Missing);
    assert_eq!(recorded(at), RecordedPolicy::NotRecorded);
    assert_eq!(recorded(&hash), RecordedPolicy::NotRecorded);
}

#[test]
fn a_duplicate_symbol_is_unreadable() {
    let record = r#"{"symbol": "BTCUSDT", "symbol": "BTCUSDT", "side": "BUY", "size": 250}"#;
    with_intent(record, |intent| assert_eq!(intent.symbol(), None));
}

#[test]
fn a_fault_has_its_line_number() {
    for (record, expected) in [
        (
            "{",
            "the record is not a JSON object: line 7, column 1: EOF while parsing an object",
        ),
        (
            r#"{"payload": 7}"#,
            "`payload` is not a JSON object: line 7, column 13: expected a JSON object, found integer `7`",
        ),
        (
            r#"{"event_type": "rumour"}"#,
            "line 7, column 2: unsupported `event_type` `rumour`; for an intent, set it to `trade.intent` or leave it out",
        ),
        (r#"{"side": "BUY"}"#, "`symbol` is missing"),
    ] {
        let mut scratch = Scratch::default();
        let TapeRecord::Intent(mut intent) = read(record, &mut scratch) else {
            panic!("{record}");
        };
        intent.set_line(7);
        assert_eq!(intent.request().unwrap_err().to_string(), expected);
    }
}
