//! Fixed policies and guardrails for the targets that do not generate them.

use crate::oracle::{
    compare::differences,
    naive::{Answer, Guardrails, Halt, World},
};

/// 2025-12-24 04:32:14.062733 UTC in microseconds. No group of digits is zero, so that a loss of
/// precision is detected.
pub(crate) const NOW: i64 = 1_766_550_734_062_733;

pub(crate) const OWNER: &str = "exitbrain_v3_5";

/// A policy without limits that is in force up to the latest possible expiry.
pub(crate) const OPEN: &str = r#"{
    "policy_version": "open", "valid_until_epoch": 253402300799,
    "universe_symbols": ["BTCUSDT", "ETHUSDT", "NOLEVUSDT"], "leverage_by_symbol": {"BTCUSDT": 8, "ETHUSDT": 10},
    "harvest_params": {"T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003, "cost_bps": 12,
        "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2, "kill_threshold": 0.55},
    "kill_params": {"trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35, "ts_drop_cap": 0.45,
        "max_age_sec": 72000}
}"#;

/// A policy with every limit.
pub(crate) const STRICT: &str = r#"{
    "policy_version": "strict", "valid_from_epoch": 1766550000, "valid_until_epoch": 1766553600.5, "harvest_grace_sec": 60,
    "universe_symbols": ["BTCUSDT", "ETHUSDT"], "leverage_by_symbol": {"BTCUSDT": 8, "ETHUSDT": 10},
    "limits": {"max_leverage": 9, "max_position_usd": 100, "max_notional_usd": 500, "max_intent_age_sec": 60,
        "max_market_age_sec": 60, "max_position_age_sec": 60},
    "harvest_params": {"T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003, "cost_bps": 12,
        "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2, "kill_threshold": 0.55,
        "fallback_stop_pct": 0.02},
    "kill_params": {"trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35, "ts_drop_cap": 0.45,
        "max_age_sec": 72000}
}"#;

pub(crate) static NO_GUARDRAILS: Guardrails = Guardrails {
    max_leverage: None,
    max_position_usd: None,
    max_notional_usd: None,
    max_validity_sec: None,
    max_intent_age_sec: None,
    max_future_skew_sec: None,
    max_plan_age_sec: None,
    symbols: None,
    market: None,
    venue: None,
    require_hash: false,
    require_metadata: false,
    halt: Halt::Nothing,
    max_price_deviation: None,
    max_stop_distance: None,
    ignored_fields: Vec::new(),
    timestamps: Vec::new(),
};

/// Returns the inputs with this policy and these delegates, without guardrails.
pub(crate) fn world<'a>(policy: &'a str, delegates: &'a [String]) -> World<'a> {
    World {
        policy: Some(policy),
        guardrails: &NO_GUARDRAILS,
        exit_owner: OWNER,
        delegates,
        flaw: None,
    }
}

/// Checks that both engines give the same answer.
#[track_caller]
pub(crate) fn assert_same_answer(engine: &Answer, naive: &Answer, line: &str) {
    let differences = differences(engine, naive);
    assert!(
        differences.is_empty(),
        "{}\nengine {engine:?}\nnaive  {naive:?}\n{line}",
        differences.join("\n")
    );
}
