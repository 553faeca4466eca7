//! Tests of fills and sizes in `simulate`, whose results are compared with hand calculations.

use serde_json::{Value, json};

use super::simulate::{Simulated, entry};
use crate::records::START;

/// A candle before every fill, so that entries at 30 s are filled at the second one.
const BEFORE: [f64; 4] = [100.0, 100.0, 100.0, 100.0];

/// Returns candles that are flat at these prices, after [`BEFORE`].
fn flat(prices: &[f64]) -> Vec<[f64; 4]> {
    let rows = prices.iter().map(|price| [*price; 4]);
    std::iter::once(BEFORE).chain(rows).collect()
}

/// Returns an intent at this second.
fn at(second: i64, mut intent: Value) -> Value {
    intent["id"] = json!(format!("{}-0", (START + second) * 1000));
    intent
}

/// Returns an entry with a stated quantity, at a price of 100.
fn units(quantity: f64, more: &[(&str, f64)]) -> Value {
    let mut intent = entry("BUY", more);
    intent.as_object_mut().unwrap().remove("position_size_usd");
    intent["quantity"] = json!(quantity);
    intent["price"] = json!(100);
    intent
}

fn exit_of(quantity: f64) -> Value {
    json!({
        "symbol": "BTCUSDT", "side": "SELL", "reduce_only": true, "source": "exitbrain_v3_5", "quantity": quantity
    })
}

#[test]
fn an_entry_that_opens_at_or_beyond_its_target_is_not_entered() {
    for (side, open, stop, target) in [
        ("BUY", 105.0, 98.0, 102.0),
        ("BUY", 102.0, 98.0, 102.0),
        ("SELL", 95.0, 103.0, 98.0),
        ("SELL", 98.0, 103.0, 98.0),
    ] {
        let tape = [entry(side, &[("stop_loss", stop), ("take_profit", target)])];
        let simulated = Simulated::of(&tape, &flat(&[open, open]), &[]);
        let rejected = simulated.outcome()["not_done"].clone();
        assert_eq!(rejected, json!({"beyond_target": 1}), "{side} at {open}");
    }
    let short_of_it = [entry("BUY", &[("stop_loss", 98.0), ("take_profit", 102.0)])];
    let simulated = Simulated::of(&short_of_it, &flat(&[101.99, 101.99]), &[]);
    assert_eq!(simulated.outcome()["opened"], 1);
}

#[test]
fn a_target_that_the_open_has_passed_fills_at_its_own_price() {
    let long = [entry("BUY", &[("stop_loss", 98.0), ("take_profit", 102.0)])];
    // The candle also reaches the stop, but the target was filled at the open.
    let prices = [BEFORE, BEFORE, [105.0, 106.0, 97.0, 105.0]];
    let simulated = Simulated::of(&long, &prices, &[]);
    assert_eq!(
        simulated.reported()[1],
        "target 102.0 10.0 20.0 0.0 10020.0"
    );
    assert_eq!(simulated.events[1]["target_gap_usd"], 30.0);
    assert_eq!(simulated.events[1]["ts"], (START + 120) * 1000);
    assert_eq!(simulated.outcome()["target_gap_usd"], 30.0);
    let short = [entry("SELL", &[("take_profit", 98.0)])];
    let simulated = Simulated::of(&short, &flat(&[100.0, 95.0]), &[]);
    assert_eq!(simulated.reported()[1], "target 98.0 10.0 20.0 0.0 10020.0");
    assert_eq!(simulated.outcome()["target_gap_usd"], 30.0);
    // Touched exactly by the open: there is no difference.
    let simulated = Simulated::of(&long, &flat(&[100.0, 102.0]), &[]);
    assert_eq!(simulated.events[1]["target_gap_usd"], 0.0);
    // An exit at the same open comes too late.
    let tape = [&long[..], &[at(90, exit_of(10.0))]].concat();
    let simulated = Simulated::of(&tape, &flat(&[100.0, 105.0]), &[]);
    assert_eq!(simulated.outcome()["not_done"], json!({"no_position": 1}));
}

