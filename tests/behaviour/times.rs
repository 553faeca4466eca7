//! The timestamps of a record, and the age of an intent.

use super::super::{at, check, engine, in_short, sample, with_intent};
use portcullis::{policy::PolicyState, types::Timestamp};

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
    check_times(decided_at, A, A);
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
    check_times(r#""ts": 1766550734"#, 1_766_550_734_000, 1_766_550_734_000);
    check_times(r#""ts": "1766550300000""#, C, C);
    check_times(r#""ts": 1766550300000.0"#, C, C);
    check_times(r#""decided_at": "1.7665501e12""#, A, A);
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
        r#""id": "99999999999999999999-0""#,
    ] {
        check(&record(fields), "SKIP INTENT_INVALID");
    }
}

#[test]
fn a_replay_decides_at_event_time() {
    let policy = sample();
    let engine = engine("{}");
    let recorded = |line: &str| {
        with_intent(line, |intent| {
            in_short(&engine.decide_recorded(PolicyState::present(&policy), intent))
        })
    };
    let bought = "BUY BTCUSDT 8x 250 notional of intent:size";
    assert_eq!(
        recorded(&record(r#""timestamp": 1766550734.062733"#)),
        bought
    );
    assert_eq!(
        recorded(&record(r#""timestamp": 1766550734.062734"#)),
        "SKIP POLICY_STALE"
    );
    assert_eq!(recorded(&record(r#""model": "m""#)), "SKIP INTENT_INVALID");
    let exit = r#"{"symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"}"#;
    assert_eq!(recorded(exit), "EXIT BTCUSDT - not asked");
}

#[test]
fn the_age_counts_from_the_time_of_sending() {
    let policy = sample();
    let engine = engine(r#"{"max_intent_age_sec": 60, "max_intent_skew_sec": 5}"#);
    let check_age = |fields: &str, expected: &str| {
        let answer = with_intent(&record(fields), |intent| {
            in_short(&engine.decide(PolicyState::present(&policy), intent, at("1766550400")))
        });
        assert_eq!(answer, expected, "{fields}");
    };
    let bought = "BUY BTCUSDT 8x 250 notional of intent:size";
    check_age(r#""ts": 1766550340000"#, bought);
    check_age(r#""ts": 1766550339999"#, "SKIP INTENT_STALE");
    check_age(r#""ts": 1766550405000"#, bought);
    check_age(r#""ts": 1766550405001"#, "SKIP CLOCK_UNTRUSTED");
    check_age(
        r#""decided_at": 1766550400000, "ts": 1766550300000"#,
        "SKIP INTENT_STALE",
    );
    check_age(r#""decided_at": 1766550400000"#, bought);
    check_age(r#""model": "m""#, "SKIP INTENT_STALE");
}

/// In a replay, a missing time makes an entry invalid, which precedes ambiguous and not actionable.
#[test]
fn a_missing_time_precedes_ambiguity() {
    let policy = sample();
    let engine = engine("{}");
    let check_recorded = |line: &str, expected: &str| {
        let told = with_intent(line, |intent| {
            engine
                .decide_recorded(PolicyState::present(&policy), intent)
                .to_string()
        });
        assert!(told.starts_with(expected), "{line}: {told}");
    };
    let ambiguous = r#""symbol": "BTCUSDT", "side": "BUY", "action": "SELL", "size": 250"#;
    let hold = r#""symbol": "BTCUSDT", "side": "HOLD""#;
    let time = r#""ts": 1766550690000"#;
    let no_time = "SKIP INTENT_INVALID: `timestamp` is missing";
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
        "SKIP INTENT_AMBIGUOUS",
    );
}
