//! The thresholds of a harvest with their sources.

use crate::{
    policy::Theta,
    provenance::{Source, Sourced},
    types::RMultiple,
};

/// The θ of a harvest. Each number is returned with the policy field that contains it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds<'a>(pub(super) &'a Theta);

/// Defines getters that name the policy field.
macro_rules! sourced {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $path:literal;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub const fn $name(self) -> Sourced<$type> {
                Sourced::new(self.0.$name(), Source::Policy($path))
            }
        )*
    };
}

impl<'a> Thresholds<'a> {
    sourced! {
        /// R_net from which a quarter is closed.
        t1_r: RMultiple = "harvest_params.T1_R";
        /// R_net from which half is closed.
        t2_r: RMultiple = "harvest_params.T2_R";
        /// R_net from which three quarters are closed.
        t3_r: RMultiple = "harvest_params.T3_R";
        /// R_net from which the profit is locked.
        lock_r: RMultiple = "harvest_params.lock_R";
        /// Distance of the break-even stop beyond the entry price, as a share of the entry price.
        be_plus_pct: f64 = "harvest_params.be_plus_pct";
        /// Costs in basis points (1/10 000) of the entry price.
        cost_bps: f64 = "harvest_params.cost_bps";
        /// Kill score from which a full close is proposed.
        kill_threshold: f64 = "harvest_params.kill_threshold";
        /// Weight of a regime flip.
        k_regime_flip: f64 = "harvest_params.k_regime_flip";
        /// Weight of a volatility spike.
        k_sigma_spike: f64 = "harvest_params.k_sigma_spike";
        /// Weight of a loss of trend strength.
        k_ts_drop: f64 = "harvest_params.k_ts_drop";
        /// Weight of age.
        k_age_penalty: f64 = "harvest_params.k_age_penalty";
        /// Probability of a trend below which the regime may have flipped.
        trend_min: f64 = "kill_params.trend_min";
        /// Reference volatility: the normal volatility of the market.
        sigma_ref: f64 = "kill_params.sigma_ref";
        /// Upper bound of the volatility component.
        sigma_spike_cap: f64 = "kill_params.sigma_spike_cap";
        /// Reference trend strength: the normal trend strength of the market.
        ts_ref: f64 = "kill_params.ts_ref";
        /// Upper bound of the trend component.
        ts_drop_cap: f64 = "kill_params.ts_drop_cap";
        /// Age at which the age component reaches 1, in seconds.
        max_age_sec: f64 = "kill_params.max_age_sec";
    }

    /// Returns the stop distance for positions without one, if the policy has a fallback.
    #[must_use]
    pub fn fallback_stop_pct(self) -> Option<Sourced<f64>> {
        let source = Source::Policy("harvest_params.fallback_stop_pct");
        Some(Sourced::new(self.0.fallback_stop_pct()?, source))
    }

    /// Returns all thresholds as plain numbers, including R multiples, in the order above.
    pub fn iter(self) -> impl Iterator<Item = Sourced<f64>> + use<'a> {
        let bare = |r: Sourced<RMultiple>| Sourced::new(r.value().get(), r.source());
        [
            bare(self.t1_r()),
            bare(self.t2_r()),
            bare(self.t3_r()),
            bare(self.lock_r()),
            self.be_plus_pct(),
            self.cost_bps(),
            self.kill_threshold(),
            self.k_regime_flip(),
            self.k_sigma_spike(),
            self.k_ts_drop(),
            self.k_age_penalty(),
            self.trend_min(),
            self.sigma_ref(),
            self.sigma_spike_cap(),
            self.ts_ref(),
            self.ts_drop_cap(),
            self.max_age_sec(),
        ]
        .into_iter()
        .chain(self.fallback_stop_pct())
    }
}
