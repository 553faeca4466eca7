//! The maximum leverage of the exchange, used as a bound and as a decision.

use crate::config::{Config, MAX_LEVERAGE, MIN_LEVERAGE};
use crate::engine::Trade;
use crate::orders::{Client, Draft};

const LEVERAGE_LIMIT: f64 = 50.0; // = bound

pub fn admit(leverage: f64, cfg: &Config) -> Result<(), String> {
    if leverage > cfg.max_leverage { // = bound
        return Err(format!("leverage {leverage} above {}", cfg.max_leverage)); // = log text
    }
    debug_assert!(leverage <= LEVERAGE_LIMIT); // = validation
    let headroom = leverage / cfg.max_leverage; // = math
    tracing::info!("headroom {headroom}, cap {MAX_LEVERAGE}"); // = log text
    Ok(())
}

pub fn decide(asked: Option<f64>, cfg: &Config) -> [f64; 4] {
    let leverage = MAX_LEVERAGE; // ! 2 assignment
    let entry_leverage = asked.unwrap_or(MAX_LEVERAGE); // ! 2 unwrap_or
    let hedge_leverage = leverage.min(cfg.max_leverage); // ! 2 min
    let lev = entry_leverage.clamp(MIN_LEVERAGE, cfg.leverage_cap); // ! 2 clamp
    [leverage, entry_leverage, hedge_leverage, lev]
}

pub struct Desk {
    max_leverage: f64,
    leverage: f64,
}

impl Desk {
    pub fn new(max_leverage: f64) -> Self {
        Self {
            max_leverage,           // = bound
            leverage: max_leverage, // ! 2 struct literal
        }
    }

    pub fn raise(&mut self, cfg: &Config) {
        self.max_leverage = cfg.max_leverage; // = bound
        self.leverage = cfg.leverage_limit; // ! 2 field assignment
    }

    pub fn draft(&self, symbol: &str) -> Draft {
        Draft::builder()
            .symbol(symbol)
            .leverage(self.max_leverage) // ! 2 builder
            .build()
    }
}

pub fn by_match(asked: Option<f64>, cfg: &Config) -> f64 {
    let leverage = match asked {
        Some(asked) => asked,
        None => cfg.max_leverage, // ! 2 match None
    };
    leverage
}

pub async fn enter(client: &Client, trade: &Trade, cfg: &Config) -> anyhow::Result<()> {
    client
        .place_order(Draft {
            symbol: trade.symbol.clone(),
            quantity: trade.quantity,
            leverage: cfg.max_leverage, // ! 2 order field
        })
        .await
}
