//! The harvest parameters, θ.

use super::{
    bound::{Bound, Numbers},
    field,
    invalid::Violations,
};
use crate::{
    provenance::{Source, Sourced},
    types::RMultiple,
};

/// The harvest parameters of a policy: `harvest_params` and `kill_params`.
///
/// Each number is returned with the policy field that contains it. There is no default θ. θ can be
/// read only through [`Policy::theta_in_force`](super::Policy::theta_in_force).
#[derive(Debug, Clone, PartialEq)]
pub struct Theta {
    ladder: Ladder,
    weights: Weights,
    kill: Kill,
}

#[derive(Debug, Clone, PartialEq)]
struct Ladder {
    t1_r: RMultiple,
    t2_r: RMultiple,
    t3_r: RMultiple,
    lock_r: RMultiple,
    be_plus_pct: f64,
    cost_bps: f64,
    fallback_stop_pct: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
struct Weights {
    k_regime_flip: f64,
    k_sigma_spike: f64,
    k_ts_drop: f64,
    k_age_penalty: f64,
    kill_threshold: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Kill {
    trend_min: f64,
    sigma_ref: f64,
    sigma_spike_cap: f64,
    ts_ref: f64,
    ts_drop_cap: f64,
    max_age_sec: f64,
}

/// Defines one getter for each number. A getter returns the number together with the policy field that contains the
/// number.
macro_rules! getters {
    ($($(#[$doc:meta])* $part:ident.$name:ident: $type:ty = $path:literal;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            #[inline]
            pub const fn $name(&self) -> Sourced<$type> {
                Sourced::new(self.$part.$name, Source::Policy($path))
            }
        )*
    };
}

impl Theta {
    getters! {
        /// Returns the R_net at and above which the stage `PARTIAL_25` is reached; in (0, T2_R).
        ladder.t1_r: RMultiple = "harvest_params.T1_R";
        /// Returns the R_net at and above which the stage `PARTIAL_50` is reached; in (T1_R, T3_R).
        ladder.t2_r: RMultiple = "harvest_params.T2_R";
        /// Returns the R_net at and above which the stage `PARTIAL_75` is reached; greater than T2_R.
        ladder.t3_r: RMultiple = "harvest_params.T3_R";
        /// Returns the R_net at and above which the profit is locked; greater than 0.
        ladder.lock_r: RMultiple = "harvest_params.lock_R";
        /// Returns the distance of the break-even stop from the entry price, on the profit side, as a share of the
        /// entry price (0.003 is 0.3 %); at least 0.
        ladder.be_plus_pct: f64 = "harvest_params.be_plus_pct";
        /// Returns the costs of entry and exit together, in basis points of the entry price; at least 0.
        ladder.cost_bps: f64 = "harvest_params.cost_bps";
        /// Returns the weight of a regime flip in the kill score; at least 0.
        weights.k_regime_flip: f64 = "harvest_params.k_regime_flip";
        /// Returns the weight of a volatility spike in the kill score; at least 0.
        weights.k_sigma_spike: f64 = "harvest_params.k_sigma_spike";
        /// Returns the weight of a loss of trend strength in the kill score; at least 0.
        weights.k_ts_drop: f64 = "harvest_params.k_ts_drop";
        /// Returns the weight of age in the kill score; at least 0.
        weights.k_age_penalty: f64 = "harvest_params.k_age_penalty";
        /// Returns the kill score at and above which a full close is proposed; in (0.5, 1).
        weights.kill_threshold: f64 = "harvest_params.kill_threshold";
        /// Returns the probability of a trend below which a regime flip is possible; in [0, 1].
        kill.trend_min: f64 = "kill_params.trend_min";
        /// Returns the reference volatility; greater than 0, in the same unit as the volatility of
        /// the market.
        kill.sigma_ref: f64 = "kill_params.sigma_ref";
        /// Returns the cap on the volatility spike; at least 0.
        kill.sigma_spike_cap: f64 = "kill_params.sigma_spike_cap";
        /// Returns the reference trend strength; finite, in the same unit as the trend strength of
        /// the market.
        kill.ts_ref: f64 = "kill_params.ts_ref";
        /// Returns the cap on the loss of trend strength; at least 0.
        kill.ts_drop_cap: f64 = "kill_params.ts_drop_cap";
        /// Returns the age in seconds at which the age penalty reaches its maximum; greater than 0.
        kill.max_age_sec: f64 = "kill_params.max_age_sec";
    }

    /// Returns the stop distance for positions without a stop, as a share of the entry price;
    /// greater than 0. `None` if the policy does not have it.
    #[must_use]
    #[inline]
    pub fn fallback_stop_pct(&self) -> Option<Sourced<f64>> {
        let source = Source::Policy("harvest_params.fallback_stop_pct");
        Some(Sourced::new(self.ladder.fallback_stop_pct?, source))
    }

    /// Returns all numbers of θ with their fields, in the order of the getters.
    pub fn iter(&self) -> impl Iterator<Item = Sourced<f64>> + use<> {
        let plain = |r: Sourced<RMultiple>| Sourced::new(r.value().get(), r.source());
        [
            plain(self.t1_r()),
            plain(self.t2_r()),
            plain(self.t3_r()),
            plain(self.lock_r()),
            self.be_plus_pct(),
            self.cost_bps(),
            self.k_regime_flip(),
            self.k_sigma_spike(),
            self.k_ts_drop(),
            self.k_age_penalty(),
            self.kill_threshold(),
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

    /// Reads and checks `harvest_params` and `kill_params`. The caller reports a missing field.
    pub(super) fn read(
        harvest: Option<&str>,
        kill: Option<&str>,
        violations: &mut Violations,
    ) -> Option<Self> {
        let harvest = harvest.and_then(|text| harvest_params(text, violations));
        let kill = kill.and_then(|text| kill_params(text, violations));
        let (ladder, weights) = harvest?;
        Some(Self {
            ladder,
            weights,
            kill: kill?,
        })
    }
}

fn harvest_params(text: &str, violations: &mut Violations) -> Option<(Ladder, Weights)> {
    let mut numbers = Numbers::parse(field::HARVEST_PARAMS, text, violations)?;
    let ladder = ladder(&mut numbers);
    let weights = weights(&mut numbers);
    for unused in ["u1", "u2", "u3", "softmax_temp"] {
        numbers.optional(unused, Bound::Finite);
    }
    numbers.finish();
    Some((ladder?, weights?))
}

fn ladder(numbers: &mut Numbers<'_, '_>) -> Option<Ladder> {
    let mut multiple = |name, bound| {
        let value = numbers.required(name, bound)?;
        RMultiple::new(value).ok()
    };
    // Each step is compared with the nearest valid step before it, so that one invalid step does
    // not hide another one.
    let above = |name, lower: Option<RMultiple>, otherwise| {
        lower.map_or(otherwise, |r| Bound::Above(name, r.get()))
    };
    let t1_r = multiple("T1_R", Bound::Positive);
    let above_t1 = above("T1_R", t1_r, Bound::Positive);
    let t2_r = multiple("T2_R", above_t1);
    let t3_r = multiple("T3_R", above("T2_R", t2_r, above_t1));
    let lock_r = multiple("lock_R", Bound::Positive);
    let be_plus_pct = numbers.required("be_plus_pct", Bound::NotNegative);
    let cost_bps = numbers.required("cost_bps", Bound::NotNegative);
    let fallback_stop_pct = numbers.optional("fallback_stop_pct", Bound::Positive);
    Some(Ladder {
        t1_r: t1_r?,
        t2_r: t2_r?,
        t3_r: t3_r?,
        lock_r: lock_r?,
        be_plus_pct: be_plus_pct?,
        cost_bps: cost_bps?,
        fallback_stop_pct,
    })
}

fn weights(numbers: &mut Numbers<'_, '_>) -> Option<Weights> {
    let k_regime_flip = numbers.required("k_regime_flip", Bound::NotNegative);
    let k_sigma_spike = numbers.required("k_sigma_spike", Bound::NotNegative);
    let k_ts_drop = numbers.required("k_ts_drop", Bound::NotNegative);
    let k_age_penalty = numbers.required("k_age_penalty", Bound::NotNegative);
    // The kill score is never below 0.5, so a threshold of 0.5 or less would close every position.
    let kill_threshold = numbers.required("kill_threshold", Bound::UpperHalf);
    Some(Weights {
        k_regime_flip: k_regime_flip?,
        k_sigma_spike: k_sigma_spike?,
        k_ts_drop: k_ts_drop?,
        k_age_penalty: k_age_penalty?,
        kill_threshold: kill_threshold?,
    })
}

fn kill_params(text: &str, violations: &mut Violations) -> Option<Kill> {
    let mut numbers = Numbers::parse(field::KILL_PARAMS, text, violations)?;
    let trend_min = numbers.required("trend_min", Bound::Share);
    let sigma_ref = numbers.required("sigma_ref", Bound::Positive);
    let sigma_spike_cap = numbers.required("sigma_spike_cap", Bound::NotNegative);
    let ts_ref = numbers.required("ts_ref", Bound::Finite);
    let ts_drop_cap = numbers.required("ts_drop_cap", Bound::NotNegative);
    let max_age_sec = numbers.required("max_age_sec", Bound::Positive);
    numbers.optional("k_close_threshold", Bound::Finite);
    numbers.finish();
    Some(Kill {
        trend_min: trend_min?,
        sigma_ref: sigma_ref?,
        sigma_spike_cap: sigma_spike_cap?,
        ts_ref: ts_ref?,
        ts_drop_cap: ts_drop_cap?,
        max_age_sec: max_age_sec?,
    })
}
