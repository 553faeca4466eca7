//! Tests of the amounts.

use proptest::prelude::*;

use super::*;

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

#[test]
fn text_is_parsed_exactly() {
    for (text, same) in [
        ("92404.24", "92404.2400"),
        ("0.00000105", "1.05e-06"),
        ("0.00000105", "1.05E-6"),
        ("0.00000105", "105000e-11"),
        ("120000", "1.2e+5"),
        ("100000000000", "1000000000000000000000000000000e-19"),
        ("1.00000001", "00001.000000010"),
        ("3", "3.000000000000000000000000000000000000"),
    ] {
        assert_eq!(Price::parse(text), Price::parse(same), "{same}");
    }
    assert_eq!(price("0.00000000000000000000000001").to_f64(), 1e-26);
    assert_eq!(price("90269.99999999999").to_f64(), 90_269.999_999_999_99);
    assert!(price("1.00000000000000000000001") > price("1"));
}

#[test]
fn the_nearest_float_is_returned() {
    for text in [
        "0.1",
        "0.3",
        "105.07",
        "1.05e-6",
        "999999999999999",
        "0.000000000000000123",
        "95200.123456789012345678",
        "1234567890123456.7",
        "0.0000000000000000000001234567",
        "7.77e-20",
        "1e-28",
        "79228162514264337593543950335",
    ] {
        assert_eq!(price(text).to_f64(), text.parse::<f64>().unwrap(), "{text}");
    }
}

#[test]
fn the_fault_of_text_is_named() {
    for (text, fault) in [
        ("0", UnitError::NotPositive),
        ("-1", UnitError::NotPositive),
        ("0e999", UnitError::NotPositive),
        ("1e-29", UnitError::TooFine),
        ("1e-99999999999", UnitError::TooFine),
        ("0.00000000000000000000000000001", UnitError::TooFine),
        ("12345678901234567890.12345678901", UnitError::TooManyDigits),
        ("1e29", UnitError::TooLarge),
        ("1e99999999999", UnitError::TooLarge),
        (
            "1000000000000000000000000000000000000000000",
            UnitError::TooLarge,
        ),
    ] {
        assert_eq!(Price::parse(text), Err(fault), "{text}");
    }
    for text in [
        "", ".5", "-", "1e", "e5", "1e5e5", "1e5.5", "1e+-5", "nan", "inf", "1,5", " 1", "1_0",
        "+1", "0x1",
    ] {
        assert_eq!(Price::parse(text), Err(UnitError::NotANumber), "{text}");
    }
    assert_eq!(Money::parse("-1"), Err(UnitError::NotPositive));
    assert_eq!(Money::parse("1e21"), Err(UnitError::TooLarge));
    assert_eq!(Rate::parse("1.1"), Err(UnitError::TooLarge));
}

#[test]
fn products_of_all_digits_are_exact() {
    let units = Quantity::stated(123_456_789.012_345, None).unwrap();
    let worth = price("1.234567890123456789").times(units).unwrap();
    let digits = "152415787532387529353764595060205";
    assert_eq!(
        worth.0.to_string(),
        format!("{digits}{}", "0".repeat(56 - 18 - 6))
    );
}

#[test]
fn quantities_have_fifteen_digits() {
    let bought = |usd, at| Quantity::bought(Money::parse(usd).unwrap(), price(at), None);
    let units = |usd, at| bought(usd, at).unwrap().to_f64();
    assert_eq!(units("1000", "0.00000105"), 952_380_952.380_952);
    assert_eq!(units("10", "3"), 3.333_333_333_333_33);
    assert_eq!(units("20", "3"), 6.666_666_666_666_66);
    assert_eq!(units("10", "1e20"), 1e-19);
    assert_eq!(units("1e20", "1e-8"), 1e28);
    assert!(bought("1e-20", "1e20").unwrap().is_zero());
    assert_eq!(bought("1e20", "1e-10"), Err(AmountOverflow));
    let stated = |units| Quantity::stated(units, None).unwrap().to_f64();
    assert_eq!(stated(0.300_000_000_000_000_04), 0.3);
    assert_eq!(stated(1e-30), 0.0);
}

#[test]
fn quantities_are_whole_lots() {
    let lot = |size| Lot::of_size(size).unwrap();
    let stated = |units, size| Quantity::stated(units, Some(lot(size))).unwrap().to_f64();
    assert_eq!(stated(0.0079, 0.001), 0.007);
    assert_eq!(stated(0.008, 0.001), 0.008);
    assert_eq!(stated(1.0, 0.3), 0.9);
    assert_eq!(stated(1234.0, 10.0), 1230.0);
    assert_eq!(stated(0.0009, 0.001), 0.0);
    // A lot below the 15th digit has no effect.
    assert_eq!(stated(1_234_567_890.123_456_7, 1e-8), 1_234_567_890.123_45);
    let quantity = Quantity::stated(952_380_952.380_952, None).unwrap();
    assert_eq!(Lot::of_last_digit(quantity), Ok(lot(1e-6)));
    assert_eq!(
        Lot::of_last_digit(Quantity::stated(4.0, None).unwrap()),
        Ok(lot(1e-14))
    );
    assert_eq!(
        Lot::of_last_digit(Quantity::stated(2e16, None).unwrap()),
        Ok(lot(100.0))
    );
    let half = quantity.fraction(0.5, lot(1e-6)).unwrap();
    assert_eq!(half.to_f64(), 476_190_476.190_476);
    assert_eq!(quantity.fraction(0.3, lot(1e6)).unwrap().to_f64(), 285e6);
    assert!(half.is_below(476_190_476.190_477) && !half.is_below(476_190_476.190_476));
}

