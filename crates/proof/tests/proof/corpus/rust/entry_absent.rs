//! Entries that read a policy and then continue without one.

use crate::policy::{load_policy, ExitPermit, TradePolicy};

pub async fn warn_only(venue: &Venue, symbol: &str, qty: f64) {
    let policy = load_policy(symbol);
    if policy.is_none() {
        tracing::warn!("no policy for {symbol}"); // = log text
    }
    venue.place_order(symbol, qty).await; // ! 9 warns and goes on
}

pub async fn unasked(venue: &Venue, policy: Option<TradePolicy>, symbol: &str, qty: f64) {
    venue.open_position(symbol, qty, policy).await; // ! 9 optional parameter
}

pub async fn too_late(venue: &Venue, symbol: &str, qty: f64) -> Result<(), Error> {
    let policy = current_policy(symbol);
    venue.submit_order(symbol, qty).await; // ! 9 guard after entry
    if policy.is_none() {
        return Err(Error::NoPolicy);
    }
    Ok(())
}

pub async fn other_guard(venue: &Venue, symbol: &str, qty: f64, paused: bool) {
    let policy = get_policy(symbol);
    if paused { // = other guard
        return;
    }
    venue.execute_trade(symbol, qty, policy).await; // ! 9 other guard
}

pub async fn counted(venue: &Venue, redis: &mut Redis, symbol: &str, body: &str) {
    let policy = load_policy(symbol);
    if policy.is_none() {
        redis.incr("policy:absent", 1).await; // = counter
    }
    redis.xadd("trade:intents", "*", body).await; // ! 9 xadd
}

pub async fn question(venue: &Venue, symbol: &str, qty: f64) -> Result<(), Error> {
    let policy = load_policy(symbol).ok_or(Error::NoPolicy)?; // = policy guard
    venue.place_order(symbol, qty, policy.side).await; // = policy guard
    Ok(())
}

pub async fn no_entry(symbol: &str) -> bool {
    let policy = load_policy(symbol);
    policy.is_some() // = no entry
}

pub async fn way_out(venue: &Venue, policy: Option<TradePolicy>, symbol: &str, permit: &ExitPermit) {
    venue.close_position(symbol, policy).await; // = permitted exit
}
