//! Harvests: one position at a time, and 200,000 distinct rows as a batch.
//!
//! Each benchmark has a reference in the same run: the bare formulas over plain numbers with the
//! platform's `exp`, without checks, reasons or sources. Criterion prints the time of a whole pass.
//! Divide it by 200,000, or convert the throughput in Melem/s to ns per row as 1000 / throughput.
//!
//! | | lowest time found | target | 4,000 rows, within the caches | 200,000 rows |
//! |---|---|---|---|---|
//! | one at a time | 48 ns | 60 ns | 54 ns | 60 ns |
//! | batch, SSE2 | 15 ns | 15 ns | 13.4 ns | 15.3 ns |
//! | batch, AVX2 | 7 ns | 15 ns | 7.1 ns | 9.0 ns |
//!
//! These times are the lowest of many passes on a shared AMD EPYC with 32 MiB of L3 cache. 200,000
//! rows do not fit into the caches near a core, so the last column includes memory access and grows
//! with other load on the memory. Filling the columns of a batch, which checks the rows, is a
//! separate benchmark.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcullis::{
    harvest::{
        HarvestBatch, HarvestColumns, HarvestDecision, Harvested, Market, Position, ReportedSide,
        SizeRules, Stage, harvest, harvest_batch,
    },
    policy::{Policy, PolicyState},
    types::{PositionSide, Symbol, Timestamp},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

#[path = "../tests/support/sample_policy.rs"]
mod sample_policy;

const ROWS: usize = 200_000;
/// Rows that fit into the caches near a core: one fiftieth of [`ROWS`].
const PIECE: usize = 4_000;

fn rows() -> Vec<(Position, Market)> {
    let mut rng = StdRng::seed_from_u64(7);
    let symbol = Symbol::new("BTCUSDT").unwrap();
    (0..ROWS)
        .map(|_| {
            let entry: f64 = rng.random_range(1.0..90_000.0);
            let side = if rng.random_bool(0.5) {
                PositionSide::Long
            } else {
                PositionSide::Short
            };
            let taken = [
                Stage::None,
                Stage::Partial25,
                Stage::Partial50,
                Stage::Partial75,
            ];
            let position = Position {
                symbol,
                side: Some(ReportedSide::Open(side)),
                quantity: Some(1.0),
                peak_quantity: None,
                sizes: SizeRules::default(),
                entry_price: Some(entry),
                current_price: Some(entry * rng.random_range(0.9..1.1)),
                age_sec: Some(rng.random_range(0.0..100_000.0)),
                current_sl: rng
                    .random_bool(0.8)
                    .then(|| entry * (1.0 - side.sign() * rng.random_range(0.001..0.02))),
                stop_dist_pct: Some(rng.random_range(0.005..0.03)),
                harvested: Harvested::Stage(*taken.choose(&mut rng).unwrap()),
                as_of: None,
            };
            let p_trend = rng.random_range(0.0..1.0);
            let p_mr = rng.random_range(0.0..1.0 - p_trend);
            let market = Market {
                sigma: Some(rng.random_range(0.0..0.04)),
                ts: Some(rng.random_range(-0.2..0.8)),
                p_trend: Some(p_trend),
                p_mr: Some(p_mr),
                p_chop: Some(1.0 - p_trend - p_mr),
                as_of: None,
            };
            (position, market)
        })
        .collect()
}

/// The inputs of the formulas.
struct Bare {
    sign: f64,
    entry: f64,
    current: f64,
    stop: f64,
    sl: f64,
    taken: u8,
    age: f64,
    sigma: f64,
    ts: f64,
    p_trend: f64,
    p_mr: f64,
    p_chop: f64,
}

/// The results of the formulas: R, K, the stop, and the code of the action.
type BareAnswer = (f64, f64, f64, u8);

fn bare(rows: &[(Position, Market)]) -> Vec<Bare> {
    rows.iter()
        .map(|(position, market)| {
            let short = position.side == Some(ReportedSide::Open(PositionSide::Short));
            Bare {
                sign: if short { -1.0 } else { 1.0 },
                entry: position.entry_price.unwrap(),
                current: position.current_price.unwrap(),
                stop: position.stop_dist_pct.unwrap(),
                sl: position
                    .current_sl
                    .unwrap_or(if short { f64::MAX } else { 0.0 }),
                taken: match position.harvested {
                    Harvested::Stage(stage) | Harvested::AtLeast(stage) => match stage {
                        Stage::None => 0,
                        Stage::Partial25 => 1,
                        Stage::Partial50 => 2,
                        Stage::Partial75 => 3,
                    },
                    Harvested::Unreadable => 0,
                },
                age: position.age_sec.unwrap(),
                sigma: market.sigma.unwrap(),
                ts: market.ts.unwrap(),
                p_trend: market.p_trend.unwrap(),
                p_mr: market.p_mr.unwrap(),
                p_chop: market.p_chop.unwrap(),
            }
        })
        .collect()
}

