//! Policies: parsing and hashing, each with a reference in the same run.
//!
//! - `read/bare` parses the same text into a tree with the same JSON parser, which is the least
//!   work that any reader must do.
//! - `hash/bare` is SHA-256 over the fields of the policy.
//!
//! `cargo bench --bench policy`

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark is documented by its group names and may panic"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::policy::{Policy, canonical_hash};
use sha2::{Digest as _, Sha256};

fn text() -> String {
    let symbols: Vec<String> = (0..40).map(|i| format!("COIN{i}USDT")).collect();
    let leverages: serde_json::Map<String, serde_json::Value> = symbols
        .iter()
        .map(|symbol| (symbol.clone(), serde_json::json!(8.5)))
        .collect();
    serde_json::json!({
        "policy_version": "bench",
        "universe_symbols": symbols,
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
        "valid_until_epoch": 2_000_000_000
    })
    .to_string()
}

fn policy(c: &mut Criterion) {
    let text = text();
    let mut group = c.benchmark_group("read");
    group.bench_function("bare", |b| {
        b.iter(|| serde_json::from_str::<serde_json::Value>(black_box(&text)).unwrap());
    });
    group.bench_function("policy", |b| {
        b.iter(|| Policy::from_json(black_box(&text)).unwrap());
    });
    group.finish();

    let policy = Policy::from_json(&text).unwrap();
    let bytes: Vec<u8> = policy
        .fields()
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()].concat())
        .collect();
    let mut group = c.benchmark_group("hash");
    group.bench_function("bare", |b| b.iter(|| Sha256::digest(black_box(&bytes))));
    group.bench_function("policy", |b| {
        b.iter(|| {
            let pairs = policy.fields().iter();
            canonical_hash(black_box(
                pairs.map(|(name, value)| (name.as_str(), value.as_str())),
            ))
        });
    });
    group.finish();
}

criterion_group!(benches, policy);
criterion_main!(benches);
