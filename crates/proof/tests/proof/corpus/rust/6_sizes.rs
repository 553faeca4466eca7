//! Sizes.

use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::policy::Policy;

const NOTIONAL: f64 = 1_000.0; // ! 6 const
const MAX_NOTIONAL: f64 = 5_000.0; // = bound
const MIN_QTY: Decimal = dec!(0.001); // = bound
const TICK_SIZE: Decimal = dec!(0.1); // = tick size
const BATCH_SIZE: usize = 256; // = batch size

#[derive(Deserialize)]
pub struct Stake {
    #[serde(default = "default_stake")]
    pub stake: f64,
    pub order_size: f64,
    pub margin: Option<f64>,
    pub qty_precision: u32,
}

fn default_stake() -> f64 {
    50.0 // ! 6 serde default
}

impl Default for Stake {
    fn default() -> Self {
        Self {
            stake: 25.0,      // ! 6 Default impl
            order_size: 0.01, // ! 6 Default impl
            margin: None,     // = explicit none
            qty_precision: 3, // = other compound
        }
    }
}

pub struct Ticket {
    pub symbol: String,
    pub side: String,
    pub size: f64,
}

pub struct Font {
    pub family: String,
    pub size: f64,
}

pub fn ticket(symbol: &str, side: &str) -> Ticket {
    Ticket {
        symbol: symbol.into(),
        side: side.into(),
        size: 0.5, // ! 6 bare size
    }
}

pub fn font() -> Font {
    Font {
        family: "mono".into(),
        size: 11.0, // = other size
    }
}

pub fn sized(equity: f64, price: f64, policy: &Policy) -> (f64, f64, f64, f64) {
    let notional = equity * 0.02; // ! 6 literal factor
    let risk = equity * policy.risk_pct / 100.0; // = unit conversion
    let quantity = (risk / price).max(0.001); // ! 6 max
    let margin = notional / policy.leverage; // = policy read
    if notional > MAX_NOTIONAL { // = bound
        tracing::warn!("notional = {notional}, cap 5000"); // = log text
    }
    (notional, risk, quantity, margin)
}

pub fn body(symbol: &str, policy: &Policy) -> (Value, Value) {
    let literal = json!({"symbol": symbol, "quantity": "0.5"}); // ! 6 json macro
    let read = json!({"symbol": symbol, "quantity": policy.quantity, "recv_window": 5000}); // = window
    (literal, read)
}

pub fn risk_per_trade(policy: Option<&Policy>) -> f64 {
    match policy {
        Some(policy) => policy.risk_per_trade, // = policy read
        None => 0.01,                          // ! 6 match None
    }
}

pub fn parse(row: &Stake) -> Option<f64> {
    let Some(margin) = row.margin else {
        return None; // = explicit none
    };
    let qty = row.margin.map(|m| m / row.stake).unwrap_or(1.0); // ! 6 unwrap_or
    assert!(qty < 1_000.0); // = validation
    Some(margin * qty)
}

pub fn filled(fills: &[(f64, f64)]) -> f64 {
    let mut notional = 0.0; // = zero start
    for (qty, price) in fills {
        notional += qty * price; // = math
    }
    notional
}

pub fn read_chunks(reader: &mut impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let size = 4096; // = batch size
    let mut chunk = vec![0; size];
    reader.read_exact(&mut chunk)?;
    Ok(chunk)
}
