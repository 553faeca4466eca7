//! The kill score of a position.

use crate::policy::{ExitPermit, KillTheta};
use std::env;

const KILL_THRESHOLD: f64 = 0.7; // ! 4 const
static SIGMA_REF: f64 = 0.015; // ! 4 static
const KILL_SCORE_TOPIC: &str = "kill:scores:1"; // = other compound
const KILL_SCORE_HISTORY: usize = 500; // = window

pub struct KillParams {
    pub k_regime_flip: f64,
    pub k_sigma_spike: f64,
    pub k_ts_drop: f64,
    pub k_age_penalty: f64,
    pub max_age_sec: f64,
    pub ts_ref: f64,
    pub kill_score_digits: u32,
}

impl Default for KillParams {
    fn default() -> Self {
        KillParams {
            k_regime_flip: 1.0, // ! 4 Default impl
            k_sigma_spike: 0.5, // ! 4 Default impl
            k_ts_drop: 0.2, // ! 4 Default impl
            k_age_penalty: 0.3, // ! 4 Default impl
            max_age_sec: 86_400.0, // ! 4 beside others
            ts_ref: 0.3, // ! 4 Default impl
            kill_score_digits: 3, // = other compound
        }
    }
}

pub struct Cache {
    pub max_age_sec: u64,
    pub path: String,
}

pub fn cache() -> Cache {
    Cache { max_age_sec: 600, path: "/tmp/k".into() } // = timing
}

pub fn from_theta(theta: &KillTheta) -> KillParams {
    KillParams {
        k_regime_flip: theta.k_regime_flip, // = policy read
        k_sigma_spike: theta.k_sigma_spike,
        k_ts_drop: theta.k_ts_drop,
        k_age_penalty: theta.k_age_penalty,
        max_age_sec: theta.max_age_sec, // = policy read
        ts_ref: theta.ts_ref,
        kill_score_digits: 3, // = other compound
    }
}

pub fn act(desk: &mut Desk, permit: &ExitPermit, kill_score: f64) {
    if kill_score > 0.8 { // ! 4 score compared
        desk.close_position(permit);
    }
}

pub fn act_ruled(desk: &mut Desk, permit: &ExitPermit, kill_score: f64, theta: &KillTheta) {
    if kill_score >= theta.kill_threshold { // = policy read
        desk.close_position(permit);
    }
}

pub fn loose(asked: Option<f64>, drop: Option<f64>) -> [f64; 4] {
    let trend_min = asked.unwrap_or(0.2); // ! 4 unwrap_or
    let ts_drop_cap = drop.unwrap_or_else(|| 1.0); // ! 4 unwrap_or_else
    let k_close_threshold = env::var("K_CLOSE_THRESHOLD").unwrap_or("0.6".into()); // ! 4 env default
    let sigma_spike_cap = ts_drop_cap.clamp(0.0, 2.5); // ! 4 clamp
    [trend_min, ts_drop_cap, sigma_spike_cap, k_close_threshold.len() as f64]
}

pub fn valid(kill_score: f64, trend_min: f64) -> bool {
    if !(0.0..=1.0).contains(&kill_score) { // = validation
        return false;
    }
    debug_assert!(trend_min < 1.0, "trend_min 1.0 or more"); // = validation
    true
}

pub fn score(parts: &[f64]) -> f64 {
    let mut kill_score = 0.0; // = zero start
    for part in parts {
        kill_score += part;
    }
    eprintln!("kill_score {kill_score:.3} against 0.7"); // = log text
    1.0 / (1.0 + (-kill_score).exp()) // = math
}

pub fn topic() -> (&'static str, usize, f64, f64) {
    (KILL_SCORE_TOPIC, KILL_SCORE_HISTORY, KILL_THRESHOLD, SIGMA_REF)
}
