//! Orders at the boundaries of times, sizes, cash and limits, compared with hand calculations.

use std::collections::BTreeMap;

use portcullis::{harvest::SizeRules, types::Symbol};
use portcullis_sim::simulate::{
    Costs, LedgerEntry, Settings,
    units::{Money, Rate},
};
use serde_json::{Value, json};

use crate::{
    hand::{START, csv, entry, flat, no_costs, ran},
    worlds::run_files,
};

#[test]
fn an_order_at_the_start_of_a_candle_waits_for_the_next_one() {
    let at = |millis: i64| {
        let id = format!("{}-0", (START + 60) * 1000 + millis);
        let candles = [flat(100.0), flat(101.0), flat(102.0)];
        let tape = [entry("BUY", json!({ "id": id, "stop_loss": 90 }))];
        ran(&tape, &[("BTCUSDT", csv(&candles))], &no_costs()).entries[0]
            .price
            .unwrap()
            .to_f64()
    };
    assert_eq!(at(-1), 101.0);
    assert_eq!(at(0), 102.0);
}

/// Runs orders that were decided at these seconds, on candles with the given starts in seconds. Returns each open and
/// close as `event second`, and the reasons of rejected orders.
fn at_seconds(
    starts: &[i64],
    (entry_at, exit_at): (i64, Option<i64>),
    fill_after_gap: bool,
) -> (Vec<String>, Vec<&'static str>) {
    let id = |second: i64| format!("{}-0", (START + second) * 1000);
    let exit = exit_at.map(|second| {
        json!({"id": id(second), "symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"})
    });
    let entry = entry("BUY", json!({"id": id(entry_at), "stop_loss": 50}));
    let tape: Vec<Value> = [entry].into_iter().chain(exit).collect();
    let rows = starts
        .iter()
        .map(|second| format!("{},100,100,100,100\n", (START + second) * 1000));
    let csv = format!(
        "open_time,open,high,low,close\n{}",
        rows.collect::<String>()
    );
    let settings = Settings {
        fill_after_gap,
        ..no_costs()
    };
    let ran = ran(&tape, &[("BTCUSDT", csv)], &settings);
    let event =
        |entry: &LedgerEntry| format!("{} {}", entry.event, entry.ts.as_millis() / 1000 - START);
    let rejected = ran.outcome.rejected.into_iter();
    (
        ran.entries.iter().map(event).collect(),
        rejected.map(|(reason, _)| reason).collect(),
    )
}

#[test]
fn an_entry_that_was_decided_in_a_gap_is_filled_only_if_that_is_set() {
    // The candle at 120 ends at 180, and the next one begins at 300.
    let starts = [0, 60, 120, 300, 360];
    let check = |entry_at: i64, fill_after_gap: bool, expected: Result<&str, &str>| {
        let (events, rejected) = at_seconds(&starts, (entry_at, None), fill_after_gap);
        assert_eq!(
            events,
            Vec::from_iter(expected.ok()),
            "{entry_at} {fill_after_gap}"
        );
        assert_eq!(
            rejected,
            Vec::from_iter(expected.err()),
            "{entry_at} {fill_after_gap}"
        );
    };
    // Until one candle length before the candle after the gap, the entry is late.
    check(130, false, Err("gap"));
    check(239, false, Err("gap"));
    check(240, false, Ok("open 300"));
    check(299, false, Ok("open 300"));
    check(130, true, Ok("open 300"));
    check(239, true, Ok("open 300"));
    // An entry before the first candle is late for both settings.
    for fill_after_gap in [false, true] {
        check(-61, fill_after_gap, Err("before_candles"));
        check(-60, fill_after_gap, Ok("open 0"));
    }
    // No candle begins after the last one.
    check(360, false, Err("no_later_candle"));
    check(359, false, Ok("open 360"));
}

#[test]
fn an_order_in_a_candle_that_is_longer_than_others_is_not_late() {
    // The candle at 120 ends at 200, without a gap.
    let starts = [0, 60, 120, 200, 260];
    let found = at_seconds(&starts, (121, None), false);
    assert_eq!(found, (vec!["open 200".to_owned()], Vec::new()));
}

#[test]
fn an_exit_that_was_decided_in_a_gap_is_filled_after_it() {
    let starts = [0, 60, 120, 300, 360];
    for fill_after_gap in [false, true] {
        let (events, rejected) = at_seconds(&starts, (10, Some(130)), fill_after_gap);
        assert_eq!(events, ["open 60", "exit 300"]);
        assert!(rejected.is_empty());
    }
}

#[test]
fn an_entry_may_use_the_whole_cash() {
    let opened = |cash: &str, fee: Option<&str>| {
        let settings = Settings {
            cash: Money::parse(cash).unwrap(),
            costs: Costs {
                taker_fee: fee.map(|fee| Rate::parse(fee).unwrap()),
                ..no_costs().costs
            },
            ..no_costs()
        };
        let candles = csv(&[flat(100.0), flat(100.0)]);
        ran(
            &[entry("BUY", json!({}))],
            &[("BTCUSDT", candles)],
            &settings,
        )
        .outcome
        .opened
    };
    assert_eq!(opened("200", None), 1);
    assert_eq!(opened("199.99", None), 0);
    assert_eq!(opened("200.4", Some("0.0004")), 1);
    assert_eq!(opened("200.39", Some("0.0004")), 0);
}

