//! A breakout bot that does not use a policy.

use crate::client::Client;
use crate::market::Candle;

pub struct Breakout {
    client: Client,
    high: f64,
}

impl Breakout {
    // the policy is looked at downstream
    pub async fn on_candle(&self, candle: &Candle, quantity: f64) -> anyhow::Result<()> {
        if candle.close > self.high { // = candle close
            self.client.place_order(&candle.symbol, "BUY", quantity).await?; // ! 8 place_order
        }
        Ok(())
    }
}
