//! Exits without and with an owner.

use crate::client::{Client, OrderDraft};
use crate::engine::{ExitPermit, Position};
use crate::ledger::Ledger;

pub struct Guard {
    client: Client,
    me: String,
    ledger: Ledger,
}

impl Guard {
    /// The caller checks the owner.
    pub async fn stop_out(&self, position: &Position) -> anyhow::Result<()> {
        self.client.close_position(&position.symbol).await // ! 7 close_position
    }

    pub async fn panic(&self, positions: &[Position]) {
        for position in positions {
            let _ = self.client.flatten(&position.symbol).await; // ! 7 flatten
        }
    }

    pub async fn reduce(&self, position: &Position) -> anyhow::Result<()> {
        // the owner was checked on entry
        let draft = self.client.draft(&position.symbol);
        self.client.place_order(OrderDraft { reduce_only: true, ..draft }).await // ! 7 reduce_only
    }

    pub async fn late(&self, position: &Position) -> anyhow::Result<()> {
        self.client.exit_position(&position.symbol).await?; // ! 7 check after
        if position.owner != self.me {
            tracing::error!("closed a position of another");
        }
        Ok(())
    }

    pub async fn read_only(&self, position: &Position) -> anyhow::Result<String> {
        let owner = position.owner.clone();
        self.client.market_close(&position.symbol).await?; // ! 7 owner not compared
        Ok(owner)
    }

    pub async fn stop_owned(&self, position: &Position) -> anyhow::Result<()> {
        if position.owner != self.me {
            return Ok(());
        }
        self.client.close_position(&position.symbol).await // = owner check
    }

    pub async fn stop_checked(&self, position: &Position) -> anyhow::Result<()> {
        self.ledger.verify_ownership(position)?;
        self.client.market_close(&position.symbol).await // = owner check
    }

    pub async fn stop_with_permit(&self, symbol: &str, permit: ExitPermit) -> anyhow::Result<()> {
        tracing::info!("permit {}", permit.id());
        self.client.exit_position(symbol).await // = exit permit
    }

    pub async fn reduce_with_permit(&self, draft: OrderDraft, _: &ExitPermit) -> anyhow::Result<()> {
        self.client.submit_order(OrderDraft { reduce_only: true, ..draft }).await // = exit permit
    }
}

pub async fn by_parameter(client: &Client, symbol: &str, owner: &str) -> anyhow::Result<()> {
    client.close_order(symbol, owner).await // = owner check
}

pub async fn stream(redis: &mut redis::Connection, id: &str) -> redis::RedisResult<()> {
    redis.xadd("orders", "*", &[("id", id), ("reduce_only", "true")]).await // ! 7 stream
}
