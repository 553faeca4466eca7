//! Interfaces of the broker: definitions only.

pub trait Broker {
    async fn place_order(&self, symbol: &str, quantity: f64) -> anyhow::Result<u64>; // = definition
    async fn cancel_order(&self, id: u64) -> anyhow::Result<()>;
}

pub fn submit_order(queue: &mut Vec<String>, body: String) { // = definition
    queue.push(body);
}

pub fn migrate(db: &crate::db::Db) {
    db.create_order_table(); // = other compound
    println!("place_order(symbol) is called by the engine"); // = log text
}
