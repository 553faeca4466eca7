//! Tests of the thresholds of each part of a harvest, and of its result for missing or invalid
//! inputs.

use portcullis::{
    harvest::{
        HarvestAction, HarvestField, HarvestSkip, Harvested, InputError, Market, Observed,
        Position, RError, ReportedSide, Stage,
    },
    types::{PositionSide, SignedDuration},
};

use crate::samples::{
    at_r, calm, long, policy, policy_with, proposal, reasons, short, skip, whole_numbers,
    whole_numbers_locking_at,
};

fn fault(field: HarvestField, observed: Observed) -> InputError {
    InputError { field, observed }
}

#[test]
fn a_step_is_reached_at_its_threshold() {
    let policy = whole_numbers();
    let action = |r: f64| {
        let harvest = proposal(&policy, &at_r(r), None);
        assert_eq!(harvest.r().unwrap().r_net().get(), r);
        harvest.action()
    };
    let just_below = |r: f64| (128.0 + r).next_down() - 128.0;
    assert_eq!(action(just_below(2.0)), HarvestAction::None);
    assert_eq!(action(2.0), HarvestAction::Partial25);
    assert_eq!(action(just_below(4.0)), HarvestAction::Partial25);
    assert_eq!(action(4.0), HarvestAction::Partial50);
    assert_eq!(action(just_below(6.0)), HarvestAction::Partial50);
    assert_eq!(action(6.0), HarvestAction::Partial75);
    assert_eq!(action(600.0), HarvestAction::Partial75);
}

#[test]
fn only_a_stage_above_the_taken_one_is_proposed() {
    let policy = whole_numbers();
    let action = |r: f64, taken: Stage| {
        let position = Position {
            harvested: Harvested::Stage(taken),
            ..at_r(r)
        };
        proposal(&policy, &position, None).action()
    };
    assert_eq!(action(2.0, Stage::Partial25), HarvestAction::None);
    assert_eq!(action(4.0, Stage::Partial25), HarvestAction::Partial50);
    assert_eq!(action(6.0, Stage::Partial25), HarvestAction::Partial75);
    assert_eq!(action(4.0, Stage::Partial50), HarvestAction::None);
    assert_eq!(action(4.0, Stage::Partial75), HarvestAction::None);
    assert_eq!(action(6.0, Stage::Partial50), HarvestAction::Partial75);
    assert_eq!(action(6.0, Stage::Partial75), HarvestAction::None);
}

