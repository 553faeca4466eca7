//! Exits with and without an ownership check.

fn panic_close(venue: &Venue, symbol: &str) {
    venue.close_position(symbol); // ! 7 close without owner
}

fn reduce(venue: &Venue, symbol: &str) {
    venue.place_order(Order { symbol, reduce_only: true }); // ! 7 struct literal
}

fn built(venue: &Venue, symbol: &str) {
    venue.submit_order(Order::market(symbol).reduce_only(true)); // ! 7 builder
}

fn as_json(venue: &Venue, symbol: &str) {
    let order = json!({ "symbol": symbol, "reduceOnly": true });
    venue.send_order(&order); // ! 7 json
}

async fn flatten_all(venue: &Venue) {
    venue.flatten(All).await; // ! 7 flatten
}

fn owned(venue: &Venue, ownership: &ExitOwnership, source: &str, symbol: &str) {
    if !ownership.allows(source) {
        return;
    }
    venue.close_position(symbol); // = owned exit
}

fn permitted(venue: &Venue, permit: &ExitPermit) {
    venue.close_position(permit.symbol()); // = owned exit
}

fn compared(venue: &Venue, source: &str, symbol: &str) -> Result<(), Denied> {
    if source != EXIT_OWNER {
        return Err(Denied);
    }
    venue.place_order(Order { symbol, reduce_only: true }); // = owned exit
    Ok(())
}

fn tidy(file: File, stream: TcpStream, candle: &Candle, nested: Vec<Vec<u8>>) -> f64 {
    file.close(); // = closing something else
    stream.close_connection(); // = closing something else
    let all: Vec<u8> = nested.into_iter().flatten().collect(); // = closing something else
    let last = candle.close(); // = closing price
    candle.close_price() // = closing price
}

#[derive(Deserialize)]
struct Order {
    symbol: String,
    #[serde(default)] // ! 7 serde default
    reduce_only: bool,
    #[serde(default)] // = another flag
    post_only: bool,
}

fn read(fields: &Fields) -> bool {
    let flag = fields.reduce_only.unwrap_or(false); // ! 7 unwrap_or
    let other = fields.get("reduceOnly").and_then(as_bool).unwrap_or_default(); // ! 7 unwrap_or_default
    let third = fields.post_only.unwrap_or(false); // = another flag
    let fourth = fields.reduce_only; // = no default
    flag
}
