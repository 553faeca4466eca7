//! A minimal service with the feed and the engine: it reads intents from a Redis stream and writes
//! plans to another.
//!
//! It runs as one process, and after a crash it does not claim the entries that it had read but not
//! answered. It does not compare the policy, the halts and the time again when it writes a plan, so it
//! may write a plan after they have changed. `portcullis bridge` is the full service.
//!
//! `cargo run -p portcullis-store --features redis --example bridge -- redis://127.0.0.1:6379`

use std::{
    env,
    error::Error,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis::{
    answer::Answer,
    decide::{Decision, Engine},
    exit::ExitOwnership,
    guardrails::Guardrails,
    record::{Scratch, read},
    types::Timestamp,
};
use portcullis_store::{Feed, RedisStore, SequenceGuard, VerifyingReader, record_answer};
use redis::Commands as _;
use serde_json::json;

const INTENTS: &str = "quantum:stream:trade.intent";
const PLANS: &str = "my:stream:plans";
const GROUP: &str = "my:group";

/// The id and the fields of an entry.
type Entry = (String, Vec<(String, String)>);

/// Returns the time of the service's only clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a service owns its clock; the engine does not"
)]
fn now() -> Timestamp {
    // If the clock is unreadable, the last timestamp is used, at which no policy is in force.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let micros = since.and_then(|since| i64::try_from(since.as_micros()).ok());
    micros
        .and_then(|micros| Timestamp::from_micros(micros).ok())
        .unwrap_or(Timestamp::MAX)
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("give the URL of a Redis server")?;
    let guardrails = Guardrails::from_json(r#"{"max_leverage": 20, "max_notional_usd": 10000}"#)?;
    let engine = Engine::new(guardrails, ExitOwnership::new("exit_service")?);
    let reader = VerifyingReader::new(RedisStore::open(&url)?, SequenceGuard::in_memory());
    let feed = Feed::start(reader, now)?;
    // Until the store has answered, there is no policy and every entry is skipped.
    let _ = feed.wait_for_change(0, Duration::from_secs(5));

    let mut server = redis::Client::open(url)?.get_connection()?;
    // Fails if the group exists from an earlier run.
    let _ = server.xgroup_create_mkstream::<_, _, _, ()>(INTENTS, GROUP, "0");
    let mut read_new = redis::cmd("XREADGROUP");
    read_new.arg(&["GROUP", GROUP, "me", "COUNT", "64", "BLOCK", "1000"]);
    read_new.arg(&["STREAMS", INTENTS, ">"]);
    loop {
        // All fields are kept as written, so that the engine detects duplicates. A field that is not UTF-8 is an error.
        let streams: Option<Vec<(String, Vec<Entry>)>> = read_new.query(&mut server)?;
        for (id, fields) in streams
            .into_iter()
            .flatten()
            .flat_map(|(_, entries)| entries)
        {
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| format!("{}:{}", json!(name), json!(value)));
            let text = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
            let mut scratch = Scratch::default();
            let intent = read(&text, &mut scratch).into_intent();

            let snapshot = feed.snapshot();
            let engine = engine.with_halt(snapshot.halt());
            let decision = engine.decide(snapshot.policy(), &intent, now());
            record_answer(&Answer::decision(&decision));

            let mut step = redis::pipe();
            step.atomic();
            match &decision {
                Decision::Trade(trade) => step.cmd("XADD").arg(PLANS).arg("*").arg(&[
                    ("symbol", trade.symbol().to_string()),
                    ("side", trade.side().to_string()),
                    ("notional", trade.notional().value().get().to_string()),
                    ("leverage", trade.leverage().value().get().to_string()),
                    ("leverage_source", trade.leverage().source().to_string()),
                ]),
                Decision::Exit(permit) => step.cmd("XADD").arg(PLANS).arg("*").arg(&[
                    ("symbol", permit.symbol().to_string()),
                    ("reduceOnly", "true".to_owned()),
                ]),
                Decision::Skip(skip) => step
                    .cmd("XADD")
                    .arg("my:stream:skips")
                    .arg("*")
                    .arg(&[("reason", skip.reason().code().to_owned())]),
            };
            step.xack(INTENTS, GROUP, &[&id]);
            step.exec(&mut server)?;
        }
    }
}
