//! Trades without a policy.

fn run(venue: &Venue, retry_policy: RetryPolicy, signal: &Signal) {
    let order = build_order(signal); // = no emission
    venue.place_order(&order, retry_policy); // ! 8 place_order
    venue.place_order(&order, retry_policy); // = only the first entry is reported
}
