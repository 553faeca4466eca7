//! Prices, times and amounts that are exactly at a boundary, compared with hand calculations.

use portcullis_sim::simulate::{
    Costs, Settings,
    units::{Money, Rate},
};
use serde_json::{Value, json};

use crate::{
    hand::{START, csv, entry, flat, no_costs, ran},
    worlds::{Ran, run_files},
};

/// Returns `event price quantity pnl` of each entry of the log, after two candles at 100.
fn events(tape: &[Value], then: &[[f64; 4]]) -> Vec<String> {
    let candles = [&[flat(100.0), flat(100.0)], then].concat();
    let ran = ran(tape, &[("BTCUSDT", csv(&candles))], &no_costs());
    texts(&ran)
}

fn texts(ran: &Ran) -> Vec<String> {
    let texts = ran.entries.iter().map(|entry| {
        let price = entry.price.map_or(f64::NAN, |price| price.to_f64());
        let quantity = entry
            .quantity
            .map_or(f64::NAN, |quantity| quantity.to_f64());
        format!("{} {price} {quantity} {}", entry.event, entry.pnl_usd)
    });
    texts.collect()
}

/// Checks the event that follows the opening of a position, or that none follows.
#[track_caller]
fn check(side: &str, more: &Value, candle: [f64; 4], expected: Option<&str>) {
    let events = events(&[entry(side, more.clone())], &[candle]);
    assert_eq!(events[0], "open 100 10 0.00");
    assert_eq!(
        events.get(1).map(String::as_str),
        expected,
        "{side} {candle:?}"
    );
}

#[test]
fn a_stop_that_is_touched_exactly_is_executed() {
    let long = json!({"stop_loss": 98});
    check(
        "BUY",
        &long,
        [99.0, 99.0, 98.0, 99.0],
        Some("stop 98 10 -20.00"),
    );
    check("BUY", &long, [99.0, 99.0, 98.01, 99.0], None);
    check("BUY", &long, flat(98.0), Some("stop 98 10 -20.00"));
    check(
        "BUY",
        &long,
        [97.0, 99.0, 97.0, 99.0],
        Some("stop 97 10 -30.00"),
    );
    let short = json!({"stop_loss": 102});
    check(
        "SELL",
        &short,
        [101.0, 102.0, 101.0, 101.0],
        Some("stop 102 10 -20.00"),
    );
    check("SELL", &short, [101.0, 101.99, 101.0, 101.0], None);
    check("SELL", &short, flat(102.0), Some("stop 102 10 -20.00"));
    check(
        "SELL",
        &short,
        [103.0, 103.0, 101.0, 101.0],
        Some("stop 103 10 -30.00"),
    );
}

#[test]
fn a_target_that_is_touched_exactly_is_executed() {
    let long = json!({"stop_loss": 90, "take_profit": 102});
    check(
        "BUY",
        &long,
        [101.0, 102.0, 101.0, 101.0],
        Some("target 102 10 20.00"),
    );
    check("BUY", &long, [101.0, 101.99, 101.0, 101.0], None);
    check("BUY", &long, flat(102.0), Some("target 102 10 20.00"));
    let short = json!({"stop_loss": 110, "take_profit": 98});
    check(
        "SELL",
        &short,
        [99.0, 99.0, 98.0, 99.0],
        Some("target 98 10 20.00"),
    );
    check("SELL", &short, [99.0, 99.0, 98.01, 99.0], None);
    check("SELL", &short, flat(98.0), Some("target 98 10 20.00"));
}

#[test]
fn a_stop_before_the_liquidation_price_is_executed_first() {
    // 10 units with a margin of 200 USD are lost at 80, or at 120.
    let long = json!({"stop_loss": 80.1});
    check(
        "BUY",
        &long,
        [99.0, 99.0, 70.0, 99.0],
        Some("stop 80.1 10 -199.00"),
    );
    let long = json!({"stop_loss": 80});
    check(
        "BUY",
        &long,
        [99.0, 99.0, 70.0, 99.0],
        Some("liquidation 80 10 -200.00"),
    );
    let short = json!({"stop_loss": 119.9});
    check(
        "SELL",
        &short,
        [101.0, 130.0, 101.0, 101.0],
        Some("stop 119.9 10 -199.00"),
    );
    let none = json!({"stop_loss": 70});
    check(
        "BUY",
        &none,
        [99.0, 99.0, 80.0, 99.0],
        Some("liquidation 80 10 -200.00"),
    );
    check("BUY", &none, [99.0, 99.0, 80.01, 99.0], None);
}

