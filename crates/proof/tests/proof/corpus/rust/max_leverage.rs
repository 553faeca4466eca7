//! A maximum leverage is a bound and must never be used as the leverage of a trade.

use crate::limits::{LEVERAGE_CAP, MAX_LEVERAGE};
use crate::policy::TradePolicy;

const SPOT_MAX_LEVERAGE: f64 = 3.0; // = bound
const SPOT_LEVERAGE_CAP: f64 = 2.0; // = bound

pub struct Limits {
    pub max_leverage: f64,
    pub leverage_limit: f64,
}

pub struct Line {
    pub symbol: String,
    pub leverage: f64,
}

pub fn limits() -> Limits {
    Limits {
        max_leverage: 50.0, // = bound
        leverage_limit: LEVERAGE_CAP, // = bound
    }
}

pub fn full_throttle(symbol: &str) -> Line {
    let leverage = MAX_LEVERAGE; // ! 2 assignment
    Line { symbol: symbol.to_string(), leverage }
}

pub fn from_config(symbol: &str, limits: &Limits) -> Line {
    Line {
        symbol: symbol.to_string(),
        leverage: limits.max_leverage, // ! 2 struct literal
    }
}

pub fn held_down(asked: f64, limits: &Limits) -> f64 {
    let leverage = asked.min(limits.leverage_limit); // ! 2 min
    leverage
}

pub fn held_by_fn(asked: f64) -> f64 {
    let leverage = f64::min(asked, MAX_LEVERAGE); // ! 2 f64::min
    leverage
}

pub fn or_the_most(asked: Option<f64>) -> f64 {
    let leverage = asked.unwrap_or(LEVERAGE_CAP); // ! 2 unwrap_or
    leverage
}

pub fn or_the_most_else(asked: Option<f64>, limits: &Limits) -> f64 {
    let leverage = match asked {
        Some(x) => x,
        None => limits.max_leverage, // ! 2 match arm
    };
    leverage
}

pub fn raised(line: &mut Line, limits: &Limits) {
    line.leverage = limits.leverage_limit; // ! 2 field assignment
}

pub fn quoted(limits: &Limits) -> serde_json::Value {
    serde_json::json!({ "type": "plan", "leverage": limits.max_leverage }) // ! 2 json macro
}

pub fn built(limits: &Limits) -> Ticket {
    TicketBuilder::new().leverage(limits.max_leverage).build() // ! 2 builder
}

pub fn sent(venue: &Venue, policy: &TradePolicy, symbol: &str) {
    if policy.leverage > MAX_LEVERAGE { // = bound
        return;
    }
    venue.place_order(symbol, policy.side, policy.qty, MAX_LEVERAGE); // ! 2 order argument
}

pub fn too_high(line: &Line, limits: &Limits) -> Result<(), String> {
    if line.leverage > limits.max_leverage { // = validation
        return Err(format!("leverage {} over max_leverage {}", line.leverage, limits.max_leverage)); // = log text
    }
    debug_assert!(line.leverage <= SPOT_MAX_LEVERAGE); // = validation
    assert_ne!(line.leverage, SPOT_LEVERAGE_CAP); // = validation
    Ok(())
}

pub fn report(limits: &Limits) -> serde_json::Value {
    println!("leverage = {}", limits.max_leverage); // = log text
    serde_json::json!({ "max_leverage": limits.max_leverage }) // = bound
}

pub fn headroom(line: &Line, limits: &Limits) -> f64 {
    let leverage_room = limits.max_leverage - line.leverage; // = other compound
    leverage_room
}
