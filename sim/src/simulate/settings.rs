//! The settings of a simulation.

use std::collections::BTreeMap;

use portcullis::{
    harvest::SizeRules,
    types::{SignedDuration, Symbol, Timestamp},
};
use serde::Serialize;

use super::{
    market::MarketRule,
    units::{Money, Rate},
};

/// The settings of a simulation. No setting has a default.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// The starting cash, in USD.
    pub cash: Money,
    /// The fee, the funding and the maintenance margin.
    pub costs: Costs,
    /// The parameters of the market state. Without them there is no kill score.
    pub market: Option<MarketRule>,
    /// True if entries that were decided during a gap are filled, namely at the open of the first candle after the gap.
    pub fill_after_gap: bool,
    /// The sizes that the market allows, for the symbols for which they are known.
    pub sizes: BTreeMap<Symbol, SizeRules>,
}

impl Settings {
    /// Returns the start of the candles that the market state needs at the time `at`.
    pub(crate) fn history_begin(&self, at: Timestamp) -> Timestamp {
        let window_sec = self.market.map_or(0, |market| market.window_sec);
        let window = i64::from(window_sec).saturating_mul(1_000_000);
        at.saturating_add(SignedDuration::from_micros(window.saturating_neg()))
    }
}

/// The trading costs. A cost that is `None` is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// The fee of each fill as a share of its notional.
    pub taker_fee: Option<Rate>,
    /// The funding every eight hours as a share of the position's value. At a positive rate, a long pays and a short
    /// receives.
    pub funding_rate: Option<Rate>,
    /// The maintenance margin as a share of the position's value. `None` counts as 0.
    pub maintenance_margin: Option<Rate>,
}
