//! Further exits with and without an ownership check.

use crate::policy::{ExitPermit, TradePolicy};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
pub struct Intent {
    pub symbol: String,
    #[serde(default)] // ! 7 serde default
    pub reduce_only: bool,
    #[serde(default)] // = other field
    pub post_only: bool,
}

#[derive(Deserialize)]
pub struct StrictIntent {
    pub symbol: String,
    pub reduce_only: bool, // = required field
}

impl Default for Intent {
    fn default() -> Self {
        Intent {
            symbol: String::new(), // = empty text
            reduce_only: false, // ! 7 Default impl
            post_only: true, // = other field
        }
    }
}

pub async fn shut(venue: &Venue, symbol: &str) {
    venue.close_position(symbol).await; // ! 7 close without owner
}

pub async fn shut_permitted(venue: &Venue, symbol: &str, permit: &ExitPermit) {
    venue.close_position(symbol).await; // = permitted exit
}

pub async fn shut_owned(venue: &Venue, position: &Position, me: &str) {
    if position.owner != me {
        return;
    }
    venue.close_position(&position.symbol).await; // = owned exit
}

pub async fn shut_by_call(venue: &Venue, position: &Position) -> Result<(), Refusal> {
    check_ownership(position)?;
    venue.flatten(&position.symbol).await; // = owned exit
    Ok(())
}

pub async fn shut_then_ask(venue: &Venue, position: &Position, me: &str) {
    venue.exit_position(&position.symbol).await; // ! 7 checked too late
    if position.owner != me {
        eprintln!("closed a position of somebody else");
    }
}

pub async fn panic_out(venue: &Venue, all: &[Position]) {
    for position in all {
        venue.market_close(&position.symbol).await; // ! 7 in a loop
    }
}

pub async fn go_flat(venue: &Venue, symbol: &str) {
    venue.flatten(symbol).await; // ! 7 flatten
}

pub async fn reduce(venue: &Venue, policy: &TradePolicy, symbol: &str, held: f64) {
    venue.place_order(Order { symbol, qty: held, reduce_only: true, side: policy.exit_side }).await; // ! 7 reduce_only order
}

pub async fn reduce_for(venue: &Venue, policy: &TradePolicy, symbol: &str, held: f64, owner: &Owner) {
    let order = Order { symbol, qty: held, reduce_only: true, side: policy.exit_side };
    venue.place_order(order).await; // = owned exit
}

pub async fn stream_exit(redis: &mut Redis, symbol: &str) {
    println!("about to close_position({symbol})"); // = log text
    redis.xadd("close:orders", "*", serde_json::json!({ "symbol": symbol, "reduce_only": true })).await; // ! 7 xadd
}

pub fn parsed(raw: &HashMap<String, bool>, flag: Option<bool>) -> (bool, bool) {
    let reduce_only = raw.get("reduce_only").copied().unwrap_or(false); // ! 7 get unwrap_or
    let post_only = flag.unwrap_or(false); // = other field
    (reduce_only, post_only)
}

pub fn parsed_strict(raw: &HashMap<String, bool>) -> Option<bool> {
    let reduce_only = raw.get("reduce_only").copied()?; // = explicit none
    Some(reduce_only)
}

pub async fn shutdown(socket: &mut Socket, session: Session, file: File) {
    socket.close().await; // = closing a socket
    session.close_session().await; // = closing a session
    file.close(); // = closing a file
}

pub fn last_close(candles: &[Candle]) -> f64 {
    let close = candles[candles.len() - 1].close; // = candle close
    close
}

pub async fn close_position(venue: &Venue, symbol: &str) -> usize { // = definition
    venue.count(symbol).await
}
