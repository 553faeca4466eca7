//! Tests of the basic types: their bounds and their texts.

use std::hash::{BuildHasher, RandomState};

use portcullis::{
    decide::SkipCode,
    harvest::HarvestAction,
    policy::PolicyUnavailable,
    types::{PolicyHash, PositionSide, SignedDuration, Symbol, Timestamp},
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

const HASH: &str = "a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4";

#[test]
fn a_hash_has_64_digits() {
    let hash = HASH.parse::<PolicyHash>().unwrap();
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
        assert!(other.parse::<PolicyHash>().is_err(), "{other}");
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
    let shown = |micros| SignedDuration::from_micros(micros).to_string();
    assert_eq!(shown(0), "0 s");
    assert_eq!(shown(90_000_000), "90 s");
    assert_eq!(shown(1_500_000), "1.5 s");
    assert_eq!(shown(-1_500_000), "-1.5 s");
    assert_eq!(shown(-1), "-0.000001 s");
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
        HarvestAction::ALL
            .iter()
            .map(|it| it.as_str())
            .collect::<Vec<_>>(),
        [
            "NONE",
            "PARTIAL_25",
            "PARTIAL_50",
            "PARTIAL_75",
            "FULL_CLOSE_PROPOSED"
        ]
    );
    assert_eq!(
        SkipCode::from(&PolicyUnavailable::NotFound),
        SkipCode::PolicyMissing
    );
    assert_eq!(
        SkipCode::from(&PolicyUnavailable::StoreUnavailable),
        SkipCode::PolicyStoreUnavailable
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/types.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_hash_parses_back_from_its_text(bytes: [u8; 32]) {
        let hash = PolicyHash::from_bytes(bytes);
        prop_assert_eq!(hash.to_string().parse(), Ok(hash));
    }

    #[test]
    fn a_timestamp_parses_back_from_its_text(
        micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
    ) {
        let at = Timestamp::from_micros(micros).unwrap();
        prop_assert_eq!(at.to_string().parse(), Ok(at));
    }

    #[test]
    fn a_symbol_parses_back_from_its_text(text in r"\PC{1,32}") {
        if let Ok(symbol) = Symbol::new(&text) {
            prop_assert_eq!(symbol.as_str().parse(), Ok(symbol));
            let shown = symbol.to_string();
            prop_assert!(shown.contains('\\') || shown.parse() == Ok(symbol), "{}", shown);
        }
    }
}