#[test]
fn a_liquidation_that_the_open_has_passed_shows_the_loss_beyond_the_margin() {
    // 10 units with a margin of 200 USD are lost at 80.
    let long = [entry("BUY", &[("leverage", 5.0)])];
    let simulated = Simulated::of(&long, &flat(&[100.0, 75.0]), &[]);
    assert_eq!(
        simulated.reported()[1],
        "liquidation 75.0 10.0 -200.0 0.0 9800.0"
    );
    assert_eq!(simulated.events[1]["beyond_margin_usd"], 50.0);
    assert_eq!(simulated.outcome()["beyond_margin_usd"], 50.0);
    let short = [entry("SELL", &[("leverage", 5.0)])];
    let simulated = Simulated::of(&short, &flat(&[100.0, 130.0]), &[]);
    assert_eq!(
        simulated.reported()[1],
        "liquidation 130.0 10.0 -200.0 0.0 9800.0"
    );
    assert_eq!(simulated.events[1]["beyond_margin_usd"], 100.0);
    // Exactly at the price where the margin is lost, and above it with a maintenance margin, nothing is beyond.
    let simulated = Simulated::of(&long, &flat(&[100.0, 80.0]), &[]);
    assert_eq!(simulated.events[1]["beyond_margin_usd"], 0.0);
    let maintenance = ["--maintenance-margin", "0.02"];
    let simulated = Simulated::of(&long, &flat(&[100.0, 81.0]), &maintenance);
    assert_eq!(simulated.events[1]["beyond_margin_usd"], 0.0);
    // Inside a candle, the price is where the margin left equals the maintenance margin.
    let falls = [BEFORE, BEFORE, [90.0, 90.0, 70.0, 80.0]];
    let price = |more: &[&str]| Simulated::of(&long, &falls, more).events[1].clone();
    assert_eq!(price(&[])["price"], 80.0);
    assert_eq!(price(&[]).get("beyond_margin_usd"), None);
    assert_eq!(price(&maintenance)["price"], 81.632_653_061_224_5);
    let rises = [BEFORE, BEFORE, [110.0, 130.0, 110.0, 120.0]];
    let simulated = Simulated::of(&short, &rises, &maintenance);
    assert_eq!(simulated.events[1]["price"], 117.647_058_823_529);
}

#[test]
fn a_stated_quantity_is_bought_at_any_price() {
    let tape = [units(10.0, &[("leverage", 5.0)]), at(90, exit_of(10.0))];
    let simulated = Simulated::of(&tape, &flat(&[98.0, 99.0]), &[]);
    assert_eq!(
        simulated.reported(),
        [
            "open 98.0 10.0 0.0 0.0 9804.0",
            "exit 99.0 10.0 10.0 0.0 10010.0"
        ]
    );
    assert_eq!(simulated.outcome()["still_open"], 0);
    let simulated = Simulated::of(&tape, &flat(&[102.0, 99.0]), &[]);
    assert_eq!(simulated.reported()[1], "exit 99.0 10.0 -30.0 0.0 9970.0");
    // A margin buys its notional at the fill price.
    let mut margin = entry("BUY", &[("leverage", 5.0), ("position_usd", 200.0)]);
    margin.as_object_mut().unwrap().remove("position_size_usd");
    let simulated = Simulated::of(&[margin], &flat(&[125.0, 125.0]), &[]);
    assert_eq!(simulated.events[0]["quantity"], 8.0);
}

#[test]
fn limits_that_a_fill_exceeds_are_reported() {
    let tape = [units(10.0, &[("leverage", 5.0)])];
    let run = |open: f64, guardrails: Value| {
        let simulated = Simulated::with_guardrails(&tape, &flat(&[open, open]), &guardrails);
        let exceeds = simulated.events[0].get("exceeds").cloned();
        (exceeds, simulated.outcome()["limits_exceeded"].clone())
    };
    let notional = json!({"max_notional_usd": 1000});
    let both = json!({"max_notional_usd": 1000, "max_position_usd": 200});
    assert_eq!(run(100.0, both.clone()), (None, json!({})));
    let names = json!(["max_notional_usd"]);
    assert_eq!(
        run(102.0, notional),
        (Some(names), json!({"max_notional_usd": 1}))
    );
    let names = json!(["max_notional_usd", "max_position_usd"]);
    let counts = json!({"max_notional_usd": 1, "max_position_usd": 1});
    assert_eq!(run(102.0, both), (Some(names), counts));
}

#[test]
fn minimum_sizes_refuse_entries_but_not_exits() {
    let tape = [units(10.0, &[]), at(90, exit_of(1.0))];
    let prices = flat(&[98.0, 99.0]);
    let rejected = |option: &str, value: &str| {
        let simulated = Simulated::of(&tape, &prices, &[option, value]);
        simulated.outcome()["not_done"].clone()
    };
    let refused = json!({"below_min": 1, "no_position": 1});
    assert_eq!(rejected("--min-quantity", "BTCUSDT=10.1"), refused);
    assert_eq!(rejected("--min-quantity", "BTCUSDT=10"), json!({}));
    assert_eq!(rejected("--min-notional", "BTCUSDT=980.1"), refused);
    assert_eq!(rejected("--min-notional", "BTCUSDT=980"), json!({}));
    assert_eq!(rejected("--min-notional", "ETHUSDT=5000"), json!({}));
    assert_eq!(rejected("--lot", "BTCUSDT=11"), refused);
    // The exit is below one lot.
    assert_eq!(rejected("--lot", "BTCUSDT=2"), json!({"below_lot": 1}));
}

