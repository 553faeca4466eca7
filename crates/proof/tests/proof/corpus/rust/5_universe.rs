//! The symbols of the scanner and their ranking.

use std::collections::HashMap;

use clap::Parser;
use lazy_static::lazy_static;

use crate::store::Store;

const UNIVERSE: &[&str] = &["BTCUSDT", "ETHUSDT", "SOLUSDT"]; // ! 5 const
static WHITELIST: [&str; 2] = ["BTCUSDT", "ETHUSDT"]; // ! 5 static
const UNIVERSE_REFRESH_SEC: u64 = 300; // = timing
const UNIVERSE_PATH: &str = "data/universe.json"; // = other compound
const TIMEFRAMES: [&str; 3] = ["1m", "5m", "1h"]; // = other name

lazy_static! {
    static ref WATCHLIST: Vec<&'static str> = vec!["DOGEUSDT", "LTCUSDT"]; // ! 5 lazy_static
    static ref SIDES: Vec<&'static str> = vec!["BUY", "SELL"]; // = other name
}

#[derive(Parser)]
pub struct Args {
    #[arg(long, default_value = "BTCUSDT,ETHUSDT")] // ! 5 clap default_value
    pub symbols: String,
    #[arg(long, default_value = "BTCUSDT")] // ! 5 clap default_value
    pub symbol: String,
    #[arg(long, default_value = "binance")] // = other name
    pub venue: String,
}

pub struct Scanner {
    pub pairs: Vec<String>,
    pub selection_weight: f64,
}

impl Scanner {
    pub fn empty() -> Self {
        Self {
            pairs: Vec::new(),     // = empty list
            selection_weight: 0.0, // = zero start
        }
    }

    pub fn pilot() -> Self {
        Self {
            pairs: vec!["BTC/USDT".into(), "ETH/USDT".into()], // ! 5 vec macro
            selection_weight: 0.6,                             // ! 5 struct literal
        }
    }

    pub fn load(&mut self, store: &Store) {
        self.pairs = store.universe(); // = read
        self.pairs.retain(|symbol| symbol.ends_with("USDT")); // = read
    }
}

pub fn accepts(symbol: &str, side: &str) -> bool {
    if matches!(symbol, "BTCUSDT" | "ETHUSDT") { // ! 5 membership
        return true;
    }
    if ["SOLUSDT", "XRPUSDT"].contains(&symbol) { // ! 5 membership
        return true;
    }
    matches!(side, "BUY" | "SELL") // = other name
}

pub fn one(asked: Option<&str>) -> String {
    let symbol = asked.unwrap_or("BTCUSDT"); // ! 5 unwrap_or
    println!("scanning {symbol}, not BTCUSDT,ETHUSDT"); // = log text
    symbol.to_owned()
}

pub fn from_environment() -> Vec<String> {
    let symbols = std::env::var("SYMBOLS").unwrap_or("BTCUSDT,ETHUSDT".to_string()); // ! 5 env
    symbols.split(',').map(str::to_owned).collect()
}

pub fn symbol_weight(symbol: &str) -> f64 {
    match symbol {
        "BTCUSDT" => 0.5, // ! 5 fn return
        _ => 0.1,         // ! 5 fn return
    }
}

pub fn normalise(symbol_weights: &HashMap<String, f64>) -> HashMap<String, f64> {
    let total: f64 = symbol_weights.values().sum();
    symbol_weights.iter().map(|(s, w)| (s.clone(), w / total)).collect() // = math
}

pub fn smooth(xs: &[f64; 3]) -> f64 {
    let ema_weights = [0.1, 0.2, 0.7]; // = other weight
    xs.iter().zip(ema_weights).map(|(x, w)| x * w).sum()
}

#[cfg(test)]
mod tests {
    #[test]
    fn scans() {
        let symbols = vec!["BTCUSDT", "ETHUSDT"]; // = test
        assert!(symbols.iter().all(|s| super::accepts(s, "BUY")));
    }
}
