//! R_net: net profit in units of the risk taken at entry.

use std::hint::select_unpredictable;

use super::{
    HarvestField, InputError, Observed, Position, RError, ReportedSide,
    evidence::{is_finite, is_positive, sound},
};
use crate::{
    policy::Theta,
    provenance::{Source, Sourced},
    types::{PositionSide, RMultiple},
};

/// The R_net of a position and the numbers from which it was computed. Only the engine can create
/// one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RPart {
    r_net: RMultiple,
    risk_unit: f64,
    cost: f64,
    stop: f64,
    stop_from: StopFrom,
    pub(super) side: PositionSide,
    pub(super) entry: f64,
    pub(super) current: f64,
}

/// The origin of the stop distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopFrom {
    Position,
    Policy,
}

impl RPart {
    /// Returns R_net = (side · (current − entry) − cost) / risk_unit; finite.
    #[must_use]
    pub const fn r_net(&self) -> RMultiple {
        self.r_net
    }

    /// Returns the risk of one unit, in USD: entry · stop. Finite, greater than 0.
    #[must_use]
    pub const fn risk_unit(&self) -> Sourced<f64> {
        let product = match self.stop_from {
            StopFrom::Position => "position:entry_price*stop_dist_pct",
            StopFrom::Policy => "position:entry_price*policy:harvest_params.fallback_stop_pct",
        };
        Sourced::new(self.risk_unit, Source::Derived(product))
    }

    /// Returns the costs of one unit, in USD: entry · cost_bps / 10 000. Finite, at least 0.
    #[must_use]
    pub const fn cost(&self) -> Sourced<f64> {
        let product = "position:entry_price*policy:harvest_params.cost_bps/10000";
        Sourced::new(self.cost, Source::Derived(product))
    }

    /// Returns the stop distance at entry, as a share of the entry price: the distance that the
    /// position states or, if it has none, the fallback of the policy. Finite, greater than 0.
    #[must_use]
    pub const fn stop(&self) -> Sourced<f64> {
        let source = match self.stop_from {
            StopFrom::Position => Source::Position("stop_dist_pct"),
            StopFrom::Policy => Source::Policy("harvest_params.fallback_stop_pct"),
        };
        Sourced::new(self.stop, source)
    }

    /// Computes R. Side and prices are checked before the stop, so that an invalid side or price is
    /// reported first.
    #[inline]
    pub(super) fn of(position: &Position, theta: &Theta) -> Result<Self, RError> {
        let invalid = RError::InvalidInput;
        let side = side(position).map_err(invalid)?;
        let entry =
            sound(HarvestField::EntryPrice, position.entry_price, is_positive).map_err(invalid)?;
        let current = sound(
            HarvestField::CurrentPrice,
            position.current_price,
            is_positive,
        )
        .map_err(invalid)?;
        let (stop, stop_from) = match (position.stop_dist_pct, theta.fallback_stop_pct()) {
            (given @ Some(_), _) => {
                let stop = sound(HarvestField::StopDistPct, given, is_positive).map_err(invalid)?;
                (stop, StopFrom::Position)
            }
            (None, Some(fallback)) => (fallback.value(), StopFrom::Policy),
            (None, None) => return Err(RError::MissingStop),
        };
        let risk_unit = risk_unit(entry, stop);
        let cost = cost(entry, theta.cost_bps().value());
        let r_net = r_net(sign(side), entry, current, cost, risk_unit);
        // If the prices are so far apart that a result overflows or underflows, R is meaningless. A
        // cost that is not finite makes R not finite.
        sound(HarvestField::RiskUnit, Some(risk_unit), is_finite).map_err(invalid)?;
        let r_net = RMultiple::new(r_net).map_err(|_| {
            invalid(InputError::new(
                HarvestField::RNet,
                Observed::number(Some(r_net)),
            ))
        })?;
        Ok(Self {
            r_net,
            risk_unit,
            cost,
            stop,
            stop_from,
            side,
            entry,
            current,
        })
    }
}

fn side(position: &Position) -> Result<PositionSide, InputError> {
    match position.side {
        Some(ReportedSide::Open(side)) => Ok(side),
        // A flat position is skipped before R is computed.
        Some(ReportedSide::Flat | ReportedSide::Unreadable) => {
            Err(InputError::new(HarvestField::Side, Observed::Unreadable))
        }
        None => Err(InputError::new(HarvestField::Side, Observed::Absent)),
    }
}

/// Returns +1 for a long, −1 for a short. It has no branch, because the branch predictor cannot
/// predict the side of the next position.
#[inline(always)]
pub(super) fn sign(side: PositionSide) -> f64 {
    select_unpredictable(
        side == PositionSide::Short,
        PositionSide::Short.sign(),
        PositionSide::Long.sign(),
    )
}

#[inline(always)]
pub(super) fn risk_unit(entry: f64, stop: f64) -> f64 {
    entry * stop
}

#[inline(always)]
pub(super) fn cost(entry: f64, cost_bps: f64) -> f64 {
    entry * cost_bps / 10_000.0
}

#[inline(always)]
pub(super) fn r_net(sign: f64, entry: f64, current: f64, cost: f64, risk_unit: f64) -> f64 {
    (sign * (current - entry) - cost) / risk_unit
}
