//! The basic types: their bounds and their texts.

use std::hash::{BuildHasher, RandomState};

use portcullis::{
    harvest::HarvestAction,
    intent::{Request, SizeField},
    policy::{PolicyState, PolicyUnavailable},
    types::{PolicyHash, PositionSide, SignedDuration, Symbol, Timestamp},
};

use super::super::{sample, with_intent};

const HASH: &str = "a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4";

#[test]
fn a_hash_has_64_digits() {
    let hash = PolicyHash::parse(HASH).unwrap();
    assert_eq!(hash.to_string(), HASH);
    assert_eq!(format!("{hash:?}"), format!("PolicyHash({HASH})"));
    assert_eq!(hash.as_bytes(), &[0xa1, 0xb2, 0xc3, 0xd4].repeat(8)[..]);
    assert_eq!(hash.short(), "a1b2c3d4");
    for other in [
        HASH.get(..62).unwrap(),
        HASH.get(..63).unwrap(),
        &format!("{HASH}0"),
        &format!("{HASH}00"),
        &HASH.to_uppercase(),
        "",
    ] {
        assert!(PolicyHash::parse(other).is_err(), "{other}");
    }
}

#[test]
fn a_timestamp_is_within_the_years_0_to_9999() {
    let of = |micros| Timestamp::from_micros(micros).ok();
    let (first, last) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
    assert_eq!(of(first), Some(Timestamp::MIN));
    assert_eq!(of(last), Some(Timestamp::MAX));
    assert_eq!((of(first - 1), of(last + 1)), (None, None));
    assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00Z");
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
    for text in ["1e", "1e+", "1e-", "1ex", "1e1x"] {
        assert!(Timestamp::parse_epoch_seconds(text).is_err(), "{text}");
    }
}

#[test]
fn a_duration_is_shown_in_seconds() {
    let told = |micros| SignedDuration::from_micros(micros).to_string();
    assert_eq!(told(0), "0 s");
    assert_eq!(told(90_000_000), "90 s");
    assert_eq!(told(1_500_000), "1.5 s");
    assert_eq!(told(-1_500_000), "-1.5 s");
    assert_eq!(told(-1), "-0.000001 s");
}

#[test]
fn symbols_are_compared_by_their_whole_text() {
    let hasher = RandomState::new();
    let symbol = |text: &str| Symbol::new(text).unwrap();
    let long = |end: &str| format!("{}{end}", "A".repeat(20));
    let (a, b) = (long("1"), long("2"));
    for (one, other) in [("BTCUSDT", "ETHUSDT"), (&a, &b)] {
        let (one, other) = (symbol(one), symbol(other));
        assert_ne!(one, other);
        assert_ne!(hasher.hash_one(one), hasher.hash_one(other));
        assert_eq!(hasher.hash_one(one), hasher.hash_one(symbol(one.as_str())));
    }
    assert_eq!(format!("{:?}", symbol("btcusdt")), "Symbol(BTCUSDT)");
}

#[test]
fn names_and_codes() {
    assert_eq!(PositionSide::Long.to_string(), "LONG");
    assert_eq!(PositionSide::Short.to_string(), "SHORT");
    assert_eq!(
        HarvestAction::ALL.map(HarvestAction::share),
        [0.0, 0.25, 0.5, 0.75, 1.0]
    );
    assert_eq!(<&str>::from(SizeField::QtyPrice), "qty*price");
    assert_eq!(PolicyUnavailable::NotFound.code(), "POLICY_MISSING");
    assert_eq!(
        PolicyUnavailable::StoreUnavailable.code(),
        "POLICY_STORE_UNAVAILABLE"
    );
}

#[test]
fn policies_are_equal_if_their_fields_are() {
    let other = sample_other();
    assert_eq!(sample(), sample());
    assert_ne!(sample(), other);
    assert!(!PolicyState::present(&other).is_assumed());
    let told = format!("{other:?}");
    assert!(told.contains("Symbol(BTCUSDT)"), "{told}");
}

fn sample_other() -> portcullis::policy::Policy {
    use super::super::support::sample_policy_json;
    portcullis::policy::Policy::from_json(&sample_policy_json("1766550735")).unwrap()
}

/// Checks all numbers of an entry and their sources.
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
        assert_eq!(intent.recorded_policy(), None);
    });
}

#[test]
fn a_recorded_intent_has_its_policy_hash() {
    let recorded = |fields: &str| {
        let record = format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": 250{fields}}}"#);
        with_intent(&record, |intent| {
            intent
                .recorded_policy()
                .map(|hash| hash.map(|hash| hash.to_string()))
        })
    };
    let (at, hash) = (
        r#", "decided_at": 1766550690000"#,
        format!(r#", "policy_hash": "{HASH}""#),
    );
    assert_eq!(
        recorded(&format!("{at}{hash}")),
        Some(Some(HASH.to_owned()))
    );
    assert_eq!(recorded(&format!("{at}{hash}{hash}")), Some(None));
    assert_eq!(recorded(at), None);
    assert_eq!(recorded(&hash), None);
}

#[test]
fn a_duplicate_symbol_is_unreadable() {
    let record = r#"{"symbol": "BTCUSDT", "symbol": "BTCUSDT", "side": "BUY", "size": 250}"#;
    with_intent(record, |intent| assert_eq!(intent.symbol(), None));
}

#[test]
fn a_fault_has_its_line_number() {
    use portcullis::record::{Scratch, TapeRecord, read};
    for (record, expected) in [
        ("{", "line 7, column 1: EOF while parsing an object"),
        (
            r#"{"payload": 7}"#,
            "`payload` is not a JSON object: line 7, column 13: invalid type: integer `7`, expected a JSON object",
        ),
        (
            r#"{"event_type": "rumour"}"#,
            "line 7, column 2: unsupported event type `rumour`; an intent has `trade.intent` or no `event_type`",
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
