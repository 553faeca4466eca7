//! The choice of a leverage in the pilot.

use std::collections::HashMap;

use maplit::hashmap;
use serde_json::{Value, json};
use tracing::{debug, info, warn};

use crate::policy::Policy;
use crate::signal::{Draft, Regime, Signal};

pub fn fallbacks(signal: &Signal, policy: Option<&Policy>) -> Vec<f64> {
    let leverage = signal.leverage.unwrap_or(10.0); // ! 1 unwrap_or
    let lev = signal.leverage.unwrap_or_else(|| 8.0); // ! 1 unwrap_or_else
    let hedge_leverage = policy.map_or(3.0, |p| p.leverage); // ! 1 map_or
    let entry_leverage = if let Some(p) = policy {
        p.leverage // = policy read
    } else {
        7.0 // ! 1 if let else
    };
    let probe_leverage = match policy {
        Some(p) => p.leverage, // = policy read
        None => 2.0,           // ! 1 match None
    };
    let window = signal.window.unwrap_or(96); // = window
    debug!("leverage = 10 over {window} bars"); // = log text
    vec![leverage, lev, hedge_leverage, entry_leverage, probe_leverage]
}

pub fn by_regime(regime: Regime, base: f64) -> f64 {
    let leverage = match regime {
        Regime::Trend => 10.0,      // ! 1 match arm
        Regime::Range => base * 2.0, // ! 1 literal factor
    };
    leverage
}

pub fn pick_leverage(trending: bool) -> f64 {
    if trending {
        return 9.0; // ! 1 fn return
    }
    3.0 // ! 1 fn return
}

pub fn bounded(asked: f64, policy: &Policy) -> (f64, f64, f64) {
    let leverage = asked.min(20.0); // ! 1 min
    let lev = asked.clamp(1.0, 25.0); // ! 1 clamp
    let distance = 1.0 / policy.leverage; // = math
    if leverage > 125.0 { // = bound
        warn!("leverage {leverage} above 125"); // = log text
    }
    assert!(lev <= 50.0, "leverage above 50"); // = validation
    (leverage, lev, distance)
}

pub fn draft(symbol: &str, policy: &Policy) -> (Draft, Draft, Draft) {
    let a = Draft::builder().symbol(symbol).leverage(10.0).build(); // ! 1 builder
    let b = Draft::builder().symbol(symbol).leverage(policy.leverage).build(); // = policy read
    let mut c = Draft::empty(symbol);
    c.leverage = 4.0; // ! 1 field assignment
    (a, b, c)
}

pub fn bodies(symbol: &str, policy: &Policy) -> (Value, Value, HashMap<&'static str, f64>) {
    let literal = json!({"symbol": symbol, "leverage": 10}); // ! 1 json macro
    let read = json!({"symbol": symbol, "leverage": policy.leverage, "version": 2}); // = version
    let map = hashmap! {"leverage" => 10.0}; // ! 1 hashmap macro
    println!("leverage: 10, {literal}"); // = log text
    (literal, read, map)
}

pub fn insert(map: &mut HashMap<String, f64>) {
    map.insert("leverage".to_string(), 6.0); // ! 1 map insert
    map.insert("leverage_timeout".to_string(), 6.0); // = other compound
    // leverage = 6.0 was the pilot // = comment
    info!(entries = map.len(), "inserted"); // = log text
}

pub async fn mean(rows: &[Signal]) -> Option<f64> {
    let mut leverage = 0.0; // = zero start
    for row in rows {
        leverage += row.leverage?; // = read
    }
    tokio::time::sleep(std::time::Duration::from_millis(10)).await; // = timing
    Some(leverage / rows.len() as f64)
}

#[test]
fn picks() {
    let leverage = 9.0; // = test
    assert_eq!(pick_leverage(true), leverage);
}
