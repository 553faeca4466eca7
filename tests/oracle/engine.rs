//! The adapter to the engine under test. Except for the adapter of the law kit, no other file in
//! this folder uses the engine.

use super::naive::{Answer as Columns, Candle, Halt, World};
use portcullis::answer::Answer;
use portcullis::decide::Engine;
use portcullis::exit::ExitOwnership;
use portcullis::guardrails::Guardrails;
use portcullis::harvest::{Snapshot, SnapshotError, harvest as evaluate};
use portcullis::policy::{Policy, PolicyState, PolicyUnavailable};
use portcullis::record::{Scratch, TapeRecord, read};
use portcullis::types::Timestamp;
use serde_json::{Value, json};

/// Answers one intent with the engine under test.
pub(crate) fn decide(world: &World<'_>, line: &str, now: Option<i64>) -> Columns {
    let engine = engine(world);
    let mut scratch = Scratch::default();
    let intent = match read(line, &mut scratch) {
        TapeRecord::Intent(intent) => intent,
        TapeRecord::Position(_) => return another("position.snapshot"),
        TapeRecord::RecordedDecision(_) => return another("trade.decided"),
        TapeRecord::PolicyUpdated(..) => return another("policy.updated"),
        TapeRecord::PolicyWithdrawn(_) => return another("policy.withdrawn"),
    };
    let policy = policy(world);
    let state = state(&policy);
    let decision = match now {
        Some(now) => engine.decide(state, &intent, Timestamp::from_micros(now).unwrap()),
        None => engine.decide_recorded(state, &intent),
    };
    columns(&Answer::decision(&decision))
}

/// Returns the answer to a line with another type of event.
fn another(event: &str) -> Columns {
    Columns::from([("event".to_owned(), json!(event))])
}

/// Answers one position snapshot with the engine under test.
pub(crate) fn harvest(world: &World<'_>, line: &str, now: Option<i64>) -> Columns {
    let mut scratch = Scratch::default();
    let record = match read(line, &mut scratch) {
        TapeRecord::Position(record) => record,
        TapeRecord::Intent(intent) => {
            let engine = Engine::new(
                Guardrails::none(),
                ExitOwnership::new(world.exit_owner).unwrap(),
            );
            let absent = PolicyUnavailable::NotFound;
            let decision = engine.decide_recorded(PolicyState::unavailable(&absent), &intent);
            return columns(&Answer::decision(&decision));
        }
        TapeRecord::RecordedDecision(_) => return another("trade.decided"),
        TapeRecord::PolicyUpdated(..) => return another("policy.updated"),
        TapeRecord::PolicyWithdrawn(_) => return another("policy.withdrawn"),
    };
    let snapshot = match Snapshot::from_json(record.text(), record.emitted_at()) {
        Ok(snapshot) => snapshot,
        Err(SnapshotError::Syntax(_)) => {
            return columns(&Answer::harvest_invalid("not a JSON object"));
        }
        Err(SnapshotError::SymbolAbsent | SnapshotError::SymbolUnreadable) => {
            return columns(&Answer::harvest_invalid("no valid symbol"));
        }
    };
    let Some(now) = now
        .map(|now| Timestamp::from_micros(now).unwrap())
        .or(record.event_time())
    else {
        return columns(&Answer::harvest_invalid("no timestamp").about(&snapshot.position));
    };
    let policy = policy(world);
    let state = state(&policy);
    let decision = evaluate(state, &snapshot.position, snapshot.market.as_ref(), now);
    columns(&Answer::harvest(&decision, state).about(&snapshot.position))
}

/// Builds the engine with the guardrails and the exit ownership of a case.
pub(crate) fn engine(world: &World<'_>) -> Engine {
    let owner = ExitOwnership::new(world.exit_owner).unwrap();
    let delegates = world.delegates.iter();
    let ownership = delegates.fold(owner, |ownership, name| {
        ownership.with_delegate(&**name).unwrap()
    });
    Engine::new(
        Guardrails::from_json(&guardrails(world)).unwrap(),
        ownership,
    )
}

/// Parses the policy of a case.
pub(crate) fn policy(world: &World<'_>) -> Result<Policy, PolicyUnavailable> {
    let text = world.policy.ok_or(PolicyUnavailable::NotFound)?;
    Policy::from_json(text).map_err(PolicyUnavailable::from)
}

/// Returns the policy as the input that the engine expects.
pub(crate) fn state(policy: &Result<Policy, PolicyUnavailable>) -> PolicyState<'_> {
    PolicyState::from(policy)
}

/// Returns the guardrails as an operator would write them.
fn guardrails(world: &World<'_>) -> String {
    let given = world.guardrails;
    let halt = match &given.halt {
        Halt::Nothing => json!("nothing"),
        Halt::Symbols(symbols) => json!(symbols),
        Halt::Everything => json!("everything"),
    };
    let timestamps: serde_json::Map<String, Value> = given
        .timestamps
        .iter()
        .map(|(source, candle)| {
            let meaning = match candle {
                Candle::Open(seconds) => json!({ "is": "bar_open", "interval_sec": seconds }),
                Candle::Close => json!({ "is": "bar_close" }),
            };
            (source.clone(), meaning)
        })
        .collect();
    let mut all = json!({
        "max_leverage": given.max_leverage,
        "max_position_usd": given.max_position_usd,
        "max_notional_usd": given.max_notional_usd,
        "max_validity_sec": given.max_validity_sec,
        "max_intent_age_sec": given.max_intent_age_sec,
        "max_intent_skew_sec": given.max_future_skew_sec,
        "max_plan_age_sec": given.max_plan_age_sec,
        "permitted_symbols": given.symbols,
        "market": given.market,
        "venue": given.venue,
        "require_policy_hash": given.require_hash,
        "require_metadata_ok": given.require_metadata,
        "halt": halt,
        "max_price_deviation": given.max_price_deviation,
        "max_stop_distance": given.max_stop_distance,
        "ignore_fields": Some(&given.ignored_fields).filter(|all| !all.is_empty()),
        "timestamp_is": Some(timestamps).filter(|all| !all.is_empty()),
    });
    all.as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    all.to_string()
}

/// Returns the columns that both engines have, in the form of the naive engine.
pub(crate) fn columns(answer: &Answer<'_>) -> Columns {
    let row = serde_json::to_value(answer).unwrap();
    let mut columns = Columns::new();
    for (name, value) in row.as_object().unwrap().clone() {
        let value = match (name.as_str(), value) {
            ("n" | "event" | "id" | "ts", _) => continue,
            ("harvest_reasons", Value::Array(reasons)) => {
                let mut reasons: Vec<&str> = reasons.iter().filter_map(Value::as_str).collect();
                reasons.sort_unstable();
                Value::from(reasons.join(","))
            }
            (_, value) => value,
        };
        columns.insert(name, value);
    }
    columns
}
