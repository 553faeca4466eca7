//! Harvest settings and the rules that act on R.

use clap::Parser;
use serde::Deserialize;

use crate::book::{Book, Trade};
use crate::theta::Theta;

const T1_R: f64 = 1.0; // ! 3 const
const T1_R_KEY: &str = "harvest.t1_r"; // = key name
const HARVEST_INTERVAL_SEC: u64 = 5; // = timing

#[derive(Deserialize)]
pub struct Harvest {
    #[serde(default = "default_t2_r")]
    pub t2_r: f64,
    pub lock_r: f64,
    pub cost_bps: Option<f64>,
    pub partial_levels: Vec<f64>,
}

fn default_t2_r() -> f64 {
    2.0 // ! 3 serde default
}

impl Default for Harvest {
    fn default() -> Self {
        Harvest {
            t2_r: 2.5,                           // ! 3 Default impl
            lock_r: 0.0,                         // ! 3 zero threshold
            cost_bps: None,                      // = explicit none
            partial_levels: vec![1.0, 2.0, 3.0], // ! 3 vec macro
        }
    }
}

#[derive(Parser)]
pub struct Args {
    #[arg(long, default_value_t = 1.5)] // ! 3 clap default_value_t
    pub stop_loss_pct: f64,
    #[arg(long)] // = no default
    pub take_profit_pct: f64,
}

pub fn read(theta: Option<&Theta>, row: &Harvest) -> (f64, f64, f64) {
    let be_plus_pct = theta.map_or(0.05, |t| t.be_plus_pct); // ! 3 map_or
    let cost_bps = row.cost_bps.unwrap_or(8.0); // ! 3 unwrap_or
    let cost = cost_bps / 10_000.0; // = unit conversion
    let fallback_stop_pct = if row.lock_r > T1_R { row.lock_r } else { 1.2 }; // ! 3 if else
    (1.0 + be_plus_pct, cost, fallback_stop_pct) // = unit conversion
}

pub fn step(book: &mut Book, trade: &Trade, theta: &Theta, me: &str) {
    if trade.owner != me {
        return;
    }
    if trade.r_net >= 2.0 { // ! 3 R compared
        book.close_partial(trade, theta.fraction);
    } else if trade.r_net >= theta.t1_r { // = policy read
        book.close_partial(trade, theta.fraction);
    }
    tracing::info!("t3_r = 3.0 was not reached by {}", trade.id); // = log text
}

pub fn validate(theta: &Theta) -> bool {
    assert!(0.0 < theta.t1_r); // = validation
    theta.cost_bps <= 100.0 // = bound
}

pub fn wins(trades: &[Trade]) -> usize {
    trades.iter().filter(|t| t.r_net > 0.0).count() // = report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harvest() -> Harvest {
        Harvest {
            t2_r: 2.0, // = test
            cost_bps: Some(4.0), // = test
            ..Default::default()
        }
    }

    #[test]
    fn t2_is_two() {
        assert_eq!(harvest().t2_r, 2.0); // = test
    }
}
