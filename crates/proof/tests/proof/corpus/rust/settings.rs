//! Settings. The old settings had `leverage: 10.0` and `T1_R = 2.0`.

use clap::Parser;
use rust_decimal::{Decimal, dec};
use serde::Deserialize;

const DEFAULT_LEVERAGE: f64 = 10.0; // ! 1 constant
static FALLBACK_NOTIONAL: f64 = 200.0; // ! 6 static
const MAX_LEVERAGE: f64 = 20.0; // = bound
const MIN_QTY: f64 = 0.001; // = bound
const MAX_RETRIES: u32 = 10; // = retries
const TIMEOUT_MS: u64 = 10_000; // = timing
const PORT: u16 = 6379; // = port
const LEVERAGE_KEY: &str = "leverage"; // = other compound
const LEVERAGE_DIGITS: usize = 2; // = precision
const COST_BPS: u32 = 12; // ! 3 constant
const K_TS_DROP: f64 = 0.4; // ! 4 constant
const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"]; // ! 5 constant list
const SIDES: [&str; 2] = ["BUY", "SELL"]; // = another list
const QUOTES: &[&str] = &["USDT", "USDC"]; // = another list

#[derive(Debug, Clone, Deserialize)]
struct Settings {
    #[serde(default = "ten")]
    leverage: f64, // = found at its function
    #[serde(default = "default_size_usd")]
    size_usd: f64, // = found at its function
    #[serde(default = "one_second")]
    timeout_ms: u64, // = timing
    #[serde(rename = "T1_R")]
    t1_r: f64, // = no default
    max_leverage: Option<f64>, // = no default
}

fn ten() -> f64 {
    10.0 // ! 1 function of a serde default
}

fn default_size_usd() -> f64 {
    200.0 // ! 6 function of a serde default
}

fn one_second() -> u64 {
    1_000 // = timing
}

#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long, default_value_t = 10.0)] // ! 1 clap default
    leverage: f64,
    #[arg(long, default_value = "200", env = "ORDER_SIZE")] // ! 6 clap default of text
    order_size: f64,
    #[arg(long, default_value_t = 10)] // = retries
    retries: u32,
    #[arg(long, default_value = "10s")] // = timing
    interval: String,
    #[arg(long)]
    kill_threshold: f64, // = no default
}

struct Theta {
    t1_r: f64,
    t2_r: f64,
    lock_r: f64,
    kill_threshold: f64,
    samples: usize,
}

impl Default for Theta {
    fn default() -> Self {
        Self {
            t1_r: 2.0,                         // ! 3 Default impl
            t2_r: 4.0,                         // ! 3 Default impl
            lock_r: "1.2".parse().unwrap(),    // ! 3 Default impl of text
            kill_threshold: 0.55,              // ! 4 Default impl
            samples: 200,                      // = window
        }
    }
}

impl Theta {
    const SIGMA_REF: f64 = 0.012; // ! 4 associated constant
    const WINDOW: usize = 200; // = window

    fn steeper(&self) -> f64 {
        self.t1_r
    }
}

fn decimals() -> (Decimal, Decimal) {
    let leverage = dec!(10); // ! 1 macro
    let tick_size = dec!(0.01); // = other size
    (leverage, tick_size)
}

fn pages() {
    let page_size = 200; // = other size
    let buffer_size = 4096; // = other size
    let batch = Batch { size: 100 }; // = other size
    println!("leverage {} of {}", 10, page_size); // = log text
    tracing::info!(leverage = 10.0, "asked"); // = log text
    let _ = (buffer_size, batch);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leverages() {
        let leverage = 10.0; // = test
        let size_usd = 200.0; // = test
        assert_eq!(Theta::default().t1_r, leverage / size_usd);
    }
}

#[cfg(test)]
const T3_R: f64 = 6.0; // = test

#[test]
fn outside_of_a_module() {
    let t1_r = 2.0; // = test
    assert!(t1_r > 1.0);
}

#[derive(Debug, Default)]
struct HarvestParams { // ! 10 derived default
    t1_r: f64,
    t2_r: f64,
}

#[derive(Debug, Default)]
struct Asked { // = explicit none
    leverage: Option<f64>,
    note: String,
}
