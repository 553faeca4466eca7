//! Strategies for position snapshots with their markets.

use super::text::{
    Edit, Pairs, any_bits, between, edit, millis, object, odd, one_of, pair, stringly, wild, word,
};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

const FIELDS: [&str; 15] = [
    "symbol",
    "side",
    "entry_price",
    "current_price",
    "age_sec",
    "current_sl",
    "stop_dist_pct",
    "harvested",
    "peak_price",
    "trough_price",
    "ts",
    "quantity",
    "market",
    "decided_at",
    "timestamp",
];
const MARKET: [&str; 6] = ["sigma", "ts", "p_trend", "p_mr", "p_chop", "as_of"];

#[derive(Clone, Copy, Debug)]
enum Place {
    Position,
    Market,
}

/// Generates lines with position snapshots. A few of them are cut short.
pub(crate) fn lines() -> impl Strategy<Value = String> {
    let edits =
        prop_oneof![12 => vec(change(), 0..1), 6 => vec(change(), 1..2), 3 => vec(change(), 2..5)];
    let whole = (
        position(),
        weighted(0.93, market()),
        edits,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(mut position, market, edits, texts)| {
            let mut market = market;
            for (place, change) in &edits {
                match (place, &mut market) {
                    (Place::Market, Some(market)) => edit(market, change),
                    (Place::Market, None) => {}
                    (Place::Position, _) => edit(&mut position, change),
                }
            }
            if texts {
                for (_, value) in position
                    .iter_mut()
                    .chain(market.iter_mut().flatten())
                    .filter(|(_, value)| value != "null")
                {
                    *value = stringly(value);
                }
            }
            position.extend(market.map(|market| pair("market", object(&market, true))));
            object(&position, true)
        })
        .boxed();
    prop_oneof![
        100 => whole.clone(),
        1 => (whole, 1_usize..60).prop_map(|(line, length)| line.chars().take(length).collect()),
    ]
}

fn position() -> impl Strategy<Value = Pairs> {
    let side = prop_oneof![12 => word(&["LONG", "SHORT"]), 1 => word(&["long", "Short", "FLAT", "flat", "BUY", ""])];
    let gain = prop_oneof![
        3 => -0.1..0.2_f64,
        2 => select(vec![0.0, 0.01, 0.03, 0.038, 0.072, 0.118, 0.9, -0.9, 5.0, 0.04, 0.003]),
    ];
    let entry = prop_oneof![6 => Just("100".to_owned()), 3 => between(0.01, 1e5), 1 => any_bits()];
    let stop = weighted(
        0.75,
        prop_oneof![6 => one_of(&["0.02", "0.008", "\"0.015\"", "0.5", "1e-9"]), 1 => wild()],
    );
    let stop_now = weighted(
        0.6,
        prop_oneof![3 => between(0.9, 1.1), 1 => one_of(&["0.99", "1.01", "1.003", "0.997"]), 1 => wild()],
    );
    let harvested = weighted(
        0.3,
        prop_oneof![8 => word(&["NONE", "PARTIAL_25", "PARTIAL_50", "PARTIAL_75"]), 1 => odd(), 1 => word(&["PARTIAL_99", "HALF"])],
    );
    let age = prop_oneof![8 => between(1.0, 3e5), 4 => one_of(&["3600", "0", "0.0", "72000", "100000"]), 1 => wild()];
    let quantity = weighted(
        0.6,
        prop_oneof![
            4 => one_of(QUANTITIES),
            1 => one_of(&["-2", "0", "\"0.0\"", "-0.0", "\"x\"", "1e999", "null", "0e5"]),
        ],
    );
    (
        side,
        entry,
        gain,
        stop,
        (stop_now, any::<bool>()),
        harvested,
        age,
        (quantity, sizes(), millis(), prop::bool::weighted(0.9)),
    )
        .prop_map(
            |(
                side,
                entry,
                gain,
                stop,
                (stop_now, relative),
                harvested,
                age,
                (quantity, sizes, ts, timed),
            )| {
                let price: f64 = entry.trim_matches('"').parse().unwrap_or(f64::NAN);
                let short = side.to_ascii_uppercase().contains("SHORT");
                let current = price * (1.0 + if short { -gain } else { gain });
                let current = if current.is_finite() {
                    format!("{current}")
                } else {
                    "101".to_owned()
                };
                let mut position = vec![
                    pair("event_type", "\"position.snapshot\""),
                    pair("symbol", "\"btcUSDT\""),
                    pair("side", side),
                    pair("entry_price", entry),
                    pair("current_price", current),
                    pair("age_sec", age),
                ];
                position.extend(stop.map(|stop| pair("stop_dist_pct", stop)));
                if let Some(stop_now) = stop_now {
                    let level: Option<f64> = stop_now.trim_matches('"').parse().ok();
                    let level = level
                        .map(|level| level * price)
                        .filter(|level| relative && level.is_finite());
                    position.push(pair(
                        "current_sl",
                        level.map_or(stop_now, |level| level.to_string()),
                    ));
                }
                position.extend(harvested.map(|harvested| pair("harvested", harvested)));
                position.extend(quantity.map(|quantity| pair("quantity", quantity)));
                position.extend(sizes);
                position.extend(timed.then(|| pair("ts", ts)));
                position
            },
        )
}

