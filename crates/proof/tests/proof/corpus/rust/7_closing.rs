//! Calls that close something other than a position.

use tokio::io::AsyncWriteExt;

use crate::market::{Calendar, Candle};

const MARKET_CLOSE: &str = "16:00"; // = market hours

pub async fn shut(
    mut file: tokio::fs::File,
    pool: sqlx::PgPool,
    mut ws: crate::net::Socket,
) -> anyhow::Result<()> {
    file.flush().await?; // = closing a file
    drop(file); // = closing a file
    pool.close().await; // = closing a session
    ws.close(None).await?; // = closing a session
    Ok(())
}

pub fn last_close(candles: &[Candle]) -> Option<f64> {
    let close = candles.last()?.close; // = candle close
    Some(close)
}

pub fn is_over(calendar: &Calendar, now: i64) -> bool {
    now >= calendar.market_close_time() // = market hours
}

pub trait Closer {
    fn close_position(&self, symbol: &str); // = definition
}

pub fn help() {
    println!("close_position(symbol) needs an owner"); // = log text
}
