fn send(venue: &Venue, trade: &Trade) {
    venue.place_order(trade.symbol(), trade.leverage()); // = handed a witness
}

fn enter(venue: &Venue, policy: InForce<'_>, symbol: &str) {
    venue.open_position(symbol, policy.leverage(symbol)); // = handed a witness
}
