//! Tests of the gates of the engine, one file per gate, and of the contents of records, trades and
//! answers.
//!
//! Each record is decided by a single call, by a traced call, and as a row of columns; the three
//! answers must agree.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod batches;
#[path = "../support/columns.rs"]
mod columns;
mod direction;
mod envelopes;
mod errors;
mod exit_ownership;
mod exits;
mod freshness;
mod guardrails;
mod halt;
mod in_force;
mod intents;
mod leverage;
mod limits;
mod policy;
mod printed_text;
mod readable;
mod records;
#[path = "../support/sample_policy.rs"]
mod sample_policy;
mod service_denials;
mod size;
mod trades;
mod types;
mod universe;
mod unsupported;

use columns::check_columns;
use portcullis::{
    decide::{Decision, Engine},
    exit::ExitOwnership,
    guardrails::Guardrails,
    intent::{ExitQuantity, Intent},
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{Scratch, TapeRecord, read},
    types::Timestamp,
};
use sample_policy::sample_policy_json;

const UNTIL: &str = "1766550734.062733";
const NOW: &str = "1766550700";

/// An entry that is a trade under the sample policy, 10 s before [`NOW`].
const ENTRY: &str = r#"{"symbol": "BTCUSDT", "side": "BUY", "size": 250, "ts": 1766550690000}"#;
const BOUGHT: &str = "BUY BTCUSDT 8x 250 notional of intent:size";
const EXIT: &str = r#"{"symbol": "BTCUSDT", "action": "CLOSE", "source": "exitbrain_v3_5"}"#;
const CLOSED: &str = "EXIT BTCUSDT - not stated";

fn at(seconds: &str) -> Timestamp {
    Timestamp::parse_epoch_seconds(seconds).unwrap()
}

fn sample() -> Policy {
    Policy::from_json(&sample_policy_json(UNTIL)).unwrap()
}

/// Returns the sample policy with additional fields.
fn sample_with(fields: &str) -> Policy {
    let text = sample_policy_json(UNTIL);
    Policy::from_json(&text.replacen('{', &format!("{{{fields},"), 1)).unwrap()
}

/// Reads a record and passes its intent to `look`.
fn with_intent<T>(record: &str, look: impl FnOnce(&Intent<'_>) -> T) -> T {
    let mut scratch = Scratch::default();
    match read(record, &mut scratch) {
        TapeRecord::Intent(intent) => look(&intent),
        TapeRecord::RecordedDecision(_)
        | TapeRecord::Position(_)
        | TapeRecord::PolicyUpdated(..)
        | TapeRecord::PolicyWithdrawn(_) => {
            panic!("not an intent: {record}")
        }
    }
}

fn engine(guardrails: &str) -> Engine {
    Engine::new(
        Guardrails::from_json(guardrails).unwrap(),
        ExitOwnership::new("exitbrain_v3_5")
            .unwrap()
            .with_delegate("emergency_closer")
            .unwrap(),
    )
}

/// Decides an intent at `now`, or at its event time, and passes the decision to `look`.
fn decide_at<T>(
    engine: &Engine,
    state: PolicyState<'_>,
    intent: &Intent<'_>,
    now: Option<Timestamp>,
    look: impl FnOnce(&Decision<'_>) -> T,
) -> T {
    let decision = match now {
        Some(now) => engine.decide(state, intent, now),
        None => engine.decide_recorded(state, intent),
    };
    let (traced, trace) = engine.decide_traced(state, intent, now);
    assert_eq!(traced.to_string(), decision.to_string());
    let passed: Vec<_> = trace.passed().iter().map(|check| check.gate()).collect();
    assert_eq!(passed, decision.gates_passed());
    check_columns(engine, state, intent, now, &decision);
    look(&decision)
}

/// Decides a record at [`NOW`] with or without a policy, without guardrails.
fn decide<T>(policy: Option<&Policy>, record: &str, look: impl FnOnce(&Decision<'_>) -> T) -> T {
    let absent = PolicyUnavailable::NotFound;
    let state = policy.map_or(PolicyState::unavailable(&absent), PolicyState::present);
    with_intent(record, |intent| {
        decide_at(&engine("{}"), state, intent, Some(at(NOW)), look)
    })
}

/// Returns the short form of a decision, such as `BUY BTCUSDT 8x 250 notional of intent:size`,
/// `EXIT BTCUSDT SELL 2`, `SKIP INTENT_INVALID`.
fn in_short(decision: &Decision<'_>) -> String {
    match decision {
        Decision::Trade(trade) => format!(
            "{} {} {}x {} {} of {}",
            trade.side(),
            trade.symbol(),
            trade.leverage().value(),
            trade.size().value().usd(),
            trade.size().value().basis(),
            trade.size().source()
        ),
        Decision::Exit(permit) => {
            let side = permit.side().map_or("-", |side| side.as_str());
            let quantity = match permit.quantity() {
                ExitQuantity::NotStated => "not stated".to_owned(),
                ExitQuantity::UsdSizeOnly => "in USD".to_owned(),
                ExitQuantity::Unreadable => "unreadable".to_owned(),
                ExitQuantity::Stated(quantity) => quantity.value().to_string(),
                ExitQuantity::Fraction(fraction) => {
                    format!("{} of the position", fraction.value())
                }
            };
            format!("EXIT {} {side} {quantity}", permit.symbol())
        }
        Decision::Skip(skip) => format!("SKIP {}", skip.reason()),
    }
}

/// Checks the short form of a decision under the sample policy.
#[track_caller]
fn check(record: &str, expected: &str) {
    let answer = decide(Some(&sample()), record, in_short);
    assert_eq!(answer, expected, "{record}");
}

/// Checks the full text of a decision.
#[track_caller]
fn check_text(policy: Option<&Policy>, record: &str, expected: &str) {
    let text = decide(policy, record, |decision| decision.to_string());
    assert_eq!(text, expected, "{record}");
}

/// Checks the short form of a decision at `now`, or at the event time, under a policy and guardrails.
#[track_caller]
fn check_at(policy: &Policy, guardrails: &str, record: &str, now: Option<&str>, expected: &str) {
    let state = PolicyState::present(policy);
    let answer = with_intent(record, |intent| {
        decide_at(&engine(guardrails), state, intent, now.map(at), in_short)
    });
    assert_eq!(answer, expected, "{record} at {now:?} with {guardrails}");
}

/// Checks the short form of a decision at [`NOW`] under the sample policy and guardrails.
#[track_caller]
fn check_with(guardrails: &str, record: &str, expected: &str) {
    check_at(&sample(), guardrails, record, Some(NOW), expected);
}
