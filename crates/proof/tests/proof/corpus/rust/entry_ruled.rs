//! Entries that are made only under a policy.

use crate::policy::{load_policy, TradePolicy};

pub async fn enter(venue: &Venue, policy: &TradePolicy, symbol: &str) {
    venue.open_position(symbol, policy.leverage, policy.qty).await; // = policy parameter
}

pub async fn enter_or_not(venue: &Venue, symbol: &str) -> Result<(), Error> {
    let policy = load_policy(symbol)?; // = policy guard
    venue.place_order(symbol, policy.side, policy.qty).await; // = policy guard
    Ok(())
}

pub async fn enter_let_else(venue: &Venue, symbol: &str) {
    let Some(policy) = current_policy(symbol) else {
        tracing::warn!("no policy, {symbol} is skipped"); // = log text
        return;
    };
    venue.place_order(symbol, policy.side, policy.qty).await; // = policy guard
}

pub async fn enter_all(venue: &Venue, store: &PolicyStore, symbols: &[String]) {
    for symbol in symbols {
        let policy = match store.get_policy(symbol) {
            Ok(policy) => policy,
            Err(error) => { // = skipping handler
                tracing::warn!(%error, "skipped");
                continue;
            }
        };
        venue.execute_trade(symbol, policy.leverage).await; // = policy guard
    }
}

pub async fn enter_checked(venue: &Venue, policy: Option<&TradePolicy>, symbol: &str) {
    if policy.is_none() {
        return;
    }
    venue.send_order(symbol, policy).await; // = policy guard
}

pub async fn enter_inside(venue: &Venue, policy: Option<&TradePolicy>, symbol: &str) {
    let policy = match policy {
        Some(policy) => policy,
        None => return, // = policy guard
    };
    venue.new_order(symbol, policy.side, policy.qty).await; // = policy guard
}
