//! Decisions carried out at recorded prices.
//!
//! The intents of a tape are decided as a replay decides them. What the engine lets through becomes an order, orders become
//! positions at the prices of candles, positions are asked about at the end of every candle, and what the harvest proposes
//! is done. The rules are simple, and where a candle leaves something open they take the worse:
//!
//! - An order is filled at the open of the first candle that begins after its decision. An entry whose next candle begins
//!   more than one interval later has fallen into a gap, and is not filled.
//! - One position a symbol. An entry for a symbol that has one is not filled.
//! - The stop is the intent's `stop_loss`, else the distance of θ's `fallback_stop_pct`, else there is none.
//! - Within a candle the stop comes before the target (`take_profit`), and on the way to the stop the liquidation before
//!   the stop. An open that has jumped over a stop fills it there; a target fills at its own price.
//! - A harvest is asked about the closing price. What it proposes to close is closed at the next open; a stop that it pulls
//!   holds from the next candle on.
//! - Margin is isolated: `notional / leverage`. It is eaten up when what is left of it is no more than the maintenance
//!   margin (or nothing, without a rate), and then all of it is lost.
//! - Funding is charged at 00:00, 08:00 and 16:00 UTC on what a position is worth at the next open; a long pays a positive
//!   rate, a short receives it.
//! - Fees are charged on every fill, a liquidation apart.
//!
//! Nothing depends on what comes later in time, and money adds up to the last digit ([`units`]).
//!
//! Memory grows with the orders and positions of a tape, and with the candles.

mod book;
pub mod candles;
mod equity;
mod market;
mod orders;
mod position;
mod run;
mod told;
pub mod units;

use std::collections::BTreeMap;

use portcullis::policy::{Policy, PolicyAbsence};
use serde::Serialize;
use thiserror::Error;

pub use book::{Entry, Trip};
pub use equity::{EquityCurve, Point};
pub use market::MarketRule;
pub use position::Close;
pub use told::Told;

use crate::{
    replay::{Decided, Judge, ReplayError, decisions},
    tape::TapeReader,
};
use candles::Series;
use orders::Order;
use run::Run;
use units::{Money, Rate, TooMuch};

/// What a simulation is told beside the tape and the prices. Nothing here has a default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Settings {
    /// Cash at the start.
    pub cash: Money,
    /// What trading costs.
    pub costs: Costs,
    /// How the state of a market is worked out; without it no kill score is known.
    pub market: Option<MarketRule>,
}

/// What trading costs; what is not given is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// Share of what is bought or sold.
    pub taker_fee: Option<Rate>,
    /// Share of what a position is worth, every eight hours.
    pub funding_rate: Option<Rate>,
    /// Share of what a position is worth that has to be left of its margin.
    pub maintenance_margin: Option<Rate>,
}

/// Why an order was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotDone {
    /// An order for a symbol whose candles nobody gave.
    NoCandles,
    /// No candle begins after the decision.
    NoLaterCandle,
    /// An entry whose next candle begins more than one interval later.
    Gap,
    /// An entry for a symbol that has a position.
    AlreadyOpen,
    /// An entry whose margin and fee are more than the cash.
    NoCash,
    /// An entry whose stop the price had passed when it was to be filled.
    BeyondStop,
    /// An entry of less than 0.00000001 units.
    TooSmall,
    /// An exit for a symbol that has no position.
    NoPosition,
    /// An exit whose order would add to the position.
    OtherSide,
    /// An exit that does not say how much.
    QuantityUnsaid,
}

impl NotDone {
    /// As it is written in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCandles => "no_candles",
            Self::NoLaterCandle => "no_later_candle",
            Self::Gap => "gap",
            Self::AlreadyOpen => "already_open",
            Self::NoCash => "no_cash",
            Self::BeyondStop => "beyond_stop",
            Self::TooSmall => "too_small",
            Self::NoPosition => "no_position",
            Self::OtherSide => "other_side",
            Self::QuantityUnsaid => "quantity_unsaid",
        }
    }
}

/// What came of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Cash at the start.
    pub cash_at_start: Money,
    /// Cash at the end.
    pub cash: Money,
    /// Cash, margins, and what is gained but not closed, at the end.
    pub equity: Money,
    /// Entries that became positions.
    pub opened: u64,
    /// Of these, positions that are still open.
    pub still_open: u64,
    /// Of these, positions without a stop: no R is known of them.
    pub without_stop: u64,
    /// Closes, by why; a position may be closed in parts.
    pub closes: BTreeMap<&'static str, u64>,
    /// Orders that were not carried out, by why.
    pub not_done: BTreeMap<&'static str, u64>,
    /// What the harvest answered at the ends of candles.
    pub harvests: BTreeMap<&'static str, u64>,
    /// What there was, over time.
    pub curve: EquityCurve,
    /// Every position, in the order of their openings.
    pub trips: Vec<Trip>,
}

/// Why a simulation ended early.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// A tape cannot be read to its end.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// An amount cannot be counted.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
}

/// Where news of the progress go: records read, then candles.
pub enum Progress {
    /// So many records are decided.
    Records(u64),
    /// So many candles have ended.
    Candles(u64),
}

/// Decides every intent of the tapes, and carries out what is let through at the prices of `series`. `hear` is told of
/// everything that happens to a position, in the order of time.
///
/// # Errors
/// A tape that cannot be read to its end, or an amount beyond what can be counted.
pub fn simulate(
    (judge, settings): (&Judge, &Settings),
    initial: Result<Policy, PolicyAbsence>,
    tapes: TapeReader,
    series: &[Series],
    hear: &mut dyn FnMut(&Entry),
    progress: &mut dyn FnMut(Progress),
) -> Result<(Decided, Outcome), SimulateError> {
    let mut orders = Vec::new();
    let decided = decisions(
        judge,
        initial,
        tapes,
        &mut |n, at, decision| orders.extend(Order::of(n, at, decision)),
        &mut |records| progress(Progress::Records(records)),
    )?;
    let run = Run {
        judge,
        decided: &decided,
        settings,
    };
    let outcome = run.run(series, orders, hear, &mut |candles| {
        progress(Progress::Candles(candles));
    })?;
    Ok((decided, outcome))
}
