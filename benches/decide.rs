//! Decisions: one intent at a time, and whole columns.
//!
//! There are 200,000 distinct intents in 44 symbols, 40 of which are in the policy. With fewer
//! intents, the branch predictor would learn the rows. Each benchmark has a reference in the same
//! run:
//!
//! - `one at a time/bare` reads the same intents and does only the least work that any engine must
//!   do: one map lookup by the bytes of the symbol, the lower of two leverages, and one
//!   multiplication. The lowest times found were 8.9 ns with a handwritten table of 16-byte keys,
//!   and 18 ns with a general map.
//! - `columns/bare` does the same over columns, without gates. The lowest time found was 1.9 to 2.3
//!   ns per row.
//!
//! `cargo bench --bench decide`

#![expect(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::disallowed_types,
    reason = "a benchmark is documented by its group names and may panic"
)]

use std::{collections::HashMap, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcullis::{
    decide::{Decision, DecisionColumns, Engine, IntentColumns},
    exit::ExitOwnership,
    guardrails::Guardrails,
    intent::{Intent, IntentBuilder, Request},
    policy::{Policy, PolicyState},
    types::{Side, Symbol, Timestamp},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

const ROWS: usize = 200_000;
const LISTED: usize = 40;
const SYMBOLS: usize = 44;

fn name(number: usize) -> String {
    format!("COIN{number}USDT")
}

fn policy() -> Policy {
    let listed: Vec<String> = (0..LISTED).map(name).collect();
    let leverages: HashMap<String, usize> = listed.iter().cloned().zip(3..).collect();
    let text = serde_json::json!({
        "policy_version": "bench",
        "universe_symbols": listed,
        "leverage_by_symbol": leverages,
        "harvest_params": {
            "T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003, "cost_bps": 12,
            "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2,
            "kill_threshold": 0.55
        },
        "kill_params": {
            "trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35,
            "ts_drop_cap": 0.45, "max_age_sec": 72000
        },
        "limits": { "max_leverage": 40, "max_notional_usd": 9000, "max_intent_age_sec": 60 },
        "valid_until_epoch": 2_000_000_000
    });
    Policy::from_json(&text.to_string()).unwrap()
}

fn intents(rng: &mut StdRng) -> Vec<Intent<'static>> {
    let row = |rng: &mut StdRng| {
        let side = if rng.random() { Side::Buy } else { Side::Sell };
        let builder = IntentBuilder::new(&name(rng.random_range(0..SYMBOLS)))
            .with_side(side)
            .with_source("momentum")
            .with_emitted_at(now());
        let builder = match rng.random_range(0..3) {
            0 => builder,
            _ => builder.with_leverage(rng.random_range(1.0..50.0)),
        };
        match rng.random_range(0..10) {
            0 => builder,
            1..4 => builder
                .with_quantity(rng.random_range(0.1..9.0))
                .with_price(rng.random_range(1.0..900.0)),
            _ => builder.with_notional_usd(rng.random_range(10.0..10_000.0)),
        }
        .build()
    };
    (0..ROWS).map(|_| row(rng)).collect()
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_766_550_734_062).unwrap()
}

fn decide(c: &mut Criterion) {
    let mut rng = StdRng::seed_from_u64(1);
    let intents = intents(&mut rng);
    let policy = policy();
    let state = PolicyState::present(&policy);
    let engine = Engine::new(
        Guardrails::none(),
        ExitOwnership::new("exit_service").unwrap(),
    );
    let now = now();

    let mut group = c.benchmark_group("one at a time");
    group.throughput(Throughput::Elements(ROWS as u64));
    let map: HashMap<Symbol, f64, foldhash::fast::FixedState> =
        policy.symbols().zip((3_u32..).map(f64::from)).collect();
    group.bench_function("bare", |b| {
        b.iter(|| {
            let mut total = 0.0;
            for intent in &intents {
                if let Ok(Request::Entry(entry)) = intent.request()
                    && let Some(given) = map.get(&entry.symbol())
                    && let Some(Ok(size)) = entry.size()
                {
                    let requested = entry.leverage().and_then(Result::ok);
                    let leverage = requested.map_or(*given, |requested| given.min(requested.get()));
                    total += size.value().usd() * leverage;
                }
            }
            total
        });
    });
    group.bench_function("decide", |b| {
        b.iter(|| {
            let mut trades = 0_u32;
            for intent in &intents {
                let decision = engine.decide(state, black_box(intent), now);
                black_box(&decision);
                trades += u32::from(matches!(decision, Decision::Trade(_)));
            }
            trades
        });
    });
    group.finish();

    let mut columns = IntentColumns::default();
    intents.iter().for_each(|intent| columns.push(intent));
    let symbols: Vec<u32> = (0..ROWS).map(|_| rng.random_range(0..44_u32)).collect();
    let requested: Vec<f64> = (0..ROWS).map(|_| rng.random_range(1.0..50.0)).collect();
    let sizes: Vec<f64> = (0..ROWS)
        .map(|_| rng.random_range(10.0..10_000.0))
        .collect();
    let given: Vec<f64> = (3..47).map(f64::from).collect();

    let mut group = c.benchmark_group("columns");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("bare", |b| {
        let mut leverages = Vec::with_capacity(ROWS);
        b.iter(|| {
            leverages.clear();
            let rows = symbols.iter().zip(&requested).zip(&sizes);
            leverages.extend(rows.map(|((symbol, requested), size)| {
                let given = given.get(*symbol as usize).copied().unwrap_or(f64::NAN);
                let leverage = given.min(*requested);
                if size / leverage <= 9000.0 {
                    leverage
                } else {
                    f64::NAN
                }
            }));
            black_box(&leverages);
        });
    });
    group.bench_function("decide", |b| {
        let mut answers = DecisionColumns::default();
        b.iter(|| {
            engine.decide_columns(state, &columns, Some(now), &mut answers);
            black_box(&answers);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = decide
}
criterion_main!(benches);
