//! The leverage that is used if none was requested.

use rust_decimal_macros::dec;
use std::env;

pub struct Wish {
    pub leverage: Option<f64>,
    pub venue: String,
}

pub struct Ruling {
    pub leverage: f64,
}

pub fn by_closure(wish: &Wish) -> f64 {
    let leverage = wish.leverage.unwrap_or_else(|| 10.0); // ! 1 unwrap_or_else
    leverage
}

pub fn by_if_let(wish: &Wish) -> f64 {
    let leverage = if let Some(asked) = wish.leverage {
        asked
    } else {
        5.0 // ! 1 if let else
    };
    leverage
}

pub fn by_match(wish: &Wish) -> f64 {
    let leverage = match wish.leverage {
        Some(asked) => asked,
        None => 7.0, // ! 1 match arm
    };
    leverage
}

pub fn by_ruling(wish: &Wish, ruling: &Ruling) -> f64 {
    let leverage = match wish.leverage {
        Some(asked) => asked.min(ruling.leverage), // = policy read
        None => ruling.leverage, // = policy read
    };
    leverage
}

pub fn by_env() -> f64 {
    let raw_timeout = env::var("LEVERAGE_TIMEOUT").unwrap_or("30".to_string()); // = timing
    let leverage = env::var("LEVERAGE").unwrap_or("10".to_string()); // ! 1 env default
    let parsed: f64 = leverage.parse().expect("LEVERAGE is a number, such as 10"); // = log text
    parsed + raw_timeout.len() as f64
}

pub fn by_let_else(wish: &Wish) -> Option<f64> {
    let Some(leverage) = wish.leverage else { // = explicit none
        return None;
    };
    Some(leverage)
}

pub fn by_bound(asked: f64) -> f64 {
    let leverage = asked.min(20.0); // ! 1 min
    let lev = leverage.clamp(1.0, 50.0); // ! 1 clamp
    lev
}

pub fn by_decimal() -> rust_decimal::Decimal {
    let leverage = dec!(10); // ! 1 dec macro
    let leverage_scale = dec!(100); // = other compound
    leverage / leverage_scale
}

pub fn by_json(ruling: &Ruling) -> Vec<serde_json::Value> {
    vec![
        serde_json::json!({ "venue": "okx", "leverage": 10 }), // ! 1 json macro
        serde_json::json!({ "venue": "okx", "leverage": ruling.leverage }), // = policy read
        serde_json::json!({ "venue": "okx", "leverage": null }), // = explicit none
        serde_json::json!({ "leverage_column": 4, "leverage_timeout_ms": 1500 }), // = other compound
    ]
}

pub fn by_builder(ruling: &Ruling) -> (Ticket, Ticket) {
    let loud = TicketBuilder::new().leverage(10.0).build(); // ! 1 builder
    let ruled = TicketBuilder::new().leverage(ruling.leverage).timeout_sec(10).build(); // = policy read
    (loud, ruled)
}

pub fn by_newtype() -> Leverage {
    let leverage = Leverage::new(10.0); // ! 1 constructor
    leverage
}

pub fn by_nothing(wish: &Wish) -> f64 {
    let leverage = wish.leverage.unwrap_or(f64::NAN); // = explicit none
    leverage
}

pub fn bound_once(wish: &mut Wish) {
    let usual = 12.0; wish.leverage = Some(usual); // ! 1 bound name
}

pub fn cleared(wish: &mut Wish) {
    wish.leverage = None; // = explicit none
}