#[test]
fn shares_are_rounded_against_the_trader() {
    let unit = Money(i256::ONE);
    let money = |units| Money(i256::from_i128(units));
    assert_eq!(unit.share(Rate::parse("0.0004").unwrap()), Ok(unit));
    assert_eq!(unit.share(Rate::parse("-0.0004").unwrap()), Ok(Money::ZERO));
    assert_eq!(
        money(30_000).share(Rate::parse("0.0004").unwrap()),
        Ok(money(12))
    );
    assert_eq!(money(3).over(2.0), Ok(money(2)));
    assert_eq!(money(3).over(1.5), Ok(money(2)));
    let [one, three] = [1.0, 3.0].map(|units| Quantity::stated(units, None).unwrap());
    assert_eq!(money(10).part(one, three), Ok(money(3)));
    let ten = Money::parse("10").unwrap();
    assert_eq!(ten.over(1e-20), Err(AmountOverflow));
    assert_eq!(ten.over(0.0), Err(AmountOverflow));
    assert_eq!(
        ten.over(0.25),
        Money::parse("40").map_err(|_| AmountOverflow)
    );
}

#[test]
fn prices_are_moved_and_compared_as_decimals() {
    let entry = price("0.00000105");
    assert_eq!(entry.moved(-0.004), Some(price("0.0000010458")));
    assert_eq!(entry.moved(-1.0), None);
    assert_eq!(entry.distance_share(price("0.0000010458")), Some(0.004));
    assert_eq!(price("2").distance_share(price("3")), Some(0.5));
    assert_eq!(price("1e-20").distance_share(price("1e20")), None);
    assert_eq!(Price::stated(0.000_000_114), Some(price("0.000000114")));
    assert_eq!(
        Price::computed(100.299_999_999_999_98),
        Some(price("100.3"))
    );
    for value in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
        assert_eq!(Price::stated(value), None, "{value}");
        assert_eq!(Price::computed(value), None, "{value}");
        assert_eq!(Lot::of_size(value), None, "{value}");
    }
}

#[test]
fn limits_are_compared_exactly() {
    let amount = Money::parse("1000").unwrap();
    assert!(!amount.is_below(1000.0) && amount.is_below(1_000.000_001));
    assert!(!amount.is_above(1000.0) && amount.is_above(999.999_999));
    let quantity = Quantity::stated(10.0, None).unwrap();
    assert!(!quantity.is_below(10.0) && quantity.is_below(10.000_001));
    // A limit that is out of range is above every amount.
    assert!(amount.is_below(1e40) && !amount.is_above(1e40) && quantity.is_below(1e40));
    let rate = |text| Rate::parse(text).unwrap();
    assert_eq!(
        [rate("1"), rate("-1"), -rate("1")].map(Rate::to_f64),
        [1.0, -1.0, -1.0]
    );
    assert_eq!(rate("-1e-4"), rate("-0.0001"));
    assert_eq!(rate("-1.5E-2").to_f64(), -0.015);
    assert_eq!(Price::parse("-1e5"), Err(UnitError::NotPositive));
    assert_eq!(Rate::parse("1.0000001"), Err(UnitError::TooLarge));
    assert_eq!(Rate::parse("-1.0000001"), Err(UnitError::TooLarge));
    assert!(rate("-0.0001").is_negative() && !rate("0").is_negative());
    assert!(!rate("0.0001").is_negative());
}

#[test]
fn amounts_are_shown_to_the_nearest_cent() {
    assert_eq!(Money::parse("1.005").unwrap().to_string(), "1.01");
    assert_eq!(Money::parse("1.0049").unwrap().to_string(), "1.00");
    assert_eq!(Money::parse("0.005").unwrap().to_string(), "0.01");
    assert_eq!((-Money::parse("0.004").unwrap()).to_string(), "0.00");
    assert_eq!((-Money::parse("0.005").unwrap()).to_string(), "-0.01");
    assert_eq!(Money::ZERO.to_string(), "0.00");
    assert_eq!((-Money::parse("12.5").unwrap()).to_string(), "-12.50");
    assert_eq!((-Money::parse("12.5").unwrap()).to_f64(), -12.5);
    assert_eq!(percent(Rate::parse("0.0004").unwrap()), "0.04 %");
    assert_eq!(percent(Rate::parse("-0.0").unwrap()), "0 %");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_nearest_float_of_any_price_is_returned(
        mantissa in prop_oneof![1..1_000_000_000_000_000_i128, 1..1_000_000_000_000_000_000_000_000_000_i128],
        places in 0..=28_u32,
    ) {
        let decimal = Decimal::try_from_i128_with_scale(mantissa, places).unwrap();
        let nearest: f64 = format!("{mantissa}e-{places}").parse().unwrap();
        prop_assert_eq!(Price(decimal).to_f64(), nearest);
    }
}
