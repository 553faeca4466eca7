//! Fallbacks for a policy that cannot be read.

use crate::policy::{HarvestTheta, TradePolicy};

pub fn read_or_default(path: &str) -> TradePolicy {
    let policy: TradePolicy = load_policy(path).unwrap_or_default(); // ! 10 unwrap_or_default
    policy
}

pub fn read_or_else(path: &str) -> TradePolicy {
    let policy = load_policy(path).unwrap_or_else(|_| TradePolicy::default()); // ! 10 unwrap_or_else
    policy
}

pub fn read_or_path(path: &str) -> TradePolicy {
    load_policy(path).unwrap_or_else(|_| Default::default()) // ! 10 Default::default
}

pub fn theta_of(raw: &str) -> HarvestTheta {
    let theta: HarvestTheta = serde_json::from_str(raw).unwrap_or_default(); // ! 10 theta default
    theta
}

pub fn leverage_of(raw: &str) -> f64 {
    let leverage: f64 = raw.parse().unwrap_or_default(); // ! 10 leverage default
    leverage
}

pub fn quantity_of(raw: &str) -> f64 {
    let quantity: f64 = raw.parse::<f64>().unwrap_or_default(); // ! 10 size default
    quantity
}

pub fn fixed(path: &str) -> TradePolicy {
    load_policy(path).unwrap_or(DEFAULT_POLICY) // ! 10 DEFAULT_POLICY
}

pub fn by_match(path: &str) -> TradePolicy {
    let policy = match load_policy(path) {
        Ok(policy) => policy,
        Err(_) => TradePolicy::default(), // ! 10 Err arm
    };
    policy
}

pub async fn enter_anyway(venue: &Venue, symbol: &str, qty: f64, side: Side) {
    match load_policy(symbol) {
        Ok(policy) => venue.place_order(symbol, policy.qty, policy.side).await, // = policy guard
        Err(_) => venue.place_order(symbol, qty, side).await, // ! 9,10 Err arm enters
    }
}

pub fn strict(path: &str) -> Result<TradePolicy, Error> {
    let policy = load_policy(path)?; // = explicit error
    Ok(policy)
}

pub fn optional(path: &str) -> Option<TradePolicy> {
    match load_policy(path) {
        Ok(policy) => Some(policy),
        Err(error) => { // = explicit none
            tracing::warn!(%error, "no policy");
            None
        }
    }
}

pub fn settings(raw: &str) -> (LogLevel, Vec<String>, u64) {
    let level: LogLevel = raw.parse().unwrap_or_default(); // = other default
    let tags: Vec<String> = serde_json::from_str(raw).unwrap_or_default(); // = other default
    let timeout_ms = raw.parse::<u64>().unwrap_or(1_500); // = timing
    (level, tags, timeout_ms)
}

pub fn counters() -> Counters {
    Counters { seen: 0, skipped: 0, ..Default::default() } // = zero start
}

pub fn must(path: &str) -> TradePolicy {
    load_policy(path).expect("a policy is needed before 10 orders go out") // = explicit error
}
