//! Settings of the momentum book. `leverage = 10` was the pilot. // = docstring

use rust_decimal::Decimal;
use rust_decimal_macros::dec;
use serde::{Deserialize, Serialize};

const DEFAULT_LEVERAGE: f64 = 10.0; // ! 1 const
static HEDGE_LEVERAGE: f64 = 3.0; // ! 1 static
const LEVERAGE_TIMEOUT: u64 = 10; // = other compound
const MAX_LEVERAGE: f64 = 20.0; // = bound
const BASE: f64 = 6.0;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    #[serde(default = "default_leverage")]
    pub leverage: f64,
    #[serde(rename = "lev")]
    pub hedge_leverage: Decimal,
    /// leverage of the pilot was 10.0 // = docstring
    pub pilot: Option<f64>,
    pub retries: u32,
}

fn default_leverage() -> f64 {
    10.0 // ! 1 serde default
}

fn default_retries() -> u32 {
    5 // = retries
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            leverage: 5.0,            // ! 1 Default impl
            hedge_leverage: dec!(10), // ! 1 macro
            pilot: None,
            retries: 3, // = retries
        }
    }
}

pub struct Ask {
    pub leverage: Option<f64>,
    pub timeout_ms: u64,
}

pub fn asks() -> Vec<Ask> {
    vec![
        Ask {
            leverage: Some(4.0), // ! 1 struct literal
            timeout_ms: 250,     // = timing
        },
        Ask {
            leverage: None, // = explicit none
            timeout_ms: 500,
        },
        Ask {
            leverage: Some(BASE), // ! 1 bound name
            timeout_ms: 500,
        },
    ]
}

#[derive(Clone, Copy)]
pub enum Column {
    Symbol = 0,
    Leverage = 1, // = enum
}

pub struct Leverage(f64);

impl Leverage {
    pub const LABEL: &'static str = "leverage"; // = key name

    pub fn new(value: f64) -> Option<Self> {
        if value > MAX_LEVERAGE {
            return None;
        }
        Some(Self(value))
    }

    pub fn pilot() -> Option<Self> {
        let leverage = Leverage::new(10.0); // ! 1 constructor
        leverage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_ten() {
        let leverage = 10.0; // = test
        let settings = Settings {
            leverage: 7.0, // = test
            ..Settings::default()
        };
        assert!(settings.leverage < leverage);
    }
}