#[test]
fn a_stop_from_theta_is_below_a_long_and_above_a_short() {
    check(
        "BUY",
        &json!({}),
        [96.0, 96.0, 95.0, 96.0],
        Some("stop 95 10 -50.00"),
    );
    check("BUY", &json!({}), [96.0, 96.0, 95.01, 96.0], None);
    check(
        "SELL",
        &json!({}),
        [104.0, 105.0, 104.0, 104.0],
        Some("stop 105 10 -50.00"),
    );
}

#[test]
fn funding_is_charged_once_for_each_due_time_of_a_gap() {
    let settings = Settings {
        costs: Costs {
            funding_rate: Some(Rate::parse("0.0001").unwrap()),
            ..no_costs().costs
        },
        ..no_costs()
    };
    let row = |hour: i64, minute: i64| {
        let at = START + hour * 3600 + minute * 60;
        format!("{},100,100,100,100\n", at * 1000)
    };
    let times = [(0, 0), (0, 1), (0, 2), (17, 0), (17, 1)];
    let rows: String = times.map(|(hour, minute)| row(hour, minute)).concat();
    let csv = format!("open_time,open,high,low,close\n{rows}");
    // A long pays a positive rate, and a short receives it.
    for (side, paid, equity) in [("BUY", 0.1, 9999.8), ("SELL", -0.1, 10_000.2)] {
        let tape = [entry(side, json!({}))];
        let ran = ran(&tape, &[("BTCUSDT", csv.clone())], &settings);
        let funding = ran.entries.iter().filter(|entry| entry.event == "funding");
        let charged: Vec<_> = funding
            .map(|entry| (entry.ts.as_millis(), entry.funding_usd.to_f64()))
            .collect();
        assert_eq!(charged, [((START + 17 * 3600) * 1000, paid); 2], "{side}");
        assert_eq!(ran.outcome.equity.to_f64(), equity, "{side}");
    }
}

#[test]
fn a_liquidation_inside_a_candle_is_where_the_maintenance_margin_is_left() {
    let price = |side: &str, candle: [f64; 4], rate: Option<&str>| {
        let settings = Settings {
            costs: Costs {
                maintenance_margin: rate.map(|rate| Rate::parse(rate).unwrap()),
                ..no_costs().costs
            },
            ..no_costs()
        };
        let stop = if side == "BUY" { 10 } else { 900 };
        let tape = [entry(side, json!({"stop_loss": stop}))];
        let candles = csv(&[flat(100.0), flat(100.0), candle]);
        let ran = ran(&tape, &[("BTCUSDT", candles)], &settings);
        assert_eq!(ran.entries[1].event, "liquidation");
        ran.entries[1].price.unwrap().to_f64()
    };
    // 10 units for 1000 USD with a margin of 200 USD: 200 - 10 * (100 - price) = rate * 10 * price.
    let falls = [90.0, 90.0, 70.0, 80.0];
    assert_eq!(price("BUY", falls, None), 80.0);
    assert_eq!(price("BUY", falls, Some("0.02")), 81.632_653_061_224_5);
    let rises = [110.0, 130.0, 110.0, 120.0];
    assert_eq!(price("SELL", rises, None), 120.0);
    assert_eq!(price("SELL", rises, Some("0.02")), 117.647_058_823_529);
}

#[test]
fn round_trips_have_an_r_multiple_and_a_policy_and_are_summed_by_symbol() {
    let settings = Settings {
        costs: Costs {
            taker_fee: Some(Rate::parse("0.001").unwrap()),
            funding_rate: None,
            maintenance_margin: None,
        },
        ..no_costs()
    };
    let eth = |second: i64, stop: f64| {
        let id = format!("{}-1", (START + second) * 1000);
        entry(
            "SELL",
            json!({"symbol": "ETHUSDT", "id": id, "stop_loss": stop}),
        )
    };
    let tape = [
        entry("BUY", json!({"stop_loss": 98})),
        eth(30, 102.0),
        eth(150, 110.0),
    ];
    let falls = csv(&[flat(100.0), flat(100.0), flat(97.0), flat(97.0), flat(97.0)]);
    let rises = csv(&[
        flat(100.0),
        flat(100.0),
        flat(103.0),
        flat(100.0),
        flat(99.0),
    ]);
    let outcome = ran(&tape, &[("BTCUSDT", falls), ("ETHUSDT", rises)], &settings).outcome;
    // The first two lose 30 USD and fees of 1 + 0.97 or 1 + 1.03 USD, and the risk is 2 USD for each of 10 units.
    let r: Vec<_> = outcome.trips.iter().map(|trip| trip.r.unwrap()).collect();
    let expected = [-31.97 / 20.0, -32.03 / 20.0, 9.0 / 100.0];
    let is_near = |(found, expected): (&f64, f64)| (found - expected).abs() < 1e-12;
    assert!(r.iter().zip(expected).all(is_near), "{r:?}");
    let policies: Vec<_> = outcome.trips.iter().map(|trip| &*trip.policy).collect();
    assert_eq!(policies, ["1.0.0-ai-sample 3fb77538"; 3]);
    let shares = outcome.by(|trip| trip.symbol.to_string()).unwrap();
    let share = |symbol: &str| {
        let it = shares[symbol];
        let amounts = [
            it.notional_usd,
            it.pnl_usd,
            it.fees_usd,
            it.funding_usd,
            it.unrealised_usd,
            it.net_usd,
        ];
        (
            it.positions,
            it.with_r,
            amounts.map(|amount| amount.to_f64()),
            it.r_sum,
        )
    };
    let (positions, with_r, amounts, r_sum) = share("BTCUSDT");
    assert_eq!(
        (positions, with_r, amounts),
        (1, 1, [1000.0, -30.0, 1.97, 0.0, 0.0, -31.97])
    );
    assert_eq!(r_sum, r[0]);
    let (positions, with_r, amounts, r_sum) = share("ETHUSDT");
    assert_eq!(
        (positions, with_r, amounts),
        (2, 2, [2000.0, -30.0, 3.03, 0.0, 10.0, -23.03])
    );
    assert_eq!(r_sum, r[1] + r[2]);
}

