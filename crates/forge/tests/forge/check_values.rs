//! The check values of the documentation.

use portcullis_forge::{CandleRule, Candles, Clamp, Features};
use serde_json::json;

use crate::support::{
    World, features, field, leverages, minute, number, policy, symbol, templates, trend,
};

const PATH: &str = "leverage_by_symbol.BTCUSDT";

#[test]
fn a_leverage_rises_from_8_to_12_on_a_venue_with_whole_leverages() {
    let mut world = World::with_policy(templates(&[]), &policy("trend", &json!({"BTCUSDT": 8})));
    let mut shown = Vec::new();
    let mut unrounded = Vec::new();
    for run in 0..5 {
        let forged = world.publish(&features(5 * run, &json!({"BTCUSDT": trend()})));
        shown.push(leverages(forged.draft())["BTCUSDT"]);
        unrounded.push(format!(
            "{:.4}",
            world.state.leverage(&symbol("BTCUSDT")).unwrap()
        ));
    }
    assert_eq!(shown, [8.0, 9.0, 10.0, 11.0, 12.0]);
    assert_eq!(
        unrounded,
        ["8.8000", "9.6800", "10.6480", "11.7128", "12.0000"]
    );
}

#[test]
fn the_state_advances_while_the_draft_is_not_published() {
    let mut world = World::with_policy(templates(&[]), &policy("trend", &json!({"BTCUSDT": 8})));
    let run = |world: &mut World, minute| {
        let forged = world
            .forge(&features(minute, &json!({"BTCUSDT": trend()})))
            .unwrap();
        world.state = forged.state().clone();
        leverages(forged.draft())["BTCUSDT"]
    };
    assert_eq!(run(&mut world, 0), 8.0);
    assert_eq!(run(&mut world, 5), 9.0);
    // The draft with 9 was not published, so the next step starts from 8 again.
    assert_eq!(run(&mut world, 10), 8.0);
    assert_eq!(run(&mut world, 15), 9.0);
}

#[test]
fn a_leverage_rises_in_fractions_on_other_venues() {
    let fractional = templates(&[("integer_leverage = true", "integer_leverage = false")]);
    let mut world = World::with_policy(fractional, &policy("trend", &json!({"BTCUSDT": 8})));
    let forged = world.publish(&features(0, &json!({"BTCUSDT": trend()})));
    assert_eq!(number(forged.derivation(), PATH), 8.8);
    assert_eq!(field(forged.derivation(), PATH).clamps, [Clamp::MaxStep]);
    assert_eq!(
        forged.draft().fields()["leverage_by_symbol"],
        r#"{"BTCUSDT":8.8}"#
    );
}

#[test]
fn a_leverage_of_2_does_not_reach_4_within_a_day() {
    let wide = templates(&[("min = 2, cap = 12", "min = 2, cap = 100")]);
    let mut world = World::with_policy(wide, &policy("trend", &json!({"BTCUSDT": 2})));
    let calm = json!({"BTCUSDT": crate::support::with(&trend(), "sigma", json!(0.004))});
    for run in 0..288 {
        world.publish(&features(5 * run, &calm));
    }
    assert_eq!(leverages(world.active.as_ref().unwrap())["BTCUSDT"], 3.0);
}

/// The candles of the documentation, in the order high, low, close, volume.
const CANDLES: [[f64; 5]; 4] = [
    [100.5, 110.5, 99.5, 109.5, 120.5],
    [99.5, 109.5, 98.5, 108.5, 119.5],
    [100.0, 110.0, 99.0, 108.9, 119.79],
    [7.0, 1.0, 2.0, 1.0, 2.0],
];

fn of_candles(rows: &[&[f64]; 4], end: i64) -> serde_json::Value {
    let rule = CandleRule {
        returns: 4,
        trend_certain: 0.8,
    };
    let [highs, lows, closes, volumes] = *rows;
    let candles = Candles {
        symbol: symbol("BTCUSDT"),
        end: minute(end),
        highs,
        lows,
        closes,
        volumes,
    };
    let features = Features::from_candles(minute(0), &rule, &[candles]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&features.to_json()).unwrap();
    json["symbols"]["BTCUSDT"].clone()
}

#[test]
fn features_of_candles() {
    let rows = CANDLES.each_ref().map(|row| row.as_slice());
    let found = of_candles(&rows, 0);
    let near = |name: &str, expected: f64| {
        let value = found[name].as_f64().unwrap();
        assert!(
            (value - expected).abs() < 1e-9,
            "{name}: {value}, expected {expected}"
        );
    };
    near("sigma", 0.03_f64.sqrt());
    near("ts", 0.2 / 0.03_f64.sqrt());
    near("p_chop", 0.0);
    near("volume", 656.48);
    assert_eq!(found["flat"], 0);
}

#[test]
fn the_spread_of_closes_between_a_constant_bid_and_ask() {
    let rows: [&[f64]; 4] = [
        &[100.1; 5],
        &[99.9; 5],
        &[100.1, 99.9, 100.1, 99.9, 100.1],
        &[1.0; 5],
    ];
    let found = of_candles(&rows, 0);
    assert!(
        (found["spread"].as_f64().unwrap() - 0.002).abs() < 1e-12,
        "{found}"
    );
}

#[test]
fn candles_that_cannot_be_used_have_no_features() {
    let missing = of_candles(&CANDLES.each_ref().map(|row| row.as_slice()), -1);
    assert!(
        missing
            .as_object()
            .unwrap()
            .values()
            .all(serde_json::Value::is_null),
        "{missing}"
    );
    let with = |row: usize, value: f64| {
        let mut rows = CANDLES;
        rows[row][2] = value;
        of_candles(&rows.each_ref().map(|row| row.as_slice()), 0)
    };
    for (row, value) in [
        (0, f64::NAN),
        (0, f64::INFINITY),
        (0, 98.9),
        (1, 0.0),
        (1, -1.0),
        (1, 99.1),
        (2, f64::NAN),
        (2, 0.0),
        (2, 100.0),
        (3, -1.0),
        (3, f64::NAN),
        (3, f64::INFINITY),
    ] {
        assert_eq!(with(row, value), missing, "row {row}, value {value}");
    }
    let few = CANDLES.each_ref().map(|row| &row[1..]);
    assert_eq!(of_candles(&few, 0), missing);
}

#[test]
fn a_constant_price_is_flat() {
    let rows: [&[f64]; 4] = [&[2.0; 5], &[1.0; 5], &[1.5, 1.2, 1.2, 1.2, 1.2], &[1.0; 5]];
    assert_eq!(of_candles(&rows, 0)["flat"], 3);
    let rows: [&[f64]; 4] = [&[1.0; 5], &[1.0; 5], &[1.0; 5], &[1.0; 5]];
    let frozen = of_candles(&rows, 0);
    assert_eq!(
        (frozen["flat"].as_u64(), frozen["sigma"].as_f64()),
        (Some(4), Some(0.0))
    );
}
