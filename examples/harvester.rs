//! A minimal harvester: it reads positions from Redis hashes and evaluates them under the active policy.
//!
//! It runs once, prints its proposals, and does not remember the stages that were taken. `portcullis harvester` is the
//! full service.
//!
//! `cargo run -p portcullis-store --features redis --example harvester -- redis://127.0.0.1:6379 BTCUSDT ETHUSDT`

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis::{
    harvest::{HarvestDecision, Snapshot, harvest},
    types::Timestamp,
};
use portcullis_store::{Feed, RedisStore, SequenceGuard, VerifyingReader};
use redis::Commands as _;
use serde_json::json;

#[expect(
    clippy::disallowed_methods,
    reason = "a service owns its clock; the engine does not"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let micros = since.and_then(|since| i64::try_from(since.as_micros()).ok());
    micros
        .and_then(|micros| Timestamp::from_micros(micros).ok())
        .unwrap_or(Timestamp::MAX)
}

#[expect(clippy::print_stdout, reason = "the example prints its result")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let url = arguments
        .next()
        .ok_or("give the URL of a Redis server and symbols")?;
    let reader = VerifyingReader::new(RedisStore::open(&url)?, SequenceGuard::in_memory());
    let feed = Feed::start(reader, now)?;
    if !feed.wait_for_change(0, Duration::from_secs(5)) {
        return Err(format!("no policy was read: {:?}", feed.health()).into());
    }
    let mut server = redis::Client::open(url)?.get_connection()?;
    for symbol in arguments {
        let mut hash = |kind: &str| -> redis::RedisResult<BTreeMap<String, String>> {
            server.hgetall(format!("quantum:{kind}:{symbol}"))
        };
        let position = hash("state:positions")?;
        if position.is_empty() {
            continue;
        }
        // Absent fields stay absent, and the harvest reports them.
        let mut record: serde_json::Map<_, _> = position
            .into_iter()
            .map(|(name, value)| (name, json!(value)))
            .collect();
        record.entry("symbol").or_insert_with(|| json!(symbol));
        record.insert("market".to_owned(), json!(hash("marketstate")?));
        if let Some(stop) = hash("risk:proposal")?.get("stop_dist_pct") {
            record.insert("stop_dist_pct".to_owned(), json!(stop));
        }
        let snapshot = Snapshot::from_json(&json!(record).to_string(), None)?;
        let (current, market) = (feed.snapshot(), snapshot.market.as_ref());
        match harvest(current.policy(), &snapshot.position, market, now()) {
            HarvestDecision::Harvest(harvest) => println!(
                "{symbol}: {} by policy {}, stop {:?}",
                harvest.action(),
                harvest.policy().version(),
                harvest.stop().map(|stop| stop.value().get()),
            ),
            HarvestDecision::Skip(why) => println!("{symbol}: skipped, {why:?}"),
        }
    }
    Ok(())
}
