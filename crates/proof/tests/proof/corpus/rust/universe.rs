//! The symbols that are examined.

use std::collections::{HashMap, HashSet};

pub const SYMBOLS: &[&str] = &["BTCUSDT", "ETHUSDT"]; // ! 5 const list
static WATCHLIST: [&str; 2] = ["SOLUSDT", "XRPUSDT"]; // ! 5 static list
const QUOTES: [&str; 2] = ["USDT", "USDC"]; // = enum
const SYMBOLS_FILE: &str = "universe,current.json"; // = path
const UNIVERSE_REFRESH_SEC: u64 = 900; // = timing
const SIDES: [&str; 2] = ["BUY", "SELL"]; // = enum
const SYMBOL_COLUMNS: [&str; 3] = ["symbol", "tick", "step"]; // = other compound

pub struct Scanner {
    pub universe: Vec<String>,
    pub tickers: Vec<String>,
    pub symbol: String,
    pub symbols_per_page: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        Scanner {
            universe: vec!["BTCUSDT".to_string(), "BNBUSDT".to_string()], // ! 5 Default impl
            tickers: Vec::new(), // = empty list
            symbol: String::new(), // = empty text
            symbols_per_page: 50, // = other compound
        }
    }
}

pub fn pick() -> Vec<&'static str> {
    let pairs = vec!["BTCUSDT", "ETHUSDT", "SOLUSDT"]; // ! 5 vec macro
    let sides = vec!["long", "short"]; // = enum
    drop(sides);
    pairs
}

pub fn split() -> Vec<String> {
    let symbols = "BTCUSDT,ETHUSDT".split(',').map(str::to_string).collect(); // ! 5 text with commas
    symbols
}

pub fn allow() -> HashSet<&'static str> {
    let allow_list = HashSet::from(["BTCUSDT", "ADAUSDT"]); // ! 5 HashSet::from
    allow_list
}

pub fn from_env() -> String {
    let universe = std::env::var("UNIVERSE").unwrap_or("BTCUSDT,ETHUSDT".into()); // ! 5 env default
    universe
}

pub fn chosen(asked: Option<&str>) -> String {
    let symbol = asked.unwrap_or("BTCUSDT"); // ! 5 symbol fallback
    symbol.to_string()
}

pub fn is_major(symbol: &str) -> bool {
    ["BTCUSDT", "ETHUSDT"].contains(&symbol) // ! 5 contains
}

pub fn is_known(symbol: &str) -> bool {
    matches!(symbol, "BTCUSDT" | "SOLUSDT") // ! 5 matches macro
}

pub fn is_quoted(symbol: &str) -> bool {
    QUOTES.iter().any(|q| symbol.ends_with(q)) // = enum
}

pub fn ruled(ruling: &Ruling, symbol: &str) -> bool {
    ruling.universe.iter().any(|s| s == symbol) // = policy read
}

pub fn subscribe(ruling: &Ruling) -> serde_json::Value {
    let symbols = ruling.universe.clone(); // = policy read
    println!("watching BTCUSDT,ETHUSDT and {} more", symbols.len()); // = log text
    serde_json::json!({
        "op": "subscribe",
        "symbols": symbols, // = policy read
        "channels": ["trade", "book"], // = enum
    })
}

pub fn subscribe_fixed() -> serde_json::Value {
    serde_json::json!({
        "op": "subscribe",
        "symbols": ["BTCUSDT", "ETHUSDT"], // ! 5 json macro
    })
}

pub fn page(ruling: &Ruling) -> Vec<&[String]> {
    ruling.universe.chunks(50).collect() // = batch size
}

pub fn checked(universe: &[String]) -> Result<(), String> {
    if universe.len() > 500 { // = validation
        return Err("universe over 500".into()); // = log text
    }
    Ok(())
}

pub fn names() -> HashMap<&'static str, usize> {
    HashMap::from([(SYMBOLS_FILE, SYMBOL_COLUMNS.len()), ("w", WATCHLIST.len()), ("s", SIDES.len())]) // = other compound
}
