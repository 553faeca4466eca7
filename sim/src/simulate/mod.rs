//! Simulation of decisions and harvests at recorded prices.
//!
//! The intents of a tape are decided as in a replay. Each trade and exit becomes an order, and orders are filled at the
//! prices of candles. Harvest evaluates each open position at the end of every candle, and its proposals are executed.
//! If a candle does not determine the order of events, the simulation assumes the worse outcome:
//!
//! - An order is filled at the open of the first candle that begins after its decision. If that candle begins later
//!   than one candle length after the decision, there is a gap: an entry is not filled, but an exit is filled.
//! - Each symbol has at most one position. An entry for a symbol that has a position is not filled.
//! - The stop is the intent's `stop_loss`. If the intent has none, the stop is placed at the distance
//!   `fallback_stop_pct` of θ from the fill price. If θ has none either, the position has no stop.
//! - Within a candle, the stop is executed before the target (`take_profit`), and a liquidation before the stop if the
//!   price reaches it first. If the open is at or beyond the stop, the stop is filled at the open. A target is filled
//!   at its own price.
//! - Harvest uses the closing price. A proposed close is executed at the open of the next candle. A moved stop takes
//!   effect from the next candle on.
//! - Margin is isolated and is `notional / leverage`. A position is liquidated if its margin plus unrealised profit is
//!   at most the maintenance margin (0 if no rate is given). A liquidation costs the whole margin.
//! - Funding is due at 00:00, 08:00 and 16:00 UTC and is charged on the position's value at the open of the next
//!   candle. At a positive rate, a long pays and a short receives.
//! - A fee is charged for each fill, but not for a liquidation.
//!
//! No result depends on later prices or records, and amounts are exact ([`units`]).
//!
//! Memory grows with the number of candles, orders and positions.

mod account;
pub mod candles;
mod equity;
mod market;
mod orders;
mod position;
mod render;
mod run;
pub mod units;

use std::collections::BTreeMap;

use portcullis::policy::{Policy, PolicyUnavailable};
use serde::Serialize;
use thiserror::Error;

pub use account::{LedgerEntry, RoundTrip};
pub use equity::{EquityCurve, Point};
pub use market::MarketRule;
pub use position::Close;
pub use render::SimulationReport;

use crate::{
    replay::{RecordedDecision, ReplayError, Replayer, decisions},
    tape::TapeReader,
};
use candles::Series;
use orders::Order;
use run::Run;
use units::{AmountOverflow, Money, Rate};

/// The settings of a simulation. No setting has a default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Settings {
    /// The starting cash.
    pub cash: Money,
    /// Trading costs.
    pub costs: Costs,
    /// The parameters of the market state. Without them there is no kill score.
    pub market: Option<MarketRule>,
}

/// Trading costs. A cost that is `None` is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// The fee of each fill as a share of its notional.
    pub taker_fee: Option<Rate>,
    /// The funding every eight hours as a share of the position's value.
    pub funding_rate: Option<Rate>,
    /// The maintenance margin as a share of the position's value. `None` counts as 0.
    pub maintenance_margin: Option<Rate>,
}

/// The reason why an order was not filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectReason {
    /// The symbol has no candles.
    NoCandles,
    /// No candle begins after the decision.
    NoLaterCandle,
    /// The next candle begins later than one candle length after the entry's decision.
    Gap,
    /// The symbol of the entry already has a position.
    AlreadyOpen,
    /// The margin and fee of the entry exceed the cash.
    NoCash,
    /// The fill price of the entry is at or beyond its stop.
    BeyondStop,
    /// The entry is smaller than 0.00000001 units.
    TooSmall,
    /// The symbol of the exit has no position.
    NoPosition,
    /// The side of the exit would increase the position.
    OtherSide,
    /// The exit has no usable quantity: it has only a size in USD, or the quantity is unreadable.
    QuantityUnsaid,
}

impl RejectReason {
    /// Returns the name in reports and JSON.
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

/// The outcome of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The starting cash.
    pub cash_at_start: Money,
    /// The final cash.
    pub cash: Money,
    /// The final equity: cash, margins and unrealised profit.
    pub equity: Money,
    /// The number of opened positions.
    pub opened: u64,
    /// The number of opened positions that are still open.
    pub still_open: u64,
    /// The number of opened positions without a stop, which have no R multiple.
    pub without_stop: u64,
    /// The number of closes by reason. A position may be closed in several parts.
    pub closes: BTreeMap<&'static str, u64>,
    /// The number of orders that were not filled, by reason.
    pub not_done: BTreeMap<&'static str, u64>,
    /// The number of harvest evaluations at candle ends, by action or skip reason.
    pub harvests: BTreeMap<&'static str, u64>,
    /// The equity curve.
    pub curve: EquityCurve,
    /// The round trips of all positions, in the order of opening.
    pub trips: Vec<RoundTrip>,
}

/// An error that ends a simulation.
#[derive(Debug, Error)]
pub enum SimulateError {
    /// A tape cannot be read to its end.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// An amount is out of range.
    #[error(transparent)]
    AmountOverflow(#[from] AmountOverflow),
}

/// A progress message. Records are decided first, then candles are processed.
pub enum Progress {
    /// The number of records decided so far.
    Records(u64),
    /// The number of candles processed so far.
    Candles(u64),
}

/// Decides every intent of the tapes, and fills the allowed orders at the prices of `series`.
///
/// `hear` receives every account entry in time order.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end, or if an amount is out of range.
pub fn simulate(
    (judge, settings): (&Replayer, &Settings),
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    series: &[Series],
    hear: &mut dyn FnMut(&LedgerEntry),
    progress: &mut dyn FnMut(Progress),
) -> Result<(RecordedDecision, Outcome), SimulateError> {
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
