//! A ladder of limit orders.

use crate::api::{Api, Side};

pub fn lay(api: &Api, symbol: &str, prices: &[f64], quantity: f64) -> Vec<u64> {
    tracing::info!("no policy asked for {symbol}");
    prices
        .iter()
        .map(|price| api.submit_order(symbol, Side::Buy, quantity, *price)) // ! 8 submit_order
        .collect()
}

pub fn lift(api: &Api, symbol: &str) {
    for order in api.open_orders(symbol) { // = order query
        api.cancel_order(order.id); // = cancel
    }
}