#[test]
fn k_at_its_threshold_overrides_the_ladder() {
    let market = Market {
        sigma: Some(0.03),
        ..calm()
    };
    let position = Position {
        current_price: Some(107.2),
        ..long()
    };
    let with_threshold = |threshold: f64| {
        let new = format!(r#""kill_threshold": {threshold}"#);
        policy_with(&[(r#""kill_threshold": 0.55"#, &new)])
    };
    let k = 0.713_000_162_752_281_6;
    let at = with_threshold(k);
    let harvest = proposal(&at, &position, Some(&market));
    assert_eq!(harvest.action(), HarvestAction::FullCloseProposed);
    assert_eq!(
        reasons(&harvest),
        "harvest_partial_50 profit_lock kill_score_triggered sigma_spike age_penalty"
    );
    let above = with_threshold(k.next_up());
    let harvest = proposal(&above, &position, Some(&market));
    assert_eq!(harvest.action(), HarvestAction::Partial50);
}

#[test]
fn k_is_one_if_z_overflows() {
    let policy = policy_with(&[
        (r#""k_regime_flip": 0.8"#, r#""k_regime_flip": 1e308"#),
        (r#""k_sigma_spike": 0.6"#, r#""k_sigma_spike": 1e308"#),
    ]);
    let market = Market {
        sigma: Some(f64::MAX),
        p_trend: Some(0.0),
        p_mr: Some(1.0),
        p_chop: Some(1.0),
        ..calm()
    };
    let harvest = proposal(&policy, &long(), Some(&market));
    assert_eq!(harvest.kill().unwrap().k(), 1.0);
    assert_eq!(harvest.kill().unwrap().sigma_spike(), 1.8);
}

#[test]
fn a_regime_flip_needs_both_conditions() {
    let policy = policy();
    let flip = |p_trend: f64, p_mr: f64, p_chop: f64| {
        let market = Market {
            p_trend: Some(p_trend),
            p_mr: Some(p_mr),
            p_chop: Some(p_chop),
            ..calm()
        };
        proposal(&policy, &long(), Some(&market))
            .kill()
            .unwrap()
            .regime_flip()
    };
    assert_eq!(flip(0.25, 0.5, 0.5), 0.0);
    assert_eq!(flip(0.25_f64.next_down(), 0.5, 0.5), 1.0);
    assert_eq!(flip(0.0, 0.25, 0.25), 0.0);
    assert_eq!(flip(0.0, 0.0, 0.5_f64.next_up()), 1.0);
}

#[test]
fn components_are_never_negative_zero() {
    let policy = policy_with(&[
        (r#""sigma_spike_cap": 1.8"#, r#""sigma_spike_cap": -0"#),
        (r#""ts_drop_cap": 0.45"#, r#""ts_drop_cap": -0.0"#),
    ]);
    let market = Market {
        sigma: Some(-0.0),
        ..calm()
    };
    let position = Position {
        age_sec: Some(-0.0),
        ..long()
    };
    let harvest = proposal(&policy, &position, Some(&market));
    let kill = harvest.kill().unwrap();
    for component in [kill.sigma_spike(), kill.ts_drop(), kill.age_penalty()] {
        assert_eq!(component.to_bits(), 0);
    }
    assert_eq!(kill.k(), 0.5);
}

/// Checks the profit lock of a position with R of at least `lock_R`.
#[track_caller]
fn check_lock(position: Position, stop: Option<f64>, unavailable: bool) {
    let policy = whole_numbers();
    let harvest = proposal(&policy, &position, None);
    assert!(harvest.r().unwrap().r_net().get() >= 1.0);
    assert_eq!(harvest.stop().map(|stop| stop.value().get()), stop);
    let is_listed = reasons(&harvest).contains("profit_lock_unavailable");
    assert_eq!(is_listed, unavailable);
}

#[test]
fn the_lock_only_tightens_and_stays_on_the_safe_side() {
    // The profit lock proposes a stop at 129, or at 127 for a short.
    let at = |r: f64, current_sl: Option<f64>| Position {
        current_sl,
        ..at_r(r)
    };
    check_lock(at(1.5, None), Some(129.0), false);
    check_lock(at(1.5, Some(128.9)), Some(129.0), false);
    check_lock(at(1.5, Some(129.0)), None, false);
    check_lock(at(1.5, Some(200.0)), None, false);
    // R has reached lock_R, and the price equals the stop that would be proposed.
    check_lock(at(1.0, None), None, false);
    check_lock(at(1.0_f64.next_up(), None), None, false);

    let below = |r: f64, current_sl: Option<f64>| Position {
        side: Some(ReportedSide::Open(PositionSide::Short)),
        current_price: Some(128.0 - r),
        current_sl,
        ..at_r(0.0)
    };
    check_lock(below(1.5, None), Some(127.0), false);
    check_lock(below(1.5, Some(127.1)), Some(127.0), false);
    check_lock(below(1.5, Some(127.0)), None, false);
    check_lock(below(1.0, None), None, false);
}

#[test]
fn the_lock_starts_at_its_threshold() {
    let policy = whole_numbers_locking_at("0.00390625");
    let stop = |position: Position| {
        let harvest = proposal(&policy, &position, None);
        harvest.stop().map(|stop| stop.value().get())
    };
    assert_eq!(stop(at_r(1.0)), Some(128.5));
    let just_below = Position {
        current_price: Some(129.0_f64.next_down()),
        ..at_r(1.0)
    };
    assert_eq!(stop(just_below), None);
}

#[test]
fn an_invalid_current_stop_disables_only_the_lock() {
    for sl in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, -1.0] {
        let position = Position {
            current_sl: Some(sl),
            ..at_r(4.0)
        };
        check_lock(position, None, true);
        let policy = whole_numbers();
        let harvest = proposal(&policy, &position, Some(&calm()));
        assert_eq!(harvest.action(), HarvestAction::Partial50);
        assert!(harvest.kill().is_ok());
    }
}

#[test]
fn an_unreadable_taken_stage_disables_only_the_ladder() {
    let policy = policy();
    let position = Position {
        harvested: Harvested::Unreadable,
        ..short()
    };
    let harvest = proposal(&policy, &position, Some(&calm()));
    assert_eq!(harvest.action(), HarvestAction::None);
    assert_eq!(
        reasons(&harvest),
        "profit_lock age_penalty ladder_unavailable"
    );
}

#[test]
fn an_unavailable_r_names_its_input() {
    let policy = policy();
    let r = |change: fn(&mut Position)| {
        let mut position = long();
        change(&mut position);
        let harvest = proposal(&policy, &position, Some(&calm()));
        assert_eq!(harvest.action(), HarvestAction::None);
        assert!(harvest.stop().is_none());
        assert_eq!(reasons(&harvest), "age_penalty r_unavailable");
        match harvest.r() {
            Err(RError::InvalidInput(fault)) => (fault.field, fault.observed),
            other => panic!("{other:?}"),
        }
    };
    use HarvestField as F;
    use Observed::{Absent, Number, Unreadable};
    assert_eq!(r(|p| p.side = None), (F::Side, Absent));
    let unreadable = r(|p| p.side = Some(ReportedSide::Unreadable));
    assert_eq!(unreadable, (F::Side, Unreadable));
    assert_eq!(r(|p| p.entry_price = None), (F::EntryPrice, Absent));
    let nan = r(|p| p.entry_price = Some(f64::NAN));
    assert_eq!(nan, (F::EntryPrice, Unreadable));
    assert_eq!(
        r(|p| p.entry_price = Some(0.0)),
        (F::EntryPrice, Number(0.0))
    );
    assert_eq!(
        r(|p| p.current_price = Some(-1.0)),
        (F::CurrentPrice, Number(-1.0))
    );
    let infinite = r(|p| p.current_price = Some(f64::INFINITY));
    assert_eq!(infinite, (F::CurrentPrice, Number(f64::INFINITY)));
    assert_eq!(
        r(|p| p.stop_dist_pct = Some(0.0)),
        (F::StopDistPct, Number(0.0))
    );
    let nan = r(|p| p.stop_dist_pct = Some(f64::NAN));
    assert_eq!(nan, (F::StopDistPct, Unreadable));
    // The inputs are valid, but the result is not finite.
    let huge = r(|p| {
        p.entry_price = Some(1e308);
        p.stop_dist_pct = Some(100.0);
    });
    assert_eq!(huge, (F::RiskUnit, Number(f64::INFINITY)));
    let tiny = r(|p| p.stop_dist_pct = Some(5e-324));
    assert_eq!(tiny, (F::RNet, Number(f64::INFINITY)));
}

#[test]
fn the_stop_comes_from_the_position_or_the_policy() {
    let plain = policy();
    let with_fallback = policy_with(&[(
        r#""kill_threshold": 0.55"#,
        r#""kill_threshold": 0.55, "fallback_stop_pct": 0.04"#,
    )]);
    let without_stop = Position {
        stop_dist_pct: None,
        ..long()
    };
    let harvest = proposal(&plain, &without_stop, Some(&calm()));
    assert_eq!(harvest.r(), Err(RError::MissingStop));
    let no_market = fault(HarvestField::Market, Observed::Absent);
    let HarvestSkip::MissingStop { kill } = skip(&plain, &without_stop, None) else {
        panic!("expected MissingStop");
    };
    assert_eq!(kill, no_market);

    let harvest = proposal(&with_fallback, &without_stop, None);
    let r = harvest.r().unwrap();
    assert_eq!(r.r_net().get(), (3.0 - 0.12) / 4.0);
    assert_eq!(
        r.stop().source().to_string(),
        "policy:harvest_params.fallback_stop_pct"
    );
    assert_eq!(
        r.risk_unit().source().to_string(),
        "position:entry_price*policy:harvest_params.fallback_stop_pct"
    );
    let listed = harvest.theta().iter().last().unwrap();
    assert_eq!(listed, r.stop());

    // The fallback does not replace an invalid stop.
    let zero = Position {
        stop_dist_pct: Some(0.0),
        ..long()
    };
    assert!(matches!(
        skip(&with_fallback, &zero, None),
        HarvestSkip::InvalidInput { .. }
    ));
    // Side and prices are checked before the stop.
    let neither = Position {
        current_price: None,
        ..without_stop
    };
    let HarvestSkip::InvalidInput { r, kill } = skip(&plain, &neither, None) else {
        panic!("expected InvalidInput");
    };
    assert_eq!(r, fault(HarvestField::CurrentPrice, Observed::Absent));
    assert_eq!(kill, no_market);
}

#[test]
fn an_unavailable_k_names_its_input() {
    let policy = policy();
    let kill = |position: &Position, market: Option<&Market>| {
        let harvest = proposal(&policy, position, market);
        assert_eq!(harvest.action(), HarvestAction::None);
        assert_eq!(reasons(&harvest), "profit_lock kill_score_unavailable");
        let fault = harvest.kill().unwrap_err();
        (fault.field, fault.observed)
    };
    let of = |change: fn(&mut Market)| {
        let mut market = calm();
        change(&mut market);
        kill(&long(), Some(&market))
    };
    use HarvestField as F;
    use Observed::{Absent, Number, Unreadable};
    assert_eq!(kill(&long(), None), (F::Market, Absent));
    assert_eq!(of(|m| m.sigma = Some(-1e-9)), (F::Sigma, Number(-1e-9)));
    assert_eq!(of(|m| m.sigma = Some(f64::NAN)), (F::Sigma, Unreadable));
    let infinite = of(|m| m.ts = Some(f64::NEG_INFINITY));
    assert_eq!(infinite, (F::TrendStrength, Number(f64::NEG_INFINITY)));
    assert_eq!(of(|m| m.p_trend = None), (F::PTrend, Absent));
    let above = 1.0_f64.next_up();
    assert_eq!(
        of(|m| m.p_mr = Some(1.0_f64.next_up())),
        (F::PMr, Number(above))
    );
    assert_eq!(
        of(|m| m.p_chop = Some(-5e-324)),
        (F::PChop, Number(-5e-324))
    );
    let ageless = Position {
        age_sec: None,
        ..long()
    };
    assert_eq!(kill(&ageless, Some(&calm())), (F::AgeSec, Absent));
    let unborn = Position {
        age_sec: Some(-1.0),
        ..long()
    };
    assert_eq!(kill(&unborn, Some(&calm())), (F::AgeSec, Number(-1.0)));
}

#[test]
fn texts_of_the_evidence() {
    let number = fault(HarvestField::Sigma, Observed::Number(-1.0));
    assert_eq!(
        number.to_string(),
        "`market.sigma` is `-1`, but must be finite and at least 0"
    );
    let old = fault(
        HarvestField::MarketTime,
        Observed::TooOld {
            age: SignedDuration::from_micros(2),
            age_max: SignedDuration::from_micros(1),
        },
    );
    assert_eq!(
        old.to_string(),
        "`market.as_of` is 0.000002 s old, but must be at most 0.000001 s old"
    );
    assert_eq!(
        RError::MissingStop.to_string(),
        "`stop_dist_pct` is absent, and the policy has no `harvest_params.fallback_stop_pct`"
    );
}
