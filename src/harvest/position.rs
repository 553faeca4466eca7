//! What a harvest is asked about.

use super::Stage;
use crate::domain::{Instant, PositionSide, Symbol};

/// A position as somebody reported it. Nothing is checked here: a number that is absent is `None`, one that
/// could not be read is `Some(NaN)`, and each part of a harvest refuses what it cannot use.
///
/// Profit is per unit and comes from the prices; a total profit has no place here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// What is held.
    pub symbol: Symbol,
    /// Which way it points.
    pub side: Option<Standing>,
    /// Units held; 0 is no position. No other value of it matters.
    pub quantity: Option<f64>,
    /// USD for one unit when it was opened; greater than 0.
    pub entry_price: Option<f64>,
    /// USD for one unit now; greater than 0.
    pub current_price: Option<f64>,
    /// Seconds since it was opened; at least 0.
    pub age_sec: Option<f64>,
    /// Where its stop stands, in USD for one unit; greater than 0. Absent: it has none.
    pub current_sl: Option<f64>,
    /// Distance of the stop at entry, as a share of the entry price (0.02 is 2 %); greater than 0.
    pub stop_dist_pct: Option<f64>,
    /// What was already taken.
    pub harvested: Harvested,
    /// When this was true; asked for only where the policy limits the age of a position.
    pub as_of: Option<Instant>,
}

/// What a position says of its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is open.
    Open(PositionSide),
    /// There is none.
    Flat,
    /// It says something that is neither.
    Unreadable,
}

/// What a position says of the stages already taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harvested {
    /// The highest one; [`Stage::None`] where it says nothing.
    Stage(Stage),
    /// It says something that is no stage: the ladder stays silent.
    Unreadable,
}

/// The state of a market, as somebody measured it. As in a [`Position`], nothing is checked here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// Volatility, in the unit of θ's `sigma_ref`; at least 0.
    pub sigma: Option<f64>,
    /// Trend strength, in the unit of θ's `ts_ref`; finite.
    pub ts: Option<f64>,
    /// Probability that the market trends; in \[0, 1\].
    pub p_trend: Option<f64>,
    /// Probability that it reverts to a mean; in \[0, 1\].
    pub p_mr: Option<f64>,
    /// Probability that it goes nowhere; in \[0, 1\].
    pub p_chop: Option<f64>,
    /// When this was true; asked for only where the policy limits the age of a market state.
    pub as_of: Option<Instant>,
}

impl Position {
    /// Whether there is nothing to harvest: a flat side, or a quantity of 0.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        matches!(self.side, Some(Standing::Flat)) || self.quantity == Some(0.0)
    }
}

impl Market {
    /// A market state of which nothing can be read.
    pub(super) const UNREADABLE: Self = Self {
        sigma: Some(f64::NAN),
        ts: Some(f64::NAN),
        p_trend: Some(f64::NAN),
        p_mr: Some(f64::NAN),
        p_chop: Some(f64::NAN),
        as_of: None,
    };
}
