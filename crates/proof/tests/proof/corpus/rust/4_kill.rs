//! The kill score.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::book::{Book, Trade};
use crate::theta::Theta;

const K_REGIME_FLIP: f64 = 0.4; // ! 4 const
static SIGMA_REF: f64 = 0.02; // ! 4 static
const KILL_SCORE_TOPIC: &str = "engine.kill_score"; // = key name
const SIGMA_WINDOW: usize = 96; // = window

pub struct KillParams {
    pub k_sigma_spike: f64,
    pub kill_threshold: f64,
    pub max_age_sec: u64,
    pub trend_min: Option<f64>,
}

pub struct CacheSettings {
    pub max_age_sec: u64,
    pub ttl: Duration,
}

pub fn pilot() -> (KillParams, CacheSettings) {
    let params = KillParams {
        k_sigma_spike: 0.3,  // ! 4 struct literal
        kill_threshold: 0.7, // ! 4 struct literal
        max_age_sec: 900,    // ! 4 beside others
        trend_min: None,     // = explicit none
    };
    let cache = CacheSettings {
        max_age_sec: 900,             // = timing
        ttl: Duration::from_secs(30), // = timing
    };
    (params, cache)
}

pub fn read(row: &HashMap<String, f64>, theta: &Theta) -> Value {
    let ts_ref = row.get("ts_ref").copied().unwrap_or(25.0); // ! 4 unwrap_or
    let trend_min = match row.get("trend_min") {
        Some(v) => *v,
        None => 0.25, // ! 4 match None
    };
    let sigma_spike_cap = theta.sigma_spike_cap.min(3.0); // ! 4 min
    let k_ts_drop = theta.k_ts_drop; // = policy read
    json!({
        "ts_ref": ts_ref,
        "trend_min": trend_min,
        "sigma_spike_cap": sigma_spike_cap,
        "k_ts_drop": k_ts_drop,
        "k_age_penalty": 0.1, // ! 4 json macro
        "kill_score_topic_partitions": 6 // = other compound
    })
}

pub fn k_close_threshold() -> f64 {
    0.65 // ! 4 fn return
}

pub fn act(book: &mut Book, trade: &Trade, kill_score: f64, theta: &Theta) {
    if !book.is_owner(trade) {
        return;
    }
    if kill_score > 0.8 { // ! 4 score compared
        book.close_position(trade);
        return;
    }
    if kill_score >= theta.kill_threshold { // = policy read
        book.close_position(trade);
    }
}

pub fn score(theta: &Theta, sigma: f64) -> f64 {
    let mut kill_score = 0.0; // = zero start
    kill_score += theta.k_sigma_spike * (sigma / theta.sigma_ref - 1.0).max(0.0); // = math
    debug_assert!(kill_score >= 0.0); // = validation
    tracing::debug!("kill score {kill_score}, closes above 0.8"); // = log text
    kill_score
}