/// Decimal quantities whose ratios matter for the ladder.
const QUANTITIES: &[&str] = &[
    "0.001",
    "0.002",
    "0.003",
    "0.005",
    "0.008",
    "0.01",
    "0.0105",
    "1",
    "0.5",
    "3",
    "0.3",
    "7.77",
    "952380952.380952",
    "714285714.285714",
    "1e-7",
    "1e15",
    "-0.008",
];

/// Generates the fields of sizes, of which a few are unreadable.
fn sizes() -> impl Strategy<Value = Pairs> {
    let lots = one_of(&[
        "0.001",
        "0.1",
        "1",
        "0.005",
        "0.3",
        "10",
        "1e-9",
        "\"0.001\"",
    ]);
    let minimums = one_of(&["0", "0.003", "1", "5", "100"]);
    let bad = || one_of(&["0", "-1", "\"x\"", "null"]);
    (
        weighted(0.4, prop_oneof![20 => one_of(QUANTITIES), 1 => bad()]),
        weighted(0.5, prop_oneof![20 => lots, 1 => bad()]),
        weighted(0.2, prop_oneof![20 => minimums.clone(), 1 => bad()]),
        weighted(0.2, prop_oneof![20 => minimums, 1 => bad()]),
    )
        .prop_map(|(peak, lot, quantity, notional)| {
            let names = [
                "peak_quantity",
                "lot_size",
                "min_quantity",
                "min_notional_usd",
            ];
            let values = names.into_iter().zip([peak, lot, quantity, notional]);
            values
                .filter_map(|(name, value)| Some(pair(name, value?)))
                .collect()
        })
}

fn market() -> impl Strategy<Value = Pairs> {
    let share = || prop_oneof![8 => (0.0..1.0_f64).prop_map(|share| share.to_string()), 4 => one_of(&["0.1", "0.25", "0.5", "0.3", "0.2", "0", "1", "\"0.6\""]), 1 => wild()];
    let sigma = prop_oneof![6 => one_of(&["0.01", "0.012", "0.03", "0", "-0.0"]), 6 => between(1e-4, 1.0), 1 => any_bits(), 1 => wild()];
    let strength = prop_oneof![6 => one_of(&["0.35", "0.1", "-1", "0"]), 6 => between(1e-3, 1.0), 1 => any_bits(), 1 => wild()];
    (
        sigma,
        strength,
        share(),
        share(),
        share(),
        weighted(0.4, millis()),
    )
        .prop_map(|(sigma, strength, trend, reversion, chop, as_of)| {
            let mut market = vec![
                pair("sigma", sigma),
                pair("ts", strength),
                pair("p_trend", trend),
                pair("p_mr", reversion),
                pair("p_chop", chop),
            ];
            market.extend(as_of.map(|as_of| pair("as_of", as_of)));
            market
        })
}

fn change() -> impl Strategy<Value = (Place, Edit)> {
    let keys = |names: &[&str]| {
        select(
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let key = prop_oneof![
        3 => keys(&FIELDS).prop_map(|key| (Place::Position, key)),
        1 => keys(&MARKET).prop_map(|key| (Place::Market, key)),
    ];
    let value = prop_oneof![2 => between(1e-3, 1e3), 2 => wild(), 1 => odd(), 1 => word(&["LONG", "FLAT", "BTCUSDT"])];
    (key, value, 0..4).prop_map(|((place, key), value, action)| {
        (
            place,
            match action {
                0 => Edit::Remove(key),
                1 => Edit::Append(key, value),
                _ => Edit::Set(key, value),
            },
        )
    })
}
