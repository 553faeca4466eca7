//! A store with an active policy, and a recorded history of eight days.

use std::fmt::Write as _;

use portcullis::{Engine, ExitOwnership, Guardrails, Policy, types::Timestamp};
use portcullis_lifecycle::{
    Baselines, GatedPublication, GatedPublishError, Outcome,
    gate::{Case, GateRules},
    publish,
};
use portcullis_sim::{
    replay::Replayer,
    simulate::candles::{self, CandleFile, ReadOptions, Series},
    tape::{TapeReader, TapeSource},
};
use portcullis_store::{MemoryStore, Operator, PolicyStore as _, Publication};
use serde_json::{Value, json};

pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2026-01-10T00:00:00Z in epoch seconds.
pub(crate) const NOW: i64 = 1_768_003_200;

pub(crate) fn at(epoch_sec: i64) -> Timestamp {
    Timestamp::from_micros(epoch_sec * 1_000_000).unwrap()
}

/// Returns a policy that is valid for two hours, since one hour, with one symbol: BTCUSDT at 4x.
pub(crate) fn document() -> Value {
    json!({
        "policy_version": "test",
        "valid_from_epoch": NOW - HOUR,
        "valid_until_epoch": NOW + HOUR,
        "universe_symbols": ["BTCUSDT"],
        "leverage_by_symbol": {"BTCUSDT": 4},
        "harvest_params": {
            "T1_R": 1.5, "T2_R": 2.5, "T3_R": 4, "lock_R": 1, "be_plus_pct": 0.003, "cost_bps": 12,
            "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2, "kill_threshold": 0.55,
        },
        "kill_params": {
            "trend_min": 0.25, "sigma_ref": 0.02, "sigma_spike_cap": 1.8, "ts_ref": 0.3, "ts_drop_cap": 0.45,
            "max_age_sec": 43200,
        },
        "limits": {"max_notional_usd": 2000},
    })
}

/// Returns the policy with changes, each a path such as `/limits/max_notional_usd` and its value; `null` removes it.
pub(crate) fn policy(changes: &[(&str, Value)]) -> Policy {
    let mut document = document();
    for (path, value) in changes {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let parent = document
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        if value.is_null() {
            parent.remove(name);
        } else {
            parent.insert(name.to_owned(), value.clone());
        }
    }
    Policy::from_json(&document.to_string()).unwrap()
}

/// Returns an intent for each hour of a number of days before `NOW`: long entries of BTCUSDT and ETHUSDT in turn,
/// with a margin of 100 USD and a requested leverage of 10.
pub(crate) fn history(days: i64) -> String {
    history_until(days, NOW)
}

pub(crate) fn history_until(days: i64, end: i64) -> String {
    let mut tape = String::new();
    for hour in 0..=days * 24 {
        let symbol = if hour % 2 == 0 { "BTCUSDT" } else { "ETHUSDT" };
        let epoch_sec = end - days * DAY + hour * HOUR - 60;
        let (id, ts) = (epoch_sec / HOUR, at(epoch_sec));
        writeln!(
            tape,
            r#"{{"id":"{id}","timestamp":"{ts}","symbol":"{symbol}","side":"BUY","position_usd":100,"leverage":10}}"#
        )
        .unwrap();
    }
    tape
}

pub(crate) fn reader(tape: &str) -> TapeReader {
    TapeReader::new(vec![TapeSource::Memory {
        name: "the history",
        bytes: tape.as_bytes().into(),
    }])
}

/// Rules with wide bounds, which tests narrow by replacing one of them.
pub(crate) const RULES: &str = "\
format = 1
days = 7
min_reached = 10
max_new_trades = 0.6
notional_ratio = { min = 0.5, max = 3 }
max_leverage_rise = 2
";

/// The bounds of a simulation with wide bounds.
pub(crate) const SIMULATION: &str = "\
[simulation]
max_drawdown = 1
max_drawdown_rise = 1
cash = 1000.5
taker_fee = 0.0004
fill_after_gap = false
";

pub(crate) fn rules(text: &str) -> GateRules {
    GateRules::from_toml(text).unwrap()
}

pub(crate) fn replayer() -> Replayer {
    let engine = Engine::new(Guardrails::none(), ExitOwnership::new("exits").unwrap());
    Replayer {
        assume_in_force: true,
        ..Replayer::new(engine)
    }
}

/// Hourly candles of BTCUSDT that fall by `step` USD per hour from 1000 USD.
pub(crate) fn falling_candles(days: i64, step: f64) -> Vec<Series> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("BTCUSDT_1h.csv");
    let mut text = "timestamp,open,high,low,close\n".to_owned();
    let mut price = 1000.0;
    for hour in 0..days * 24 {
        let (start, next) = (NOW - days * DAY + hour * HOUR, price - step);
        writeln!(text, "{start},{price},{price},{next},{next}").unwrap();
        price = next;
    }
    std::fs::write(&path, text).unwrap();
    let options = ReadOptions {
        interval: None,
        time_unit: None,
        time_label: None,
    };
    candles::read(&[CandleFile { symbol: None, path }], &options).unwrap()
}

/// A store with publications, each at a number of seconds before `NOW`.
pub(crate) fn store(publications: &[(i64, &Policy)]) -> MemoryStore {
    let store = MemoryStore::new();
    for (before, policy) in publications {
        let operator = Operator::new("tests");
        let now = at(NOW - before);
        let publication = Publication::new((*policy).clone(), &Guardrails::none(), operator, now);
        let expected = store.current_hash().unwrap();
        store.publish(&publication.unwrap(), expected).unwrap();
    }
    store
}

/// Publishes a draft through the gate at `NOW`.
pub(crate) fn publish_draft(
    store: &MemoryStore,
    draft: &Policy,
    rules: &GateRules,
    (tape, candles): (&str, &[Series]),
) -> Result<Outcome, GatedPublishError> {
    let baselines = Baselines::read(store, at(NOW)).unwrap();
    publish_against(store, &baselines, draft, rules, (tape, candles))
}

pub(crate) fn publish_against(
    store: &MemoryStore,
    baselines: &Baselines,
    draft: &Policy,
    rules: &GateRules,
    (tape, candles): (&str, &[Series]),
) -> Result<Outcome, GatedPublishError> {
    let case = Case {
        draft,
        baselines,
        rules,
        replayer: &replayer(),
        candles,
        now: at(NOW),
    };
    let publication = GatedPublication {
        guardrails: &Guardrails::none(),
        operator: Operator::new("tests"),
        signer: None,
        derivation: None,
        conditions: None,
        clock: &|| at(NOW),
    };
    publish(store, &case, reader(tape), &publication, &mut |_| {})
}
