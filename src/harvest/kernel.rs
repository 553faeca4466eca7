//! The harvest decision for a single position, which combines the parts into one answer.

use std::hint::select_unpredictable;

use super::{
    Harvest, HarvestAction, HarvestDecision, HarvestField, HarvestReason, HarvestReasons,
    HarvestSkip, InputError, KillScore, Market, Observed, Position, RError, RPart, ReportedSide,
    Stage,
    lots::{Close, Ladder},
    profit_lock,
};
use crate::{
    policy::{PolicyState, ThetaInForce},
    types::{SignedDuration, Timestamp},
};

/// Evaluates one position at `now`, with the θ of a policy that is in force or within its grace
/// period.
///
/// Never fails, panics or allocates for any numbers. If an input is missing, only the part that
/// needs it is unavailable. The age of a position or a market state is checked only if the policy
/// limits it. An unknown age then counts as too old; a negative age, which means that the sender's
/// clock is ahead, does not.
#[must_use]
#[inline]
pub fn harvest<'a>(
    policy: PolicyState<'a>,
    position: &Position,
    market: Option<&Market>,
    now: Timestamp,
) -> HarvestDecision<'a> {
    if position.is_flat() {
        return HarvestDecision::Skip(HarvestSkip::NoPosition);
    }
    match policy.theta_in_force(now) {
        Ok(in_force) => evaluate(in_force, position, market),
        Err(error) => HarvestDecision::Skip(HarvestSkip::NotInForce(error)),
    }
}

fn evaluate<'a>(
    in_force: ThetaInForce<'a>,
    position: &Position,
    market: Option<&Market>,
) -> HarvestDecision<'a> {
    let (r, kill) = parts(in_force, position, market);
    match (r, kill) {
        (Err(RError::MissingStop), Err(kill)) => {
            HarvestDecision::Skip(HarvestSkip::MissingStop { kill })
        }
        (Err(RError::InvalidInput(r)), Err(kill)) => {
            HarvestDecision::Skip(HarvestSkip::InvalidInput { r, kill })
        }
        (r, kill) => HarvestDecision::Harvest(propose(in_force, position, r, kill)),
    }
}

type Parts = (Result<RPart, RError>, Result<KillScore, InputError>);

fn parts(in_force: ThetaInForce<'_>, position: &Position, market: Option<&Market>) -> Parts {
    let (theta, limits, now) = (in_force.theta(), in_force.limits(), in_force.now());
    let too_old = |field, as_of, age_max: Option<SignedDuration>| {
        age_max.and_then(|age_max| age_fault(field, as_of, age_max, now))
    };
    if let Some(fault) = too_old(
        HarvestField::PositionTime,
        position.as_of,
        limits.max_position_age(),
    ) {
        return (Err(RError::InvalidInput(fault)), Err(fault));
    }
    let market_fault = market.and_then(|market| {
        too_old(
            HarvestField::MarketTime,
            market.as_of,
            limits.max_market_age(),
        )
    });
    let kill = match market_fault {
        Some(fault) => Err(fault),
        None => KillScore::of(position, market, theta),
    };
    (RPart::of(position, theta), kill)
}

fn age_fault(
    field: HarvestField,
    as_of: Option<Timestamp>,
    age_max: SignedDuration,
    now: Timestamp,
) -> Option<InputError> {
    let Some(as_of) = as_of else {
        return Some(InputError::new(field, Observed::Absent));
    };
    let age = now.since(as_of);
    (age > age_max).then(|| InputError::new(field, Observed::TooOld { age, age_max }))
}

fn propose<'a>(
    in_force: ThetaInForce<'a>,
    position: &Position,
    r: Result<RPart, RError>,
    kill: Result<KillScore, InputError>,
) -> Harvest<'a> {
    let theta = in_force.theta();
    let ladder = Ladder::of(position);
    let reached = match (&r, ladder.taken) {
        (Ok(r), Some(taken)) => Stage::reached(r.r_net(), theta).above(taken),
        (Err(_), _) | (_, None) => Stage::None,
    };
    let below_lot = reached != Stage::None && !ladder.closes(reached);
    let stage = select_unpredictable(below_lot, Stage::None, reached);
    let stop = r
        .as_ref()
        .ok()
        .and_then(|r| profit_lock::stop(r, position.current_sl, theta));
    let killed = kill.is_ok_and(|kill| kill.k() >= theta.kill_threshold().value());
    let component = |of: fn(&KillScore) -> f64| kill.as_ref().is_ok_and(|kill| of(kill) > 0.0);
    let lock_unavailable = !profit_lock::is_readable(position.current_sl);
    let reasons = HarvestReasons::NONE
        .with(HarvestReason::Partial25, stage == Stage::Partial25)
        .with(HarvestReason::Partial50, stage == Stage::Partial50)
        .with(HarvestReason::Partial75, stage == Stage::Partial75)
        .with(HarvestReason::ProfitLock, stop.is_some())
        .with(HarvestReason::KillScoreTriggered, killed)
        .with(HarvestReason::RegimeFlip, component(KillScore::regime_flip))
        .with(HarvestReason::SigmaSpike, component(KillScore::sigma_spike))
        .with(HarvestReason::TsDrop, component(KillScore::ts_drop))
        .with(HarvestReason::AgePenalty, component(KillScore::age_penalty))
        .with(HarvestReason::RUnavailable, r.is_err())
        .with(HarvestReason::LadderUnavailable, ladder.taken.is_none())
        .with(HarvestReason::ProfitLockUnavailable, lock_unavailable)
        .with(HarvestReason::KillScoreUnavailable, kill.is_err())
        .with(HarvestReason::BelowLot, below_lot);
    let action = select_unpredictable(killed, HarvestAction::FullCloseProposed, stage.into());
    Harvest {
        policy: in_force.policy(),
        theta,
        symbol: position.symbol,
        side: match position.side {
            Some(ReportedSide::Open(side)) => Some(side),
            Some(ReportedSide::Flat | ReportedSide::Unreadable) | None => None,
        },
        action,
        close: match action {
            HarvestAction::None => Close::NONE,
            HarvestAction::Partial25 | HarvestAction::Partial50 | HarvestAction::Partial75 => {
                Close::of(position, stage)
            }
            HarvestAction::FullCloseProposed => Close::whole(position),
        },
        stop,
        r,
        kill,
        reasons,
    }
}
