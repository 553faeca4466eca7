//! Sends signals to the executor through Redis.

use redis::AsyncCommands;

const INTENTS: &str = "trade_intents";

pub async fn write(conn: &mut redis::aio::MultiplexedConnection, body: &str) -> redis::RedisResult<()> {
    let _: String = conn.xadd("metrics", "*", &[("n", "1")]).await?; // = other stream
    let _: String = conn.xadd(INTENTS, "*", &[("body", body)]).await?; // ! 8 stream
    Ok(())
}
