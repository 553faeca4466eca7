//! Tests of the formulas with values that were computed separately, under the sample policy.

use portcullis::harvest::{Market, Position};

use crate::samples::{calm, long, policy, proposal, reasons, short};

const CALM_K: f64 = 0.502_499_979_166_874_9;

/// Checks a harvest. R and the stop are compared to within 1e-10, K exactly.
#[track_caller]
fn check(position: Position, market: Market, r: f64, k: f64, action: &str, stop: Option<f64>) {
    let policy = policy();
    let harvest = proposal(&policy, &position, Some(&market));
    let near = |a: f64, b: f64| (a - b).abs() < 1e-10;
    let part = harvest.r().unwrap();
    assert!(near(part.r_net().get(), r), "{part:?}");
    assert_eq!(part.risk_unit().value(), 2.0);
    assert_eq!(part.cost().value(), 0.12);
    assert_eq!(harvest.kill().unwrap().k(), k);
    assert_eq!(harvest.action().as_str(), action);
    match (harvest.stop(), stop) {
        (None, None) => {}
        (Some(proposed), Some(stop)) => assert!(near(proposed.value().get(), stop)),
        (proposed, stop) => panic!("proposed stop is {proposed:?}, expected {stop:?}"),
    }
}

fn long_at(pnl: f64) -> Position {
    Position {
        current_price: Some(100.0 + pnl),
        ..long()
    }
}

#[test]
fn the_ladder_of_a_long() {
    let lock = Some(100.3);
    check(long_at(1.0), calm(), 0.44, CALM_K, "NONE", None);
    check(long_at(3.0), calm(), 1.44, CALM_K, "NONE", lock);
    check(long_at(3.8), calm(), 1.84, CALM_K, "PARTIAL_25", lock);
    check(long_at(7.2), calm(), 3.54, CALM_K, "PARTIAL_50", lock);
    check(long_at(11.8), calm(), 5.84, CALM_K, "PARTIAL_75", lock);
}

#[test]
fn a_short() {
    check(short(), calm(), 1.94, CALM_K, "PARTIAL_25", Some(99.7));
    let tight = Position {
        current_sl: Some(99.0),
        ..short()
    };
    check(tight, calm(), 1.94, CALM_K, "PARTIAL_25", None);
}

#[test]
fn the_kill_score() {
    let lock = Some(100.3);
    let flip = Market {
        p_trend: Some(0.1),
        p_mr: Some(0.3),
        p_chop: Some(0.6),
        ..calm()
    };
    let close = "FULL_CLOSE_PROPOSED";
    check(long(), flip, 1.44, 0.692_109_504_301_788_2, close, lock);
    let spike = Market {
        sigma: Some(0.03),
        ..calm()
    };
    check(long(), spike, 1.44, 0.713_000_162_752_281_6, close, lock);
    let drop = Market {
        ts: Some(0.1),
        ..calm()
    };
    check(long(), drop, 1.44, 0.527_472_304_344_593_7, "NONE", lock);
    let old = Position {
        age_sec: Some(100_000.0),
        ..long()
    };
    check(old, calm(), 1.44, 0.549_833_997_312_478, "NONE", lock);
}

#[test]
fn every_number_has_its_source() {
    let policy = policy();
    let market = Market {
        sigma: Some(0.03),
        ts: Some(0.1),
        p_trend: Some(0.1),
        p_mr: Some(0.3),
        p_chop: Some(0.6),
        as_of: None,
    };
    let harvest = proposal(&policy, &long_at(3.8), Some(&market));
    assert_eq!(
        reasons(&harvest),
        "harvest_partial_25 profit_lock kill_score_triggered regime_flip sigma_spike ts_drop age_penalty"
    );
    assert_eq!(harvest.reasons().bits(), 0b1_1111_1001);
    let kill = harvest.kill().unwrap();
    assert_eq!(kill.regime_flip(), 1.0);
    assert_eq!(kill.sigma_spike(), 0.03 / 0.012 - 1.0);
    assert_eq!(kill.ts_drop(), 0.35 - 0.1);
    assert_eq!(kill.age_penalty(), 0.05);
    let r = harvest.r().unwrap();
    assert_eq!(r.stop().value(), 0.02);
    assert_eq!(r.stop().source().to_string(), "position:stop_dist_pct");
    assert_eq!(
        r.risk_unit().source().to_string(),
        "position:entry_price*stop_dist_pct"
    );
    assert_eq!(
        r.cost().source().to_string(),
        "position:entry_price*policy:harvest_params.cost_bps/10000"
    );
    assert_eq!(
        harvest.stop().unwrap().source().to_string(),
        "position:entry_price*(1+policy:harvest_params.be_plus_pct)"
    );
    let thresholds: Vec<_> = harvest
        .theta()
        .iter()
        .map(|threshold| format!("{}={}", threshold.source(), threshold.value()))
        .collect();
    assert_eq!(
        thresholds.join("\n"),
        "policy:harvest_params.T1_R=1.8
policy:harvest_params.T2_R=3.5
policy:harvest_params.T3_R=5.8
policy:harvest_params.lock_R=1.2
policy:harvest_params.be_plus_pct=0.003
policy:harvest_params.cost_bps=12
policy:harvest_params.k_regime_flip=0.8
policy:harvest_params.k_sigma_spike=0.6
policy:harvest_params.k_ts_drop=0.4
policy:harvest_params.k_age_penalty=0.2
policy:harvest_params.kill_threshold=0.55
policy:kill_params.trend_min=0.25
policy:kill_params.sigma_ref=0.012
policy:kill_params.sigma_spike_cap=1.8
policy:kill_params.ts_ref=0.35
policy:kill_params.ts_drop_cap=0.45
policy:kill_params.max_age_sec=72000"
    );
    assert_eq!(harvest.policy().version(), "1.0.0-ai-sample");
    assert_eq!(harvest.symbol().as_str(), "BTCUSDT");
}
