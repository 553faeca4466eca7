//! One input of a harvest that is missing.

use proptest::{prelude::*, sample::select};

use crate::harvest::{Harvested, Market, Standing};

use super::PositionDraft;

/// An input of a harvest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// `side`.
    Side,
    /// `entry_price`.
    EntryPrice,
    /// `current_price`.
    CurrentPrice,
    /// `stop_dist_pct`.
    StopDist,
    /// `age_sec`.
    Age,
    /// All of `market`.
    Market,
    /// `sigma`.
    Sigma,
    /// `ts`, the strength of the trend.
    TrendStrength,
    /// `p_trend`.
    PTrend,
    /// `p_mr`.
    PMr,
    /// `p_chop`.
    PChop,
    /// `harvested`.
    Harvested,
    /// `current_sl`.
    CurrentStop,
}

/// Any one of them.
pub fn missing() -> impl Strategy<Value = Missing> {
    select(vec![
        Missing::Side,
        Missing::EntryPrice,
        Missing::CurrentPrice,
        Missing::StopDist,
        Missing::Age,
        Missing::Market,
        Missing::Sigma,
        Missing::TrendStrength,
        Missing::PTrend,
        Missing::PMr,
        Missing::PChop,
        Missing::Harvested,
        Missing::CurrentStop,
    ])
}

impl Missing {
    /// Whether R, and with it ladder and lock, needs it.
    #[must_use]
    pub const fn silences_r(self) -> bool {
        match self {
            Self::Side | Self::EntryPrice | Self::CurrentPrice | Self::StopDist => true,
            Self::Age
            | Self::Market
            | Self::Sigma
            | Self::TrendStrength
            | Self::PTrend
            | Self::PMr
            | Self::PChop
            | Self::Harvested
            | Self::CurrentStop => false,
        }
    }

    /// Whether K needs it.
    #[must_use]
    pub const fn silences_k(self) -> bool {
        match self {
            Self::Age
            | Self::Market
            | Self::Sigma
            | Self::TrendStrength
            | Self::PTrend
            | Self::PMr
            | Self::PChop => true,
            Self::Side
            | Self::EntryPrice
            | Self::CurrentPrice
            | Self::StopDist
            | Self::Harvested
            | Self::CurrentStop => false,
        }
    }

    /// The position with a value that is none in the place of this input: nothing, or what
    /// [`unusable`](super::number::unusable) gives. What is legal there is kept out: a zero where zero is a number
    /// like others, and the absence of a stop, which says that there is none.
    #[must_use]
    pub fn from(self, mut draft: PositionDraft, value: Option<f64>) -> PositionDraft {
        let position = &mut draft.position;
        let not_zero = value.map(|x| if x == 0.0 { f64::NAN } else { x });
        let beyond = not_zero.map(|x| if x.is_finite() { f64::INFINITY } else { x });
        let mut of_market = |place: fn(&mut Market) -> &mut Option<f64>, value| {
            if let Some(market) = &mut draft.market {
                *place(market) = value;
            }
        };
        match self {
            Self::Side => position.side = value.map(|_| Standing::Unreadable),
            Self::EntryPrice => position.entry_price = value,
            Self::CurrentPrice => position.current_price = value,
            Self::StopDist => position.stop_dist_pct = value.or(Some(f64::NAN)),
            Self::Age => position.age_sec = not_zero,
            Self::Sigma => of_market(|market| &mut market.sigma, not_zero),
            Self::TrendStrength => of_market(|market| &mut market.ts, beyond),
            Self::PTrend => of_market(|market| &mut market.p_trend, not_zero),
            Self::PMr => of_market(|market| &mut market.p_mr, not_zero),
            Self::PChop => of_market(|market| &mut market.p_chop, not_zero),
            Self::Market => draft.market = None,
            Self::Harvested => position.harvested = Harvested::Unreadable,
            Self::CurrentStop => position.current_sl = value.or(Some(f64::NAN)),
        }
        draft
    }
}
