//! Computes the quantity of an order from an equity and a ruling. Never `qty = 0.01`.

use clap::Parser;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

const POSITION_SIZE_USD: f64 = 250.0; // ! 6 const
const BATCH_SIZE: usize = 64; // = batch size
const TICK_SIZE: f64 = 0.01; // = tick size
const LOT_STEP: f64 = 0.001; // = tick size
const MIN_QTY: f64 = 0.001; // = bound
const MAX_NOTIONAL: f64 = 5_000.0; // = bound
const SIZE_COLUMN: usize = 4; // = other compound
const BUFFER_SIZE: usize = 8 * 1024; // = buffer

#[derive(Parser)]
pub struct Opts {
    #[arg(long, default_value_t = 100.0)] // ! 6 clap default_value_t
    pub stake: f64,
    #[arg(long, default_value_t = 256)] // = batch size
    pub batch_size: usize,
    #[arg(long, default_value = "0.01")] // ! 6 clap default_value
    pub risk_per_trade: f64,
}

pub struct OrderDraft {
    pub symbol: String,
    pub side: Side,
    pub size: f64,
    pub quantity: f64,
}

pub struct Page {
    pub size: usize,
    pub rows: Vec<String>,
}

pub fn page() -> Page {
    Page { size: 25, rows: Vec::new() } // = page size
}

pub fn draft(symbol: &str, side: Side) -> OrderDraft {
    OrderDraft {
        symbol: symbol.to_string(),
        side,
        size: 0.5, // ! 6 bare size
        quantity: 1.0, // ! 6 struct literal
    }
}

pub fn blank(symbol: &str, side: Side) -> OrderDraft {
    OrderDraft {
        symbol: symbol.to_string(),
        side,
        size: 0.0, // = zero start
        quantity: f64::NAN, // = explicit none
    }
}

pub fn from_equity(equity: f64, asked: Option<f64>) -> (f64, f64) {
    let notional = equity * 0.02; // ! 6 literal factor
    let margin = asked.unwrap_or(50.0); // ! 6 unwrap_or
    (notional, margin)
}

pub fn ruled(equity: f64, ruling: &Ruling) -> f64 {
    let notional = equity * ruling.risk_pct / 100.0; // = unit conversion
    notional
}

pub fn exact() -> Decimal {
    let qty = dec!(0.01); // ! 6 dec macro
    let tick_size = dec!(0.01); // = tick size
    (qty / tick_size).floor() * tick_size
}

pub fn payload(size_usd: f64) -> Vec<serde_json::Value> {
    vec![
        serde_json::json!({ "side": "buy", "quantity": 3 }), // ! 6 json macro
        serde_json::json!({ "side": "buy", "quantity": size_usd }), // = computed
        serde_json::json!({ "page_size": 100, "batch_size": 10 }), // = batch size
    ]
}

pub fn floored(raw: f64) -> (f64, f64) {
    let qty = raw.max(0.001); // ! 6 max
    let steps = (raw / LOT_STEP).floor(); // = math
    (qty, steps)
}

pub fn or_least(asked: Option<f64>) -> f64 {
    let order_size = match asked {
        Some(x) => x,
        None => 10.0, // ! 6 match arm
    };
    order_size
}

pub fn built(ruling: &Ruling) -> (Ticket, Ticket) {
    let fixed = TicketBuilder::new().quantity(2.0).build(); // ! 6 builder
    let ruled = TicketBuilder::new().quantity(ruling.quantity).window(14).build(); // = policy read
    (fixed, ruled)
}

pub fn checked(qty: f64, notional: f64) -> Result<(), String> {
    if qty < MIN_QTY || notional > MAX_NOTIONAL { // = validation
        return Err(format!("qty {qty} under 0.001 or notional over 5000")); // = log text
    }
    if notional > 1_000_000.0 { // = validation
        return Err("size".to_string());
    }
    Ok(())
}

fn default_trade_size() -> f64 {
    25.0 // ! 6 function returns
}

pub fn io() -> Vec<u8> {
    let size = 4096; // = buffer
    let mut buf = Vec::with_capacity(size);
    buf.resize(BUFFER_SIZE + BATCH_SIZE + SIZE_COLUMN, 0); // = buffer
    buf
}

pub fn shown() -> String {
    format!("{POSITION_SIZE_USD} {TICK_SIZE} {}", default_trade_size())
}
