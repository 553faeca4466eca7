//! Small tapes and candles for hand calculations.

use portcullis_sim::simulate::{Costs, Settings, units::Money};
use serde_json::{Value, json};

use crate::worlds::{Ran, run_files, settings};

/// Midnight UTC in epoch seconds, at which funding is due.
pub(crate) const START: i64 = 1_767_571_200;

/// The fallback stop distance that the tests set in θ.
const FALLBACK: (&str, &str) = (
    r#""lock_R": 1.2"#,
    r#""lock_R": 1.2, "fallback_stop_pct": 0.05"#,
);

pub(crate) fn flat(price: f64) -> [f64; 4] {
    [price; 4]
}

/// Returns candles of one minute from [`START`] as CSV.
pub(crate) fn csv(candles: &[[f64; 4]]) -> String {
    let rows = candles
        .iter()
        .zip(0..)
        .map(|([open, high, low, close], n)| {
            let at = (START + n * 60) * 1000;
            format!("{at},{open},{high},{low},{close}\n")
        });
    format!(
        "open_time,open,high,low,close\n{}",
        rows.collect::<String>()
    )
}

/// Returns an entry of 1000 USD in BTCUSDT, 30 seconds after [`START`].
pub(crate) fn entry(side: &str, more: Value) -> Value {
    let mut intent = json!({
        "id": format!("{}-0", (START + 30) * 1000), "symbol": "BTCUSDT", "side": side, "position_size_usd": 1000,
        "leverage": 5
    });
    for (name, value) in more.as_object().unwrap() {
        intent[name] = value.clone();
    }
    intent
}

pub(crate) fn no_costs() -> Settings {
    Settings {
        cash: Money::parse("10000").unwrap(),
        costs: Costs {
            taker_fee: None,
            funding_rate: None,
            maintenance_margin: None,
        },
        market: None,
        ..settings()
    }
}

pub(crate) fn ran(tape: &[Value], candles: &[(&str, String)], settings: &Settings) -> Ran {
    let lines = tape.iter().map(|intent| format!("{intent}\n"));
    run_files(candles, lines.collect(), settings, &[FALLBACK])
}
