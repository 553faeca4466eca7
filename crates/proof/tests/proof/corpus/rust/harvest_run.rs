//! Closes parts of an open position as its R grows.

use crate::policy::{ExitPermit, HarvestTheta};
use std::collections::HashMap;

const FALLBACK_STOP_PCT: f64 = 0.02; // ! 3 const
pub const TAKE_PROFIT_PCT: f64 = 3.5; // ! 3 const
const PARTIAL_LEVELS: [f64; 3] = [1.0, 2.0, 4.0]; // ! 3 const list
const T1_R_KEY: &str = "T1_R"; // = key name
const R_DIGITS: i32 = 4; // = other compound
const WINDOW: usize = 14; // = window
const EPSILON: f64 = 1e-9; // = math

pub fn step(desk: &mut Desk, permit: &ExitPermit, r_net: f64) {
    if r_net >= 2.0 { // ! 3 R compared
        desk.close_partial(permit, desk.half());
    }
}

pub fn step_ruled(desk: &mut Desk, permit: &ExitPermit, r_net: f64, theta: &HarvestTheta) {
    if r_net >= theta.t1_r { // = policy read
        desk.close_partial(permit, desk.half());
    }
}

pub fn by_level(desk: &mut Desk, permit: &ExitPermit, r_net: f64) {
    match r_net {
        _ if r_net > 4.0 => desk.close_position(permit), // ! 3 match guard
        _ => {}
    }
}

pub fn stop_price(entry: f64, given: Option<f64>, theta: &HarvestTheta) -> f64 {
    let stop_loss_pct = given.unwrap_or(0.015); // ! 3 unwrap_or
    let ruled_stop = theta.fallback_stop_pct; // = policy read
    entry * (1.0 - stop_loss_pct - ruled_stop) // = unit conversion
}

pub fn from_map(raw: &HashMap<String, f64>) -> (f64, f64, f64) {
    let t2_r = *raw.get("T2_R").unwrap_or(&3.0); // ! 3 get fallback
    let lock_r = raw.get("lock_R").copied().map_or(0.5, |x| x); // ! 3 map_or
    let be_plus_pct = if let Some(x) = raw.get("be_plus_pct") {
        *x
    } else {
        0.001 // ! 3 if let else
    };
    (t2_r, lock_r, be_plus_pct)
}

pub fn read_level(raw: &HashMap<String, f64>) -> Option<f64> {
    let t1_r = raw.get(T1_R_KEY)?; // = explicit none
    Some((t1_r * 1e4).round() / 1e4) // = math
}

pub fn mean_r(series: &[f64]) -> f64 {
    let mut r_sum = 0.0; // = zero start
    for x in series.iter().take(20) { // = window
        r_sum += x;
    }
    r_sum / series.len().max(1) as f64 // = math
}

pub fn describe(r_net: f64) {
    if r_net.is_nan() {
        println!("no R, T1_R 2.0 not reached"); // = log text
    }
    println!("r_net {:.2} of {}", r_net, 2.0); // = log text
    println!("{FALLBACK_STOP_PCT} {TAKE_PROFIT_PCT} {PARTIAL_LEVELS:?} {R_DIGITS} {WINDOW} {EPSILON}");
}