/// Evaluates the formulas with the numbers of the sample policy.
#[inline(always)]
fn formulas(row: &Bare) -> BareAnswer {
    let risk_unit = row.entry * row.stop;
    let cost = row.entry * 12.0 / 10_000.0;
    let r = (row.sign * (row.current - row.entry) - cost) / risk_unit;
    let stage = u8::from(r >= 1.8) + u8::from(r >= 3.5) + u8::from(r >= 5.8);
    let stop = row.entry * (1.0 + row.sign * 0.003);
    let locks =
        r >= 1.2 && row.sign * stop > row.sign * row.sl && row.sign * row.current > row.sign * stop;
    let flip = if row.p_trend < 0.25 && row.p_mr + row.p_chop > 0.5 {
        1.0
    } else {
        0.0
    };
    let spike = (row.sigma / 0.012 - 1.0).clamp(0.0, 1.8);
    let drop = (0.35 - row.ts).clamp(0.0, 0.45);
    let age = (row.age / 72_000.0).clamp(0.0, 1.0);
    let z: f64 = 0.8 * flip + 0.6 * spike + 0.4 * drop + 0.2 * age;
    let k = 1.0 / (1.0 + (-z).exp());
    let action = if k >= 0.55 {
        4
    } else if stage > row.taken {
        stage
    } else {
        0
    };
    (r, k, if locks { stop } else { f64::NAN }, action)
}

fn compare(c: &mut Criterion) {
    let policy = Policy::from_json(&sample_policy::sample_policy_json("2000000000")).unwrap();
    let now = Timestamp::parse_epoch_seconds("1900000000").unwrap();
    let state = PolicyState::present(&policy);
    let witness = policy.theta_in_force(now).unwrap();
    let rows = rows();
    let bare = bare(&rows);
    let fill = |columns: &mut HarvestColumns, rows: &[(Position, Market)]| {
        columns.clear();
        for (position, market) in rows {
            columns.push(position, Some(market));
        }
    };
    let mut columns = HarvestColumns::new();
    fill(&mut columns, &rows);
    let mut piece = HarvestColumns::new();
    fill(&mut piece, rows.get(..PIECE).unwrap());

    let mut group = c.benchmark_group("harvest");
    group
        .throughput(Throughput::Elements(u64::try_from(ROWS).unwrap()))
        .measurement_time(Duration::from_secs(4))
        .sample_size(40);
    group.bench_function("one at a time", |b| {
        b.iter(|| {
            for (position, market) in &rows {
                let answer: HarvestDecision<'_> =
                    harvest(black_box(state), position, Some(market), now);
                black_box(&answer);
            }
        });
    });
    group.bench_function("one at a time, the bare formulas", |b| {
        b.iter(|| {
            for row in &bare {
                black_box(&formulas(black_box(row)));
            }
        });
    });
    let mut batch = HarvestBatch::new();
    group.bench_function("batch", |b| {
        b.iter(|| {
            harvest_batch(black_box(witness), &columns, &mut batch);
            black_box(&batch);
        });
    });
    group.bench_function("batch, within the caches", |b| {
        b.iter(|| {
            for _ in 0..ROWS / PIECE {
                harvest_batch(black_box(witness), &piece, &mut batch);
                black_box(&batch);
            }
        });
    });
    group.bench_function("filling the columns", |b| {
        b.iter(|| {
            fill(&mut columns, &rows);
            black_box(&columns);
        });
    });
    let mut answers = vec![BareAnswer::default(); ROWS];
    group.bench_function("batch, the bare formulas", |b| {
        b.iter(|| {
            for (row, answer) in bare.iter().zip(&mut answers) {
                *answer = formulas(row);
            }
            black_box(&answers);
        });
    });
    group.finish();
}

criterion_group!(benches, compare);
criterion_main!(benches);
