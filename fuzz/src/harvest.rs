//! Target `harvest`: a policy, positions, markets and a timestamp, generated from the bytes of the fuzzer. The engine
//! answers one position at a time and in a batch, and is compared with the naive engine.

use crate::{
    draft::{self, Pairs, instant, number, object, pairs},
    oracle::{
        engine,
        naive::{Answer, World, harvest::harvest as naive},
    },
    worlds::{NO_GUARDRAILS, OWNER, assert_same_answer},
};
use arbitrary::{Result, Unstructured};
use portcullis::{
    harvest::{
        HarvestBatch, HarvestColumns, HarvestDecision, HarvestOutcome, HarvestRow, HarvestSkip,
        Snapshot, harvest, harvest_batch,
    },
    record::{Scratch, TapeRecord, read},
    types::Timestamp,
};

/// The policy, the position records and the time of one fuzz case.
struct Call {
    policy: Option<String>,
    lines: Vec<String>,
    now: i64,
}

/// Generates positions from the bytes, and compares all kinds of answers to them.
pub(crate) fn run(data: &[u8]) {
    if let Ok(call) = call(&mut Unstructured::new(data)) {
        check(&call);
    }
}

fn call(u: &mut Unstructured<'_>) -> Result<Call> {
    let now = instant(u)?;
    let lines = (0..u.int_in_range(1..=4)?).map(|_| position(u));
    Ok(Call {
        lines: lines.collect::<Result<_>>()?,
        policy: draft::policy(u)?,
        now,
    })
}

const FIELDS: [&str; 16] = [
    "symbol",
    "side",
    "quantity",
    "qty",
    "peak_quantity",
    "lot_size",
    "min_quantity",
    "min_notional_usd",
    "entry_price",
    "current_price",
    "age_sec",
    "current_sl",
    "stop_dist_pct",
    "harvested",
    "ts",
    "market",
];
const MARKET: [&str; 6] = ["sigma", "ts", "p_trend", "p_mr", "p_chop", "as_of"];

/// Generates the line of a position snapshot.
fn position(u: &mut Unstructured<'_>) -> Result<String> {
    let mut fields = pairs(&[
        ("event_type", "\"position.snapshot\""),
        ("symbol", "\"BTCUSDT\""),
    ]);
    let mut put = |name: &str, value: String| fields.push((name.to_owned(), value));
    put(
        "side",
        (*u.choose(&["\"LONG\"", "\"SHORT\"", "\"long\"", "\"FLAT\""])?).to_owned(),
    );
    put("entry_price", float_or(u, &["100"])?);
    put(
        "current_price",
        float_or(u, &["101", "103", "103.8", "107.2", "111.8", "96"])?,
    );
    put("age_sec", float_or(u, &["3600", "72000", "100000", "0"])?);
    put("stop_dist_pct", float_or(u, &["0.02"])?);
    put("current_sl", float_or(u, &["99", "101", "100.3", "99.7"])?);
    put("ts", instant(u)?.div_euclid(1_000).to_string());
    let mut market = Pairs::new();
    for (name, usual) in [
        ("sigma", "0.01"),
        ("ts", "0.35"),
        ("p_trend", "0.5"),
        ("p_mr", "0.2"),
        ("p_chop", "0.3"),
    ] {
        market.push((name.to_owned(), float_or(u, &[usual])?));
    }
    market.push((
        "as_of".to_owned(),
        instant(u)?.div_euclid(1_000).to_string(),
    ));
    draft::change(u, &mut market, &MARKET, |u, _| number(u))?;
    fields.push(("market".to_owned(), object(&market)));
    draft::change(u, &mut fields, &FIELDS, value)?;
    Ok(object(&fields))
}

/// Generates one of these numbers in half of the cases, and otherwise any number.
fn float_or(u: &mut Unstructured<'_>, usual: &[&str]) -> Result<String> {
    Ok(match u.int_in_range(0..=3)? {
        0 => draft::float(u.arbitrary()?),
        1 => number(u)?,
        _ => (*u.choose(usual)?).to_owned(),
    })
}

