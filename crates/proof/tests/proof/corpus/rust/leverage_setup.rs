//! The leverage with which an account is opened. leverage = 10 here is prose, not code.

use std::collections::HashMap;

const DEFAULT_LEVERAGE: f64 = 10.0; // ! 1 const
static LEV: u32 = 5; // ! 1 static
const LEVERAGE_KEY: &str = "lev"; // = key name
const LEVERAGE_TIMEOUT: u64 = 30; // = timing
const LEVERAGE_RETRIES: u32 = 3; // = retries
const LEVERAGE_HELP: &str = "leverage = 10 is what the venue shows first"; // = log text
const MIN_LEVERAGE: f64 = 1.0; // = bound

pub struct Account {
    pub leverage: f64,
    pub leverage_digits: usize,
    pub venue: String,
}

impl Default for Account {
    fn default() -> Self {
        Account {
            leverage: 3.0, // ! 1 Default impl
            leverage_digits: 2, // = other compound
            venue: String::new(),
        }
    }
}

pub fn demo() -> Account {
    Account { leverage: 10.0, leverage_digits: 0, venue: "okx".into() } // ! 1 struct literal
}

/// Returns the account, with `leverage: 10.0` if the policy states it.
pub fn bare() -> Account {
    Account {
        leverage: 0.0, // = zero start
        leverage_digits: 1, // = other compound
        venue: String::new(),
    }
}

pub fn tune(account: &mut Account, extra: &mut HashMap<String, f64>, base: f64, ruled: f64) {
    let leverage = 10.0; // ! 1 assignment
    account.leverage = base * 2.0; // ! 1 literal factor
    extra.insert("leverage".to_string(), 20.0); // ! 1 map entry
    extra.insert("leverage_timeout".to_string(), 20.0); // = timing
    account.leverage = ruled; // = policy read
    tracing::debug!("leverage {leverage} after 10 tries"); // = log text
}

pub fn from_settings(given: Option<f64>, text: Option<&str>, pct: f64) -> [f64; 3] {
    let leverage = given.unwrap_or(10.0); // ! 1 unwrap_or
    let lev = text.map_or(5.0, |t| t.len() as f64); // ! 1 map_or
    let leverage_pct = pct;
    let order_leverage = leverage_pct / 100.0; // = unit conversion
    [leverage, lev, order_leverage]
}

pub fn checked(leverage: f64) -> Result<f64, String> {
    if leverage < MIN_LEVERAGE {
        return Err("too low".into());
    }
    if leverage > 125.0 { // = validation
        return Err(format!("leverage {leverage} above 125")); // = log text
    }
    assert!(leverage <= 125.0, "leverage above 125"); // = validation
    Ok(leverage)
}

fn default_leverage() -> f64 {
    10.0 // ! 1 function returns
}

pub fn show() {
    println!("start with leverage={} or {}", 10, default_leverage()); // = log text
    let _ = DEFAULT_LEVERAGE + f64::from(LEV);
}
