//! A strategy for one missing input of a harvest.

use proptest::{prelude::*, sample::select};

use portcullis::harvest::{Harvested, Market, ReportedSide};

use super::PositionDraft;

/// An input of a harvest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub enum Missing {
    /// The `side` of the position.
    #[strum(to_string = "`side`")]
    Side,
    /// The `entry_price` of the position.
    #[strum(to_string = "`entry_price`")]
    EntryPrice,
    /// The `current_price` of the position.
    #[strum(to_string = "`current_price`")]
    CurrentPrice,
    /// The `stop_dist_pct` of the position.
    #[strum(to_string = "`stop_dist_pct`")]
    StopDist,
    /// The `age_sec` of the position.
    #[strum(to_string = "`age_sec`")]
    Age,
    /// The whole object `market`.
    #[strum(to_string = "`market`")]
    Market,
    /// The volatility `sigma` of the market.
    #[strum(to_string = "`sigma`")]
    Sigma,
    /// The trend strength `ts` of the market.
    #[strum(to_string = "`ts`")]
    TrendStrength,
    /// The probability `p_trend` of the market.
    #[strum(to_string = "`p_trend`")]
    PTrend,
    /// The probability `p_mr` of the market.
    #[strum(to_string = "`p_mr`")]
    PMr,
    /// The probability `p_chop` of the market.
    #[strum(to_string = "`p_chop`")]
    PChop,
    /// The stage `harvested` of the position.
    #[strum(to_string = "`harvested`")]
    Harvested,
    /// The stop `current_sl` of the position.
    #[strum(to_string = "`current_sl`")]
    CurrentStop,
}

/// Generates any of the inputs.
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
    /// Returns true if R needs this input. The ladder and the profit lock need R.
    #[must_use]
    pub const fn disables_r(self) -> bool {
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

    /// Returns true if K needs this input.
    #[must_use]
    pub const fn disables_k(self) -> bool {
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

    /// Returns the position with this input missing (`value` is `None`) or set to a number that
    /// [`unusable`](super::number::unusable) generates. If this value is valid in the field (for example 0, or an
    /// absent stop, which means that there is no stop), a different unusable value is set instead.
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
            Self::Side => position.side = value.map(|_| ReportedSide::Unreadable),
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
            Self::Harvested => {
                position.harvested = Harvested::Unreadable;
                position.peak_quantity = None;
            }
            Self::CurrentStop => position.current_sl = value.or(Some(f64::NAN)),
        }
        draft
    }
}
