//! Breakout strategy: opens when the price leaves its band.

const BAND_BARS: usize = 20; // = window
const POLL: std::time::Duration = std::time::Duration::from_millis(500); // = timing

pub async fn run(venue: &Venue, feed: &mut Candles) {
    while let Some(candle) = feed.next().await {
        if candle.close > feed.high(BAND_BARS) { // = candle close
            venue.place_order(&candle.symbol, Side::Buy, feed.qty()).await; // ! 8 module without policy
        }
        tokio::time::sleep(POLL).await; // = timing
    }
}

/// Only the first entry of a module is reported, so this one is not.
pub async fn add(venue: &Venue, symbol: &str, qty: f64) {
    venue.submit_order(symbol, qty).await; // = later entry
}
