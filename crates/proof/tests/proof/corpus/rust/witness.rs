fn send(venue: &Venue, trade: &Trade) {
    venue.place_order(trade.symbol(), trade.leverage()); // = witness as an argument
}

fn enter(venue: &Venue, policy: InForce<'_>, symbol: &str) {
    venue.open_position(symbol, policy.leverage(symbol)); // = witness as an argument
}
