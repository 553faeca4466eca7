//! Uses of a policy, some of which continue if there is none.

use quantum::{PolicyStore, load_policy};

fn careless(venue: &Venue, symbol: &str) {
    let policy = load_policy();
    venue.place_order(symbol); // ! 9 not asked
}

fn logs_and_goes_on(venue: &Venue, symbol: &str) {
    let policy = load_policy();
    if policy.is_none() {
        warn("no policy");
    }
    venue.submit_order(symbol); // ! 9 falls on
}

fn only_inside(venue: &Venue, store: &PolicyStore, symbol: &str) {
    if let Some(policy) = store.current_policy() {
        note(policy);
    }
    venue.place_order(symbol); // ! 9 outside of the branch
}

fn optional(venue: &Venue, policy: Option<&Policy>, symbol: &str) {
    venue.open_position(symbol); // ! 9 optional argument
}

fn an_arm_goes_on(venue: &Venue, symbol: &str) {
    let policy = match load_policy() {
        Some(policy) => policy,
        None => Policy::emergency(),
    };
    venue.place_order(symbol, policy.leverage(symbol)); // ! 9 made-up policy
}

fn lets(venue: &Venue, symbol: &str) {
    let Some(policy) = load_policy() else {
        return;
    };
    venue.place_order(symbol, policy.leverage(symbol)); // = guarded entry
}

fn asks(venue: &Venue, store: &PolicyStore, symbol: &str) -> Result<(), Absent> {
    let policy = store.load_policy()?;
    venue.place_order(symbol, policy.leverage(symbol)); // = guarded entry
    Ok(())
}

fn matches_on(venue: &Venue, symbol: &str) {
    match load_policy() {
        Ok(policy) => venue.place_order(symbol, policy.leverage(symbol)), // = guarded entry
        Err(absence) => skip(absence),
    }
}

fn returns(venue: &Venue, symbol: &str) {
    let policy = load_policy();
    if policy.is_none() {
        return;
    }
    venue.submit_order(symbol); // = guarded entry
}

fn inside(venue: &Venue, feed: &Feed, symbol: &str) {
    if let Some(policy) = feed.current_policy() {
        venue.place_order(symbol, policy.leverage(symbol)); // = guarded entry
    }
}

fn leaves_by_arm(venue: &Venue, symbol: &str) {
    for intent in intents() {
        let policy = match load_policy() {
            Some(policy) => policy,
            None => continue,
        };
        venue.place_order(symbol, policy.leverage(symbol)); // = guarded entry
    }
}

fn reads(venue: &Venue) {
    venue.open_orders("BTCUSDT"); // = no emission
    venue.cancel_order(7); // = no emission
    venue.order_status(7); // = no emission
}

fn default_policy() -> Theta {
    Theta::default() // ! 10 Theta::default
}

fn missing(params: &Params, store: &PolicyStore) {
    let leverage: f64 = params.leverage.unwrap_or_default(); // ! 10 unwrap_or_default
    let policy = load_policy().unwrap_or_default(); // ! 10 policy by default
    let theta = store.theta().unwrap_or_else(Theta::fallback); // ! 10 unwrap_or_else
    let other = load_policy().unwrap_or(DEFAULT_POLICY); // ! 10 unwrap_or
    let note: String = params.note.unwrap_or_default(); // = another quantity
    let tags: Vec<String> = params.tags.unwrap_or_default(); // = another quantity
    let count = params.count.unwrap_or_default(); // = another quantity
    let config = HttpConfig::default(); // = another quantity
}

fn an_error_becomes_a_number(text: &str) -> f64 {
    let leverage = match text.parse() {
        Ok(leverage) => leverage,
        Err(_) => 3.0, // ! 1 match arm
    };
    leverage
}

fn an_error_becomes_theta(store: &PolicyStore) -> Theta {
    match store.load_policy() {
        Ok(policy) => policy.theta(),
        Err(_) => default_theta(), // ! 10 error becomes a default
    }
}

fn an_error_trades(venue: &Venue, symbol: &str) {
    match load_policy() {
        Ok(policy) => venue.place_order(symbol, policy.leverage(symbol)), // = guarded entry
        Err(_) => { // ! 10 error trades
            venue.place_order(symbol, asked()); // ! 9 in the arm of the error
        }
    }
}

fn an_error_skips(venue: &Venue, symbol: &str) {
    let policy = match load_policy() {
        Ok(policy) => policy,
        Err(error) => return skip(error), // = handler returns
    };
    venue.place_order(symbol, policy.leverage(symbol)); // = guarded entry
}
