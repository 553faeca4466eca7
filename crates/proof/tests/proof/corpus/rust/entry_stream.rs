//! Publishes trade intents for the signals of the model.

pub async fn on_signal(redis: &mut Redis, signal: &Signal) -> Result<(), Error> {
    let body = serde_json::to_string(signal)?;
    tracing::info!("place_order {}", signal.symbol); // = log text
    redis.publish("signal_heartbeat", &body).await?; // = other topic
    redis.xadd("metrics:latency", "*", &[("ms", "12")]).await?; // = other topic
    redis.xadd("trade:intents", "*", &[("body", body)]).await?; // ! 8 xadd without policy
    Ok(())
}

pub fn place_orders_later(queue: &mut Vec<Signal>, signal: Signal) { // = definition
    queue.push(signal);
}

pub fn order_book(book: &Book) -> Vec<Level> {
    let mut levels = book.levels();
    levels.sort_by(|a, b| a.price.total_cmp(&b.price)); // = other order
    levels
}