/// Generates a value for this field.
fn value(u: &mut Unstructured<'_>, name: &str) -> Result<String> {
    let choices: &[&str] = match name {
        "symbol" => &["\"btcusdt\"", "\"B T\"", "5"],
        "side" => &["\"Short\"", "\"flat\"", "\"BUY\"", "5"],
        "harvested" => &[
            "\"NONE\"",
            "\"partial_25\"",
            "\"PARTIAL_50\"",
            "\"PARTIAL_75\"",
            "\"x\"",
            "5",
        ],
        "quantity" | "qty" | "peak_quantity" | "lot_size" | "min_quantity" => &[
            "0.001", "0.003", "0.008", "0.01", "1", "0.25", "-1", "0", "\"x\"",
        ],
        "market" => &["null", "5", "{}", "\"x\""],
        _ => return number(u),
    };
    Ok((*u.choose(choices)?).to_owned())
}

fn check(call: &Call) {
    let world = World {
        policy: call.policy.as_deref(),
        guardrails: &NO_GUARDRAILS,
        exit_owner: OWNER,
        delegates: &[],
        flaw: None,
    };
    for line in &call.lines {
        let (ours, theirs) = (
            engine::harvest(&world, line, Some(call.now)),
            naive(&world, line, Some(call.now)),
        );
        let context = format!("{line}\n{:?} at {}", call.policy, call.now);
        assert_same_answer(&ours, &theirs, &context);
        same_bits(&ours, &theirs, &context);
    }
    in_batch(
        &world,
        &call.lines,
        Timestamp::from_micros(call.now).unwrap(),
    );
}

/// Checks that all numbers but the kill score are equal to the last bit. The kill score may use another `exp`.
fn same_bits(ours: &Answer, theirs: &Answer, context: &str) {
    for (name, number) in ours.iter().filter(|(name, _)| *name != "kill_score") {
        let (left, right) = (
            number.as_f64(),
            theirs.get(name).and_then(|number| number.as_f64()),
        );
        assert_eq!(
            left.map(f64::to_bits),
            right.map(f64::to_bits),
            "{name}: {context}"
        );
    }
}

/// Checks that every row of a batch equals the single call, to the last bit.
fn in_batch(world: &World<'_>, lines: &[String], now: Timestamp) {
    let policy = engine::policy(world);
    let state = engine::state(&policy);
    let Ok(theta) = state.theta_in_force(now) else {
        return;
    };
    let snapshots: Vec<Snapshot> = lines.iter().filter_map(|line| snapshot(line)).collect();
    let mut columns = HarvestColumns::new();
    for snapshot in &snapshots {
        columns.push(&snapshot.position, snapshot.market.as_ref());
    }
    let mut batch = HarvestBatch::new();
    harvest_batch(theta, &columns, &mut batch);
    assert_eq!(batch.len(), snapshots.len());
    for (n, snapshot) in snapshots.iter().enumerate() {
        let (position, market) = (&snapshot.position, snapshot.market.as_ref());
        same_row(
            &harvest(state, position, market, now),
            &batch.row(n).unwrap(),
        );
    }
}

fn snapshot(line: &str) -> Option<Snapshot> {
    let mut scratch = Scratch::default();
    match read(line, &mut scratch) {
        TapeRecord::Position(record) => {
            Snapshot::from_json(record.text(), record.emitted_at()).ok()
        }
        event => panic!("{event:?}"),
    }
}

fn same_row(alone: &HarvestDecision<'_>, row: &HarvestRow) {
    let bits = |number: Option<f64>| number.map(f64::to_bits);
    let numbers = [row.r_net, row.k, row.stop].map(bits);
    match alone {
        HarvestDecision::Harvest(harvest) => {
            assert_eq!(
                row.outcome,
                HarvestOutcome::Harvest(harvest.action()),
                "{harvest:?}"
            );
            assert_eq!(row.reasons, harvest.reasons(), "{harvest:?}");
            let r = harvest.r().ok().map(|r| r.r_net().get());
            let k = harvest.kill().ok().map(|kill| kill.k());
            let stop = harvest.stop().map(|stop| stop.value().get());
            assert_eq!(numbers, [r, k, stop].map(bits), "{harvest:?}");
        }
        HarvestDecision::Skip(why) => {
            let outcome = match why {
                HarvestSkip::NoPosition => HarvestOutcome::NoPosition,
                HarvestSkip::MissingStop { .. } => HarvestOutcome::MissingStop,
                HarvestSkip::InvalidInput { .. } => HarvestOutcome::InvalidInput,
                HarvestSkip::NotInForce(_) => panic!("{why:?}"),
            };
            assert_eq!(row.outcome, outcome, "{why:?}");
            assert!(row.reasons.is_empty(), "{why:?}");
            assert_eq!(numbers, [None; 3], "{why:?}");
        }
    }
}
