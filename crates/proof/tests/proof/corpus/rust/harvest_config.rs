//! Harvest thresholds of the position manager, which are read from its settings.

use clap::Parser;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub struct HarvestTheta {
    #[serde(default = "default_t1_r")]
    pub t1_r: f64,
    #[serde(default = "default_lock_r")]
    pub lock_r: f64,
    pub be_plus_pct: f64,
    pub cost_bps: f64,
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    #[serde(rename = "T3_R")] // = key name
    pub t3_r: f64,
}

fn default_t1_r() -> f64 {
    1.5 // ! 3 serde default
}

fn default_lock_r() -> f64 {
    0.0 // ! 3 zero threshold
}

fn default_poll_ms() -> u64 {
    250 // = timing
}

#[derive(Debug, Parser)]
pub struct Args {
    /// First harvest level, in R (2.0 in the old notes).
    #[arg(long, default_value_t = 2.0)] // ! 3 clap default_value_t
    pub t1_r: f64,
    #[arg(long, env = "T2_R", default_value = "4.0")] // ! 3 clap default_value
    pub t2_r: f64,
    #[arg(long, default_value_t = 8080)] // = port
    pub port: u16,
    #[arg(long, default_value_t = 5)] // = retries
    pub retries: u32,
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=50))] // = validation
    pub t3_r_percentile: u8,
    #[arg(long, default_value = "manager:9000")] // = port
    pub listen: String,
}

impl Default for HarvestTheta {
    fn default() -> Self {
        Self {
            t1_r: default_t1_r(),
            lock_r: default_lock_r(),
            be_plus_pct: 0.002, // ! 3 Default impl
            cost_bps: 10.0, // ! 3 Default impl
            poll_ms: 250, // = timing
            t3_r: 6.0, // ! 3 Default impl
        }
    }
}

pub fn checked(theta: &HarvestTheta) -> bool {
    assert!(0.0 < theta.t1_r, "t1_r"); // = validation
    theta.cost_bps < 500.0 && theta.be_plus_pct >= 0.0 // = validation
}

pub fn break_even(entry: f64, theta: &HarvestTheta) -> f64 {
    entry * (1.0 + theta.be_plus_pct) // = unit conversion
}

pub fn cost(notional: f64, theta: &HarvestTheta) -> f64 {
    let cost = theta.cost_bps / 10_000.0; // = unit conversion
    notional * cost
}