#[test]
fn the_curve_has_one_point_for_all_symbols_at_a_time() {
    // One position gains as much as the other loses in each candle.
    let eth =
        json!({"symbol": "ETHUSDT", "id": format!("{}-1", (START + 30) * 1000), "stop_loss": 50});
    let tape = [entry("BUY", json!({"stop_loss": 50})), entry("BUY", eth)];
    let falls = csv(&[flat(100.0), flat(100.0), flat(95.0), flat(90.0)]);
    let rises = csv(&[flat(100.0), flat(100.0), flat(105.0), flat(110.0)]);
    let outcome = ran(
        &tape,
        &[("BTCUSDT", falls), ("ETHUSDT", rises)],
        &no_costs(),
    )
    .outcome;
    assert_eq!(outcome.curve.drawdown_usd, Money::ZERO);
    assert_eq!(outcome.curve.exposure_max_usd.to_f64(), 2000.0);
    let points: Vec<_> = outcome
        .curve
        .points
        .iter()
        .map(|point| point.ts.as_millis())
        .collect();
    assert_eq!(
        points,
        [60, 120, 180, 240].map(|second| (START + second) * 1000)
    );
    assert!(
        outcome
            .curve
            .points
            .iter()
            .skip(1)
            .all(|point| point.cash_usd.to_f64() == 9600.0)
    );
    assert_eq!(outcome.without_stop, 0);
}

#[test]
fn a_harvest_sees_the_age_of_the_position_in_seconds() {
    // Only the age contributes to the kill score, which reaches the threshold at an age of 240 seconds.
    let replacements = [
        (r#""max_age_sec": 72000"#, r#""max_age_sec": 240"#),
        (r#""k_age_penalty": 0.2"#, r#""k_age_penalty": 1.0"#),
        (r#""kill_threshold": 0.55"#, r#""kill_threshold": 0.731"#),
        (r#""ts_drop_cap": 0.45"#, r#""ts_drop_cap": 0"#),
        (r#""trend_min": 0.25"#, r#""trend_min": 0"#),
    ];
    let market = portcullis_sim::simulate::MarketRule {
        window_sec: 120,
        trend_certain: 0.7,
    };
    let settings = Settings {
        market: Some(market),
        ..no_costs()
    };
    let candles = csv(&[flat(100.0); 8]);
    let tape = format!("{}\n", entry("BUY", json!({"stop_loss": 90})));
    let ran = run_files(&[("BTCUSDT", candles)], tape, &settings, &replacements);
    let closes: Vec<_> = ran
        .entries
        .iter()
        .map(|entry| (entry.event, entry.ts.as_millis()))
        .collect();
    let second = |second: i64| (START + second) * 1000;
    // The position is opened at 60 seconds and is 240 seconds old at 300.
    assert_eq!(closes, [("open", second(60)), ("full_close", second(300))]);
    let harvests: Vec<_> = ran.outcome.harvests.into_iter().collect();
    assert_eq!(harvests, [("FULL_CLOSE_PROPOSED", 1), ("NONE", 3)]);
}

#[test]
fn progress_is_reported_every_4096_candles() {
    let candles: Vec<[f64; 4]> = vec![flat(100.0); 8200];
    let ran = ran(&[], &[("BTCUSDT", csv(&candles))], &no_costs());
    assert_eq!(ran.candles, [4096, 8192]);
}
