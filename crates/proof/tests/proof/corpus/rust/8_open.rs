//! Inventory of the market maker.

use crate::venue::Venue;

pub fn rebalance(venue: &mut Venue, symbol: &str, delta: f64) -> Option<u64> {
    if delta == 0.0 {
        return None;
    }
    Some(venue.open_position(symbol, delta)) // ! 8 open_position
}
