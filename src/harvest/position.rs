//! The inputs of a harvest: a position and its market.

use serde::Serialize;

use super::Stage;
use crate::types::{PositionSide, Symbol, Timestamp};

/// A position as reported, without checks. An absent number is `None`, an unreadable one is
/// `Some(NaN)`. Each part of a harvest rejects the values that it cannot use.
///
/// The profit per unit is computed from the prices; a total profit is not an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// The symbol of the position.
    pub symbol: Symbol,
    /// The side of the position.
    pub side: Option<ReportedSide>,
    /// Quantity in units of the symbol; its sign is ignored. 0 means no position. If it is `None`, only the share to
    /// close is proposed; if it is not finite, the ladder is unavailable.
    pub quantity: Option<f64>,
    /// The largest quantity since the position was flat. If it is below the current quantity, the current quantity
    /// counts. `None` means that it is unknown; then `harvested` is the stage already taken.
    pub peak_quantity: Option<f64>,
    /// The sizes that the market allows.
    pub sizes: SizeRules,
    /// Entry price in USD per unit; greater than 0.
    pub entry_price: Option<f64>,
    /// Current price in USD per unit; greater than 0.
    pub current_price: Option<f64>,
    /// Seconds since the entry; at least 0.
    pub age_sec: Option<f64>,
    /// Current stop price in USD per unit; greater than 0. `None` means that there is no stop.
    pub current_sl: Option<f64>,
    /// Distance of the stop at entry, as a share of the entry price (0.02 is 2 %); greater than 0.
    pub stop_dist_pct: Option<f64>,
    /// The highest stage that was already taken. Used only if the quantities do not show it.
    pub harvested: Harvested,
    /// The time of this report. Needed only if the policy limits the age of a position.
    pub as_of: Option<Timestamp>,
}

/// The sizes that a market allows for orders in one symbol. As in a [`Position`], the values are not checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct SizeRules {
    /// The lot size in units: the quantity of every order is a multiple of it; greater than 0. Without it, quantities
    /// have at most 15 significant digits.
    pub lot_size: Option<f64>,
    /// The smallest quantity of an entry, or of the position that a partial close leaves, in units; at least 0.
    pub min_quantity: Option<f64>,
    /// The smallest notional of an entry, or of the position that a partial close leaves, in USD; at least 0.
    pub min_notional_usd: Option<f64>,
}

/// The side of a position as reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportedSide {
    /// The position is open.
    Open(PositionSide),
    /// There is no position.
    Flat,
    /// The value is not a side.
    Unreadable,
}

/// The stage that was already taken, as reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harvested {
    /// The highest stage that was taken; [`Stage::None`] if the field is absent. Ignored if the current and the
    /// largest quantity are known.
    Stage(Stage),
    /// The highest stage that was proposed or taken. It counts even if the quantity has not changed yet.
    AtLeast(Stage),
    /// The value is not a stage. The ladder is unavailable, unless the current and the largest quantity are known.
    Unreadable,
}

/// The measured state of a market. As in a [`Position`], the values are not checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// Volatility, in the same unit as θ's `sigma_ref`; at least 0.
    pub sigma: Option<f64>,
    /// Trend strength, in the same unit as θ's `ts_ref`; finite.
    pub ts: Option<f64>,
    /// Probability that the market trends; in \[0, 1\].
    pub p_trend: Option<f64>,
    /// Probability that the market reverts to a mean; in \[0, 1\].
    pub p_mr: Option<f64>,
    /// Probability that the market moves sideways; in \[0, 1\].
    pub p_chop: Option<f64>,
    /// The time of this measurement. Needed only if the policy limits the age of a market state.
    pub as_of: Option<Timestamp>,
}

impl ReportedSide {
    /// Parses `LONG`, `SHORT` or `FLAT`, ignoring ASCII case. Any other text is [`ReportedSide::Unreadable`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let is = |word| text.eq_ignore_ascii_case(word);
        if is("LONG") {
            Self::Open(PositionSide::Long)
        } else if is("SHORT") {
            Self::Open(PositionSide::Short)
        } else if is("FLAT") {
            Self::Flat
        } else {
            Self::Unreadable
        }
    }
}

impl Harvested {
    /// Parses the name of a stage, ignoring ASCII case. Any other text is [`Harvested::Unreadable`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Stage::parse(text).map_or(Self::Unreadable, Self::Stage)
    }
}

impl Position {
    /// Returns true if there is nothing to harvest: the side is flat, or the quantity is 0.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        matches!(self.side, Some(ReportedSide::Flat)) || self.quantity == Some(0.0)
    }
}

impl Market {
    /// A market state in which every number is unreadable.
    pub(super) const UNREADABLE: Self = Self {
        sigma: Some(f64::NAN),
        ts: Some(f64::NAN),
        p_trend: Some(f64::NAN),
        p_mr: Some(f64::NAN),
        p_chop: Some(f64::NAN),
        as_of: None,
    };
}
