//! The harvest parameters and limits of a policy, with the direction in which each is tighter.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoEnumIterator};

/// The direction in which a number of a policy is tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tighter {
    /// A lower number is tighter.
    Lower,
    /// A higher number is tighter.
    Higher,
}

impl Tighter {
    /// Returns true if `one` is looser than `other`.
    #[must_use]
    pub fn is_looser(self, one: f64, other: f64) -> bool {
        match self {
            Self::Lower => one > other,
            Self::Higher => one < other,
        }
    }

    /// Returns the looser one of two numbers.
    #[must_use]
    pub fn looser_of(self, one: f64, other: f64) -> f64 {
        if self.is_looser(one, other) {
            one
        } else {
            other
        }
    }
}

/// Defines an enum of numbers of a policy from a table: variant, field of the policy, name, tighter direction, effect.
macro_rules! numbers {
    ($(#[$doc:meta])* $kind:ident { $($variant:ident $group:literal $name:literal $tighter:ident $effect:literal)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumIter, EnumString,
        )]
        pub enum $kind {
            $(
                #[doc = $effect]
                #[serde(rename = $name)]
                #[strum(serialize = $name)]
                $variant,
            )*
        }

        impl $kind {
            /// Returns the path of the number in the policy.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($group, ".", $name),)*
                }
            }

            /// Returns the field of the policy that contains the number.
            #[must_use]
            pub const fn group(self) -> &'static str {
                match self {
                    $(Self::$variant => $group,)*
                }
            }

            /// Returns the direction in which the number is tighter.
            #[must_use]
            pub const fn tighter(self) -> Tighter {
                match self {
                    $(Self::$variant => Tighter::$tighter,)*
                }
            }

            /// Returns all numbers in the order of the table.
            pub fn all() -> impl Iterator<Item = Self> {
                Self::iter()
            }
        }
    };
}

numbers! {
    /// A harvest parameter (θ), named as in the policy. A parameter is tighter if it closes positions earlier.
    Parameter {
        T1R "harvest_params" "T1_R" Lower "Tighter if lower: the first stage is reached earlier."
        T2R "harvest_params" "T2_R" Lower "Tighter if lower: the second stage is reached earlier."
        T3R "harvest_params" "T3_R" Lower "Tighter if lower: the third stage is reached earlier."
        LockR "harvest_params" "lock_R" Lower "Tighter if lower: the profit lock begins earlier."
        BePlusPct "harvest_params" "be_plus_pct" Higher "Tighter if higher: the stop of the profit lock is nearer to the price."
        CostBps "harvest_params" "cost_bps" Lower "Tighter if lower: R_net is higher, so each stage is reached earlier."
        KRegimeFlip "harvest_params" "k_regime_flip" Higher "Tighter if higher: K is higher after a regime flip."
        KSigmaSpike "harvest_params" "k_sigma_spike" Higher "Tighter if higher: K is higher in a volatility spike."
        KTsDrop "harvest_params" "k_ts_drop" Higher "Tighter if higher: K is higher after a loss of trend strength."
        KAgePenalty "harvest_params" "k_age_penalty" Higher "Tighter if higher: K rises more with the age."
        KillThreshold "harvest_params" "kill_threshold" Lower "Tighter if lower: a full close is proposed at a lower K."
        FallbackStopPct "harvest_params" "fallback_stop_pct" Lower "Tighter if lower: the stop is nearer to the entry price, and R grows faster."
        TrendMin "kill_params" "trend_min" Higher "Tighter if higher: a regime flip is found at a higher `p_trend`."
        SigmaRef "kill_params" "sigma_ref" Lower "Tighter if lower: a volatility spike is found at a lower volatility."
        SigmaSpikeCap "kill_params" "sigma_spike_cap" Higher "Tighter if higher: a volatility spike can raise K further."
        TsRef "kill_params" "ts_ref" Higher "Tighter if higher: a loss of trend strength is found earlier."
        TsDropCap "kill_params" "ts_drop_cap" Higher "Tighter if higher: a loss of trend strength can raise K further."
        MaxAgeSec "kill_params" "max_age_sec" Lower "Tighter if lower: the age component of K reaches 1 earlier."
    }
}

numbers! {
    /// A limit of a policy. Each limit is tighter if it is lower.
    Limit {
        MaxLeverage "limits" "max_leverage" Lower "Highest leverage of a trade."
        MaxPositionUsd "limits" "max_position_usd" Lower "Largest margin of a trade, in USD."
        MaxNotionalUsd "limits" "max_notional_usd" Lower "Largest notional of a trade, in USD."
        MaxIntentAgeSec "limits" "max_intent_age_sec" Lower "Largest age of an intent, in seconds."
        MaxMarketAgeSec "limits" "max_market_age_sec" Lower "Largest age of a market state in a harvest, in seconds."
        MaxPositionAgeSec "limits" "max_position_age_sec" Lower "Largest age of a position snapshot in a harvest, in seconds."
    }
}
