//! The bounds of a batch: the parts of gates 4 to 6 and 10 that are the same for every row.

use super::{
    Engine, SkipCode,
    gates::{freshness::Bounds, policy},
    intent_columns::NO_TIMESTAMP,
    tables::OPEN,
};
use crate::{
    policy::{InForce, PolicyState},
    types::{Fraction, Leverage, Margin, Notional, Timestamp},
};

/// A duration in microseconds that is longer than the age of any row with a timestamp, but shorter
/// than the age of any row without one.
const AGE_UNKNOWN: i64 = 1_000_000_000_000_000_000;

/// Bounds with which every row of a batch is compared. A bound that is not set accepts every value.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchBounds {
    /// The number of the skip reason of gate 4 or 5 if it applies to every row, otherwise [`OPEN`].
    reason: u8,
    /// The earliest time, in microseconds, from which the remaining validity is within `max_validity_sec`.
    permitted_from: i64,
    valid_from: i64,
    valid_until: i64,
    /// The largest age, in microseconds. The age of a row without a timestamp is larger.
    pub(super) age_max: i64,
    /// The smallest age, in microseconds. It is the largest lead, negated.
    pub(super) age_min: i64,
    /// The largest age of a row with a timestamp, in microseconds. A row with a larger age has no
    /// timestamp, so its lead is unknown.
    pub(super) lead_unknown: i64,
    pub(super) leverage_max: f64,
    pub(super) margin_max: f64,
    pub(super) notional_max: f64,
    pub(super) price_deviation_max: f64,
    pub(super) stop_distance_max: f64,
}

impl BatchBounds {
    pub(super) fn new(engine: &Engine, state: PolicyState<'_>, now: Option<Timestamp>) -> Self {
        let mut bounds = Self {
            reason: OPEN,
            permitted_from: i64::MIN,
            valid_from: i64::MIN,
            valid_until: i64::MAX,
            age_max: i64::MAX,
            age_min: i64::MIN,
            lead_unknown: i64::MAX,
            leverage_max: f64::MAX,
            margin_max: f64::MAX,
            notional_max: f64::MAX,
            price_deviation_max: f64::INFINITY,
            stop_distance_max: f64::INFINITY,
        };
        let policy = match state.policy() {
            Ok(policy) => policy,
            Err(unavailable) => {
                bounds.reason = SkipCode::from(unavailable).number();
                return bounds;
            }
        };
        let guardrails = engine.guardrails();
        // The remaining validity is 0 at the expiry of the policy, so a guardrail that is violated
        // at that time is violated at every other time as well.
        let at = now.unwrap_or(policy.valid_until());
        if let Err(denial) = policy::check(guardrails, state, at) {
            bounds.reason = denial.reason().number();
        }
        if !state.is_assumed() {
            bounds.valid_from = policy.valid_from().map_or(i64::MIN, Timestamp::as_micros);
            bounds.valid_until = policy.valid_until().as_micros();
            if let (None, Some(longest)) = (policy.valid_from(), guardrails.max_validity()) {
                bounds.permitted_from = bounds.valid_until.saturating_sub(longest.as_micros());
            }
        }
        bounds
    }

    pub(super) fn limits_prices(&self) -> bool {
        self.price_deviation_max != f64::INFINITY || self.stop_distance_max != f64::INFINITY
    }

    pub(super) fn limits_age(&self) -> bool {
        self.age_max != i64::MAX || self.limits_lead()
    }

    pub(super) fn limits_lead(&self) -> bool {
        self.age_min != i64::MIN
    }

    /// Returns the lowest number among the skip reasons of gates 1 (no timestamp), 4 and 5 at the
    /// time `now`.
    #[inline(always)]
    pub(super) fn at(&self, now: i64) -> u8 {
        let number = if now > self.valid_until {
            SkipCode::PolicyStale.number()
        } else {
            OPEN
        };
        let number = if now < self.valid_from {
            SkipCode::PolicyNotYetValid.number()
        } else {
            number
        };
        let number = if now < self.permitted_from {
            SkipCode::PolicyConstraintViolation.number()
        } else {
            number
        };
        let number = number.min(self.reason);
        if now == NO_TIMESTAMP {
            SkipCode::IntentInvalid.number()
        } else {
            number
        }
    }

    pub(super) fn with_limits(mut self, engine: &Engine, in_force: InForce<'_>) -> Self {
        let (limits, guardrails) = (in_force.limits(), engine.guardrails());
        let fresh = Bounds::new(limits, guardrails);
        if let Some(age_max) = fresh.age_max {
            self.age_max = age_max.value().as_micros().min(AGE_UNKNOWN);
        }
        if let Some(lead_max) = fresh.lead_max {
            self.age_min = lead_max.value().as_micros().saturating_neg();
            self.lead_unknown = AGE_UNKNOWN;
        }
        let lowest =
            |bounds: [Option<f64>; 2]| bounds.into_iter().flatten().fold(f64::MAX, f64::min);
        self.leverage_max = lowest([
            limits.max_leverage().map(Leverage::get),
            guardrails.max_leverage().map(Leverage::get),
        ]);
        self.margin_max = lowest([
            limits.max_position_usd().map(Margin::get),
            guardrails.max_position_usd().map(Margin::get),
        ]);
        self.notional_max = lowest([
            limits.max_notional_usd().map(Notional::get),
            guardrails.max_notional_usd().map(Notional::get),
        ]);
        let fraction = |bound: Option<Fraction>| bound.map_or(f64::INFINITY, Fraction::get);
        self.price_deviation_max = fraction(guardrails.max_price_deviation());
        self.stop_distance_max = fraction(guardrails.max_stop_distance());
        self
    }
}