#[test]
fn an_exit_that_would_increase_a_position_is_rejected() {
    for (side, exit, is_rejected) in [
        ("BUY", "BUY", true),
        ("BUY", "SELL", false),
        ("SELL", "SELL", true),
        ("SELL", "BUY", false),
    ] {
        let exit = json!({
            "id": format!("{}-0", (START + 90) * 1000), "symbol": "BTCUSDT", "side": exit, "reduce_only": true,
            "source": "exitbrain_v3_5"
        });
        let candles = csv(&[flat(100.0), flat(100.0), flat(100.0)]);
        let tape = [entry(side, json!({})), exit];
        let outcome = ran(&tape, &[("BTCUSDT", candles)], &no_costs()).outcome;
        assert_eq!(
            outcome.rejected.contains_key("other_side"),
            is_rejected,
            "{side}"
        );
        assert_eq!(outcome.still_open, u64::from(is_rejected), "{side}");
    }
}

#[test]
fn each_minimum_size_alone_refuses_an_entry() {
    let none = SizeRules::default();
    let opened = |sizes: SizeRules| {
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let settings = Settings {
            sizes: BTreeMap::from([(symbol, sizes)]),
            ..no_costs()
        };
        let candles = csv(&[flat(100.0), flat(100.0)]);
        let outcome = ran(
            &[entry("BUY", json!({}))],
            &[("BTCUSDT", candles)],
            &settings,
        )
        .outcome;
        assert_eq!(
            outcome.rejected.contains_key("below_min"),
            outcome.opened == 0
        );
        outcome.opened
    };
    // The entry buys 10 units for 1000 USD.
    for (min_quantity, min_notional_usd, expected) in [
        (None, None, 1),
        (Some(10.0), Some(1000.0), 1),
        (Some(10.01), None, 0),
        (None, Some(1000.01), 0),
        (Some(10.01), Some(1000.0), 0),
        (Some(10.0), Some(1000.01), 0),
    ] {
        let sizes = SizeRules {
            min_quantity,
            min_notional_usd,
            ..none
        };
        assert_eq!(opened(sizes), expected, "{sizes:?}");
    }
    for (lot, expected) in [(10.0, 1), (10.01, 0)] {
        assert_eq!(
            opened(SizeRules {
                lot_size: Some(lot),
                ..none
            }),
            expected,
            "{lot}"
        );
    }
}

/// Returns the quantity that an exit closes of 10 units, or the reason why it is rejected.
fn closed(more: Value) -> Result<f64, &'static str> {
    let mut exit = json!({
        "id": format!("{}-0", (START + 90) * 1000), "symbol": "BTCUSDT", "side": "SELL", "reduce_only": true,
        "source": "exitbrain_v3_5"
    });
    for (name, value) in more.as_object().unwrap() {
        exit[name] = value.clone();
    }
    let candles = csv(&[flat(100.0), flat(100.0), flat(100.0)]);
    let tape = [entry("BUY", json!({"stop_loss": 50})), exit];
    let ran = ran(&tape, &[("BTCUSDT", candles)], &no_costs());
    let exits = ran.entries.iter().filter(|entry| entry.event == "exit");
    let quantity: f64 = exits
        .filter_map(|exit| exit.quantity)
        .map(|it| it.to_f64())
        .sum();
    match ran.outcome.rejected.keys().next() {
        Some(reason) => Err(reason),
        None => Ok(quantity),
    }
}

#[test]
fn an_exit_closes_the_quantity_that_it_states() {
    assert_eq!(closed(json!({})), Ok(10.0));
    assert_eq!(closed(json!({"quantity": 4})), Ok(4.0));
    assert_eq!(closed(json!({"quantity": 11})), Ok(10.0));
    assert_eq!(closed(json!({"quantity": 1e-15})), Err("below_lot"));
    assert_eq!(closed(json!({"quantity": "many"})), Err("quantity_unsaid"));
    // An exit that rests until a trigger is not simulated.
    assert_eq!(closed(json!({"trigger_price": 90})), Err("resting_exit"));
}

#[test]
fn limits_that_fills_exceed_and_entries_without_a_stop_are_counted() {
    // 10 units for 1000 USD with a margin of 200 USD, in two symbols.
    let limits = (
        r#""policy_version""#,
        r#""limits": {"max_notional_usd": 1000, "max_position_usd": 200}, "policy_version""#,
    );
    let outcome = |price: f64, stop: Option<f64>| {
        let tape = ["BTCUSDT", "ETHUSDT"].map(|symbol| {
            let mut intent = entry(
                "BUY",
                json!({"symbol": symbol, "quantity": 10, "price": 100, "stop_loss": stop}),
            );
            intent.as_object_mut().unwrap().remove("position_size_usd");
            format!("{intent}\n")
        });
        let candles = csv(&[flat(price), flat(price)]);
        let files = ["BTCUSDT", "ETHUSDT"].map(|symbol| (symbol, candles.clone()));
        let ran = run_files(&files, tape.concat(), &no_costs(), &[limits]);
        let exceeds: Vec<_> = ran
            .entries
            .iter()
            .map(|entry| entry.exceeds.clone())
            .collect();
        let exceeded: Vec<_> = ran.outcome.limits_exceeded.into_iter().collect();
        (exceeds, exceeded, ran.outcome.without_stop)
    };
    let both = vec!["max_notional_usd", "max_position_usd"];
    assert_eq!(
        outcome(100.0, Some(90.0)),
        (vec![Vec::new(); 2], Vec::new(), 0)
    );
    assert_eq!(
        outcome(102.0, None),
        (
            vec![both; 2],
            vec![("max_notional_usd", 2), ("max_position_usd", 2)],
            2
        )
    );
}
