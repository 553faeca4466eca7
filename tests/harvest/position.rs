//! Tests of harvests without an open position, without a policy in force, or with inputs that are
//! too old.

use portcullis::{
    harvest::{
        HarvestAction, HarvestDecision, HarvestField, HarvestSkip, InputError, Market, Observed,
        Position, ReportedSide, harvest,
    },
    policy::{NotInForceError, Policy, PolicyState, PolicyUnavailable, ValidityError},
    types::{SignedDuration, Timestamp},
};

use crate::samples::{
    EXPIRY, before_expiry, calm, long, now, policy, policy_and, proposal, reasons, skip,
};

#[test]
fn no_open_position() {
    let policy = policy();
    let flat = Position {
        side: Some(ReportedSide::Flat),
        ..long()
    };
    let empty = |quantity: f64| Position {
        quantity: Some(quantity),
        ..long()
    };
    for position in [flat, empty(0.0), empty(-0.0)] {
        assert!(matches!(
            skip(&policy, &position, Some(&calm())),
            HarvestSkip::NoPosition
        ));
        // The check for an open position precedes the check of the policy.
        let absent = PolicyUnavailable::NotFound;
        let state = PolicyState::unavailable(&absent);
        assert!(matches!(
            harvest(state, &position, None, now()),
            HarvestDecision::Skip(HarvestSkip::NoPosition)
        ));
    }
    // Any other quantity has no effect.
    for quantity in [1.0, -1.0, f64::NAN, f64::INFINITY] {
        proposal(&policy, &empty(quantity), None);
    }
}

#[test]
fn without_a_policy_there_is_no_harvest() {
    let absent = PolicyUnavailable::NotFound;
    let state = PolicyState::unavailable(&absent);
    assert!(matches!(
        harvest(state, &long(), Some(&calm()), now()),
        HarvestDecision::Skip(HarvestSkip::NotInForce(NotInForceError::Unavailable(
            PolicyUnavailable::NotFound
        )))
    ));
}

/// Returns true if θ is in force at the time `at`.
fn is_in_force(policy: &Policy, at: Timestamp) -> bool {
    match harvest(PolicyState::present(policy), &long(), None, at) {
        HarvestDecision::Harvest(_) => true,
        HarvestDecision::Skip(HarvestSkip::NotInForce(NotInForceError::Validity(
            ValidityError::Expired { .. },
        ))) => false,
        HarvestDecision::Skip(why) => panic!("{why:?}"),
    }
}

#[test]
fn theta_expires_with_the_policy_or_its_grace_period() {
    let end = before_expiry(0);
    let microsecond_after =
        |at: Timestamp| Timestamp::from_micros(at.as_micros().saturating_add(1)).unwrap();
    let plain = policy();
    assert!(is_in_force(&plain, end));
    assert!(!is_in_force(&plain, microsecond_after(end)));

    let graceful = policy_and(r#""harvest_grace_sec": 60"#);
    let end = before_expiry(-60);
    assert!(is_in_force(&graceful, end));
    assert!(!is_in_force(&graceful, microsecond_after(end)));

    let from = EXPIRY - 500;
    let later = policy_and(&format!(r#""valid_from_epoch": {from}"#));
    assert!(matches!(
        skip(&later, &long(), Some(&calm())),
        HarvestSkip::NotInForce(NotInForceError::Validity(ValidityError::NotYetValid { .. }))
    ));
}

fn old(field: HarvestField, seconds: i64) -> InputError {
    InputError {
        field,
        observed: Observed::TooOld {
            age: SignedDuration::from_micros(seconds * 1_000_000),
            age_max: SignedDuration::from_micros(60_000_000),
        },
    }
}

fn unknown(field: HarvestField) -> InputError {
    InputError {
        field,
        observed: Observed::Absent,
    }
}

/// Returns the time `seconds` before [`now`].
fn ago(seconds: i64) -> Option<Timestamp> {
    Some(before_expiry(1000 + seconds))
}

#[test]
fn an_old_market_disables_only_k() {
    let policy = policy_and(r#""limits": {"max_market_age_sec": 60}"#);
    let at = |as_of: Option<Timestamp>| Market { as_of, ..calm() };
    let kill = |as_of| {
        let harvest = proposal(&policy, &long(), Some(&at(as_of)));
        assert_eq!(harvest.action(), HarvestAction::None);
        assert!(harvest.r().is_ok());
        harvest.kill().copied()
    };
    assert!(kill(ago(0)).is_ok());
    assert!(kill(ago(60)).is_ok());
    assert!(kill(ago(-5)).is_ok());
    assert_eq!(kill(ago(61)), Err(old(HarvestField::MarketTime, 61)));
    assert_eq!(kill(None), Err(unknown(HarvestField::MarketTime)));
    // Without a market, K is unavailable for that reason and not because of an age.
    let harvest = proposal(&policy, &long(), None);
    assert_eq!(harvest.kill(), Err(unknown(HarvestField::Market)));
    assert_eq!(reasons(&harvest), "profit_lock kill_score_unavailable");
}

#[test]
fn an_old_position_is_skipped() {
    let policy = policy_and(r#""limits": {"max_position_age_sec": 60}"#);
    let at = |as_of: Option<Timestamp>| Position {
        as_of,
        // The age is checked first, so a missing stop is not reported.
        stop_dist_pct: None,
        ..long()
    };
    let why = |as_of| {
        let position = at(as_of);
        let HarvestSkip::InvalidInput { r, kill } = skip(&policy, &position, Some(&calm())) else {
            panic!("expected InvalidInput");
        };
        assert_eq!(r, kill);
        r
    };
    assert!(
        proposal(&policy, &at(ago(60)), Some(&calm()))
            .kill()
            .is_ok()
    );
    assert_eq!(why(ago(61)), old(HarvestField::PositionTime, 61));
    assert_eq!(why(None), unknown(HarvestField::PositionTime));
}
