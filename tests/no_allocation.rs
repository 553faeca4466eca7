//! Tests that decisions and harvests do not allocate memory.
//!
//! A counting allocator replaces the system allocator; it counts the allocations of the current
//! thread.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/sample_policy.rs"]
mod sample_policy;

use std::hint::black_box;

use allocation_counter::measure;
use portcullis::{
    decide::{DecisionColumns, Engine, IntentColumns},
    exit::ExitOwnership,
    guardrails::Guardrails,
    harvest::{
        HarvestBatch, HarvestColumns, HarvestDecision, Market, Position, Snapshot, harvest,
        harvest_batch,
    },
    intent::{Intent, IntentBuilder},
    policy::{Policy, PolicyState, PolicyUnavailable},
    record::{Scratch, TapeRecord, read},
    types::{Side, Timestamp},
};
use sample_policy::sample_policy_json;

const OWNER: &str = "exit_service";

/// Returns the number of allocations of one call.
fn allocated(ask: impl FnOnce()) -> u64 {
    measure(ask).count_total
}

fn engine() -> Engine {
    let guardrails = Guardrails::from_json(
        r#"{"max_leverage": 20, "max_notional_usd": 1e6, "max_position_usd": 1e6, "max_intent_age_sec": 60,
            "max_intent_skew_sec": 60, "halt": ["ADAUSDT"], "permitted_symbols": ["BTCUSDT", "ADAUSDT", "XRPUSDT"]}"#,
    );
    let ownership = ExitOwnership::new(OWNER)
        .unwrap()
        .with_delegate("emergency");
    Engine::new(guardrails.unwrap(), ownership.unwrap())
}

fn policy() -> Policy {
    Policy::from_json(&sample_policy_json("1766550734.062733")).unwrap()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

const NOW: i64 = 1_766_550_734_062_733;

/// Returns intents of every kind: trades, exits, and skips at each gate that depends on the intent alone.
fn intents() -> Vec<Intent<'static>> {
    let entry = |symbol| {
        IntentBuilder::new(symbol)
            .with_side(Side::Buy)
            .with_source("momentum")
            .with_emitted_at(at(NOW - 1_000_000))
    };
    let exit = || IntentBuilder::new("BTCUSDT").with_close();
    vec![
        entry("BTCUSDT")
            .with_notional_usd(250.0)
            .with_leverage(5.0)
            .build(),
        entry("BTCUSDT")
            .with_margin_usd(20.0)
            .with_leverage(50.0)
            .build(),
        entry("BTCUSDT")
            .with_quantity(0.5)
            .with_price(90_000.0)
            .build(),
        entry("XRPUSDT").with_notional_usd(250.0).build(),
        entry("ADAUSDT").with_notional_usd(250.0).build(),
        entry("BTCUSDT").build(),
        entry("BTCUSDT").with_notional_usd(f64::NAN).build(),
        entry("BTCUSDT").with_notional_usd(1e9).build(),
        entry("BTC USDT").with_notional_usd(250.0).build(),
        entry("BTCUSDT").with_source(OWNER).build(),
        entry("BTCUSDT")
            .with_emitted_at(at(NOW - 61_000_000))
            .build(),
        exit().with_source(OWNER).with_quantity(1.0).build(),
        exit().with_source("emergency").build(),
        exit().with_source("momentum").build(),
    ]
}

#[test]
fn decide_allocates_nothing() {
    let (engine, policy, intents) = (engine(), policy(), intents());
    let absent = PolicyUnavailable::NotFound;
    let states = [
        PolicyState::present(&policy),
        PolicyState::unavailable(&absent),
    ];
    for state in states {
        for intent in &intents {
            // These are the last microsecond of validity, and the first microsecond after it.
            for now in [NOW, NOW + 1] {
                let count = allocated(|| drop(black_box(engine.decide(state, intent, at(now)))));
                assert_eq!(count, 0, "decide: {intent:?}");
            }
            let count = allocated(|| drop(black_box(engine.decide_recorded(state, intent))));
            assert_eq!(count, 0, "decide_recorded: {intent:?}");
        }
    }
}

