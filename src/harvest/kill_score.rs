//! The kill score K, which measures whether the market has turned.

use super::{
    HarvestField, InputError, Market, Observed, Position,
    evidence::{is_finite, is_not_negative, is_share, sound},
    exp::exp_of_negative,
};
use crate::policy::Theta;

/// The kill score and its four components, before they are weighted. Only the engine can create
/// one.
///
/// **Known limit:** K does not depend on the side of the position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KillScore {
    k: f64,
    flip: f64,
    spike: f64,
    drop: f64,
    age: f64,
}

impl KillScore {
    /// Returns K = 1 / (1 + e^(−z)), in \[0.5, 1\], where z is the weighted sum of the components.
    #[must_use]
    pub const fn k(&self) -> f64 {
        self.k
    }

    /// Returns 1 if a trend is improbable (`p_trend` is below `trend_min`) and `p_mr + p_chop` is greater than 0.5.
    /// Returns 0 otherwise.
    #[must_use]
    pub const fn regime_flip(&self) -> f64 {
        self.flip
    }

    /// Returns the relative excess of the volatility over `sigma_ref`; in \[0, `sigma_spike_cap`\].
    #[must_use]
    pub const fn sigma_spike(&self) -> f64 {
        self.spike
    }

    /// Returns the shortfall of the trend strength below `ts_ref`; in \[0, `ts_drop_cap`\].
    #[must_use]
    pub const fn ts_drop(&self) -> f64 {
        self.drop
    }

    /// Returns the age as a share of `max_age_sec`; in \[0, 1\].
    #[must_use]
    pub const fn age_penalty(&self) -> f64 {
        self.age
    }

    /// Computes K from the market and the age of the position. No price is needed.
    #[inline]
    pub(super) fn of(
        position: &Position,
        market: Option<&Market>,
        theta: &Theta,
    ) -> Result<Self, InputError> {
        let Some(market) = market else {
            return Err(InputError::new(HarvestField::Market, Observed::Absent));
        };
        let sigma = sound(HarvestField::Sigma, market.sigma, is_not_negative)?;
        let ts = sound(HarvestField::TrendStrength, market.ts, is_finite)?;
        let p_trend = sound(HarvestField::PTrend, market.p_trend, is_share)?;
        let p_mr = sound(HarvestField::PMr, market.p_mr, is_share)?;
        let p_chop = sound(HarvestField::PChop, market.p_chop, is_share)?;
        let age_sec = sound(HarvestField::AgeSec, position.age_sec, is_not_negative)?;

        let flips = p_trend < theta.trend_min().value() && is_trend_outweighed(p_mr, p_chop);
        let flip = f64::from(u8::from(flips));
        let spike = spike(
            sigma,
            theta.sigma_ref().value(),
            theta.sigma_spike_cap().value(),
        );
        let drop = drop(ts, theta.ts_ref().value(), theta.ts_drop_cap().value());
        let age = age(age_sec, theta.max_age_sec().value());
        let weights = [
            theta.k_regime_flip().value(),
            theta.k_sigma_spike().value(),
            theta.k_ts_drop().value(),
            theta.k_age_penalty().value(),
        ];
        Ok(Self {
            k: score(exp_of_negative(weigh(weights, flip, spike, drop, age))),
            flip,
            spike,
            drop,
            age,
        })
    }
}

/// Returns true if the probabilities of mean reversion and of a sideways market add up to more than 0.5.
#[inline(always)]
pub(super) fn is_trend_outweighed(p_mr: f64, p_chop: f64) -> bool {
    p_mr + p_chop > 0.5
}

#[inline(always)]
pub(super) fn spike(sigma: f64, sigma_ref: f64, cap: f64) -> f64 {
    clamp(sigma / sigma_ref - 1.0, cap)
}

#[inline(always)]
pub(super) fn drop(ts: f64, ts_ref: f64, cap: f64) -> f64 {
    clamp(ts_ref - ts, cap)
}

#[inline(always)]
pub(super) fn age(age_sec: f64, max_age_sec: f64) -> f64 {
    clamp(age_sec / max_age_sec, 1.0)
}

/// Returns z, the weighted sum of the components, or +∞ on overflow.
#[inline(always)]
pub(super) fn weigh(weights: [f64; 4], flip: f64, spike: f64, drop: f64, age: f64) -> f64 {
    let [w_flip, w_spike, w_drop, w_age] = weights;
    w_flip * flip + w_spike * spike + w_drop * drop + w_age * age
}

/// Returns 1 / (1 + e^(−z)), given e^(−z).
#[inline(always)]
pub(super) fn score(exp_of_negative_z: f64) -> f64 {
    1.0 / (1.0 + exp_of_negative_z)
}

/// Clamps `x` to \[0, `cap`\]. The lower bound is applied last, so that the result is 0 and not −0.
#[inline(always)]
fn clamp(x: f64, cap: f64) -> f64 {
    let capped = if x < cap { x } else { cap };
    if capped > 0.0 { capped } else { 0.0 }
}
