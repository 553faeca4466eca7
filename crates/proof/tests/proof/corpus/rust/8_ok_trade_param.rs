//! Execution of decisions of the engine.

use crate::client::Client;
use crate::engine::{EngineDecision, Trade};
use crate::policy::Policy;

pub async fn carry_out(client: &Client, trade: &Trade) -> anyhow::Result<()> {
    client.create_order(&trade.symbol, trade.side, trade.quantity).await // = policy param
}

pub async fn decided(client: &Client, decision: EngineDecision) -> anyhow::Result<()> {
    client.place_order(&decision.symbol, decision.side, decision.quantity).await // = policy param
}

pub async fn under(client: &Client, symbol: &str, policy: &Policy) -> anyhow::Result<()> {
    client.submit_order(symbol, policy.side, policy.quantity).await // = policy param
}