#[test]
fn reading_and_deciding_a_plain_line_allocates_nothing() {
    let (engine, policy) = (engine(), policy());
    let line = r#"{"symbol": "BTCUSDT", "side": "BUY", "size": "250", "timestamp": 1766550734, "source": "momentum"}"#;
    let mut scratch = Scratch::default();
    let mut verdict = "";
    let count = allocated(|| {
        if let TapeRecord::Intent(intent) = read(line, &mut scratch) {
            verdict = engine
                .decide_recorded(PolicyState::present(&policy), &intent)
                .verdict();
        }
    });
    assert_eq!((verdict, count), ("TRADE", 0));
}

#[test]
fn reused_decision_columns_allocate_nothing() {
    let (engine, policy) = (engine(), policy());
    let mut columns = IntentColumns::default();
    for intent in intents().iter().cycle().take(1_000) {
        columns.push(intent);
    }
    let mut answers = DecisionColumns::default();
    for now in [Some(at(NOW)), None] {
        engine.decide_columns(PolicyState::present(&policy), &columns, now, &mut answers);
        let count = allocated(|| {
            engine.decide_columns(PolicyState::present(&policy), &columns, now, &mut answers);
        });
        assert_eq!(count, 0, "at {now:?}");
        assert_eq!(answers.len(), 1_000);
    }
}

fn positions() -> Vec<(Position, Option<Market>)> {
    let market =
        r#""market": {"sigma": 0.01, "ts": 0.35, "p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3}"#;
    [
        format!(r#"{{"symbol": "BTCUSDT", "side": "LONG", "entry_price": 100, "current_price": 107.2, "age_sec": 3600, "stop_dist_pct": 0.02, {market}}}"#),
        format!(r#"{{"symbol": "BTCUSDT", "side": "SHORT", "entry_price": 100, "current_price": 96, "age_sec": 3600, "current_sl": 101, "stop_dist_pct": 0.02, {market}}}"#),
        format!(r#"{{"symbol": "BTCUSDT", "side": "LONG", "entry_price": "nan", "age_sec": 3600, {market}}}"#),
        r#"{"symbol": "BTCUSDT", "side": "LONG", "entry_price": 100}"#.to_owned(),
        r#"{"symbol": "BTCUSDT", "side": "FLAT"}"#.to_owned(),
    ]
    .iter()
    .map(|text| {
        let snapshot = Snapshot::from_json(text, None).unwrap();
        (snapshot.position, snapshot.market)
    })
    .collect()
}

#[test]
fn harvest_allocates_nothing() {
    let policy = policy();
    let absent = PolicyUnavailable::NotFound;
    let mut harvested = 0;
    for state in [
        PolicyState::present(&policy),
        PolicyState::unavailable(&absent),
    ] {
        for (position, market) in &positions() {
            let count = allocated(|| {
                let decision = harvest(state, position, market.as_ref(), at(NOW));
                harvested += u32::from(matches!(black_box(decision), HarvestDecision::Harvest(_)));
            });
            assert_eq!(count, 0, "{position:?}");
        }
    }
    assert_eq!(harvested, 3);
}

#[test]
fn a_reused_harvest_batch_allocates_nothing() {
    let policy = policy();
    let theta = policy.theta_in_force(at(NOW)).unwrap();
    let mut columns = HarvestColumns::new();
    for (position, market) in positions().iter().cycle().take(1_000) {
        columns.push(position, market.as_ref());
    }
    let mut batch = HarvestBatch::new();
    harvest_batch(theta, &columns, &mut batch);
    let count = allocated(|| harvest_batch(theta, &columns, &mut batch));
    assert_eq!((batch.len(), count), (1_000, 0));
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocated(|| drop(black_box(Box::new(8)))), 1);
    let (engine, policy, intents) = (engine(), policy(), intents());
    let Some(intent) = intents.first() else {
        panic!("no intent");
    };
    let state = PolicyState::present(&policy);
    // A trace is a `Vec`, so its allocation must be counted.
    let count = allocated(|| drop(black_box(engine.decide_traced(state, intent, None))));
    assert!(count > 0);
}