#[test]
fn quantities_are_whole_lots() {
    let opened = |size: f64, open: f64, options: &[&str]| {
        let mut intent = entry("BUY", &[]);
        intent["position_size_usd"] = json!(size);
        let simulated = Simulated::of(&[intent], &flat(&[open, open]), options);
        simulated.events[0]["quantity"].as_f64().unwrap()
    };
    assert_eq!(opened(1000.0, 3.0, &[]), 333.333_333_333_333);
    assert_eq!(opened(1000.0, 3.0, &["--lot", "BTCUSDT=0.001"]), 333.333);
    assert_eq!(opened(1000.0, 3.0, &["--lot", "BTCUSDT=10"]), 330.0);
    assert_eq!(opened(900.0, 3.0, &["--lot", "btcusdt=0.3"]), 300.0);
    // A part of a position is rounded down as well.
    let mut half = exit_of(1.0);
    half.as_object_mut().unwrap().remove("quantity");
    half["quantity_fraction"] = json!(0.5);
    let tape = [units(1.5, &[]), at(90, half)];
    let lot = ["--lot", "BTCUSDT=0.5"];
    let simulated = Simulated::of(&tape, &flat(&[100.0, 100.0]), &lot);
    assert_eq!(simulated.events[1]["quantity"], 0.5);
}

#[test]
fn the_price_of_a_unit_may_be_tiny() {
    // A stop 0.4 % below 0.00000105, and a stop 5 % below 0.00000012.
    for (open, low, stop, loss) in [
        (0.000_001_05, 0.000_001_04, 0.000_001_045_8, -4.0),
        (0.000_000_12, 0.000_000_1, 0.000_000_114, -50.0),
    ] {
        let tape = [entry("BUY", &[("stop_loss", stop), ("entry_price", open)])];
        let prices = [[open; 4], [open; 4], [open, open, low, open]];
        let simulated = Simulated::of(&tape, &prices, &[]);
        let closed = &simulated.events[1];
        assert_eq!(
            (&closed["event"], &closed["price"]),
            (&json!("stop"), &json!(stop))
        );
        let pnl = closed["pnl_usd"].as_f64().unwrap();
        assert!((pnl - loss).abs() < 1e-11, "{pnl}");
    }
}

/// Returns the events of a long of this quantity whose price rises through the stages of the ladder.
fn ladder(quantity: f64, closes: &[f64], options: &[&str]) -> Vec<String> {
    let tape = [units(quantity, &[("stop_loss", 98.0), ("leverage", 1.0)])];
    let rises = closes.iter().map(|close| [*close; 4]);
    let prices: Vec<_> = [BEFORE, BEFORE].into_iter().chain(rises).collect();
    let simulated = Simulated::of(&tape, &prices, options);
    let closes = simulated
        .events
        .iter()
        .filter(|it| it["event"] != "open" && it["event"] != "move_stop");
    let closes = closes.map(|it| format!("{} {}", it["event"].as_str().unwrap(), it["quantity"]));
    closes.collect()
}

#[test]
fn a_climb_through_the_ladder_leaves_as_much_as_a_jump() {
    let lot = ["--lot", "BTCUSDT=0.001"];
    let climb = [103.8, 107.2, 111.8, 111.8];
    assert_eq!(
        ladder(0.01, &climb, &lot),
        ["partial_25 0.002", "partial_50 0.003", "partial_75 0.002"]
    );
    assert_eq!(ladder(0.01, &[111.8, 111.8], &lot), ["partial_75 0.007"]);
    assert_eq!(
        ladder(0.003, &climb, &lot),
        ["partial_50 0.001", "partial_75 0.001"]
    );
    assert_eq!(
        ladder(4.0, &climb, &[]),
        ["partial_25 1.0", "partial_50 1.0", "partial_75 1.0"]
    );
    let min = ["--lot", "BTCUSDT=0.001", "--min-quantity", "BTCUSDT=0.004"];
    assert_eq!(ladder(0.01, &[111.8, 111.8], &min), ["partial_75 0.01"]);
}

#[test]
fn orders_before_the_first_candle_have_their_own_reason() {
    let prices = flat(&[100.0, 100.0]);
    let tape = [
        at(-61, entry("BUY", &[])),
        at(-61, exit_of(1.0)),
        at(-60, entry("BUY", &[])),
    ];
    let simulated = Simulated::of(&tape, &prices, &[]);
    assert_eq!(
        simulated.outcome()["not_done"],
        json!({"before_candles": 2})
    );
    assert_eq!(simulated.outcome()["opened"], 1);
}
