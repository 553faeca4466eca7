//! Simulation of decisions and harvests at recorded prices.
//!
//! The intents on a tape are decided as in a replay. Each trade and exit becomes an order, and
//! orders are filled at the prices of candles. Harvest evaluates each open position at the end of
//! every candle, and its proposals are executed. If a candle does not determine the order of
//! events, the simulation assumes the worse outcome:
//!
//! - An order is filled at the open of the first candle that begins after its decision. If there is
//!   a gap before that candle, and the candle begins later than one candle length after the
//!   decision, an entry is filled only if [`Settings::fill_after_gap`] is set; an exit is filled
//!   with any setting. An order that was decided more than one candle length before the first candle
//!   is not filled.
//! - A candle ends where the next one begins, if the starts of the two are less than 1.5 candle
//!   lengths apart. Otherwise it ends after one candle length, and a gap follows. The times of
//!   candles are known in advance.
//! - Each symbol has at most one position. An entry for a symbol that has a position is not filled.
//! - The stop is the intent's `stop_loss`. If the intent has none, the stop is placed at the
//!   distance `fallback_stop_pct` of θ from the fill price. If θ has none either, the position has
//!   no stop.
//! - An entry buys the quantity that its intent states, or else its notional divided by the fill
//!   price. Quantities are whole lots, or have at most 15 significant digits. An entry is not
//!   filled if it is below a minimum size, or if its fill price is at or beyond its stop or its
//!   target (`take_profit`).
//! - Within a candle, the stop is executed before the target, and a liquidation is executed before the
//!   stop if the price reaches the liquidation price first. If the open is at or beyond the stop, the
//!   stop is filled at the open. A target is a resting order, which is filled at its own price. If the
//!   open is at or beyond the target, the target is filled before every other order of this candle.
//! - Harvest uses the closing price. A proposed close is executed at the open of the next candle. A
//!   moved stop takes effect from the next candle on. A stage of the ladder closes so much that a
//!   fixed share of the opened quantity is left.
//! - Margin is isolated and is `notional / leverage`. A position is liquidated if its margin plus
//!   unrealised profit is at most the maintenance margin (0 if no rate is given). A liquidation
//!   costs the whole margin; a loss beyond it is reported but not booked.
//! - Funding is due at 00:00, 08:00 and 16:00 UTC and is charged on the position's value at the
//!   open of the next candle. At a positive rate, a long pays and a short receives.
//! - A fee is charged for each fill, but not for a liquidation.
//!
//! No result depends on later prices or records (candle times are known in advance), and amounts are exact ([`units`]).
//!
//! Memory grows with the number of candles, orders and positions.

mod account;
mod arm_results;
pub mod candles;
mod equity;
mod fills;
mod ledger;
mod market;
mod order;
mod outcome;
mod position;
mod reject;
mod run;
mod settings;
mod state;
pub mod units;

use std::ops::Range;

use portcullis::{
    policy::{Policy, PolicyUnavailable},
    types::Timestamp,
};
use thiserror::Error;

pub use arm_results::ArmResult;
pub use equity::{EquityCurve, Point};
pub use ledger::{LedgerEntry, RoundTrip};
pub use market::MarketRule;
pub use outcome::{Share, SimulationOutcome};
pub use position::CloseReason;
pub use reject::RejectReason;
pub use settings::{Costs, Settings};

use crate::{
    replay::{
        LoadedSet, ReplayError, Replayer, SetRun, TapeDecisions, Timeline, decisions, set_decisions,
    },
    tape::TapeReader,
};
use candles::Series;
pub(crate) use order::Order;
use run::Run;
use units::AmountOverflow;

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
/// `on_entry` receives every entry of the account's log in time order.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end, or if an amount is out of range.
pub fn simulate(
    (replayer, settings): (&Replayer, &Settings),
    initial: Result<Policy, PolicyUnavailable>,
    tapes: TapeReader,
    series: &[Series],
    on_entry: &mut dyn FnMut(&LedgerEntry),
    progress: &mut dyn FnMut(Progress),
) -> Result<(TapeDecisions, SimulationOutcome), SimulateError> {
    let mut orders = Vec::new();
    let decisions = decisions(
        replayer,
        initial,
        tapes,
        &mut |n, at, decision| {
            let guardrails = replayer.engine.guardrails();
            orders.extend(Order::new(n, at, decision, guardrails));
        },
        &mut |records| progress(Progress::Records(records)),
    )?;
    let run = Run {
        replayer,
        timeline: &decisions.timeline,
        set: None,
        settings,
    };
    let outcome = run.run(series, orders, on_entry, &mut |candles| {
        progress(Progress::Candles(candles));
    })?;
    Ok((decisions, outcome))
}

/// Simulates the intents of the tapes under a policy set, in place of the policies on the tapes.
///
/// An order is filled under the policy that decided it, and a position is evaluated as a harvest under the policy that
/// [`Rollout::ladder`](portcullis_rollout::Rollout::ladder) returns for the policy under which it was opened. All records
/// are decided before the first order is filled, so each entry is decided as without an open position. An entry for a
/// symbol that has a position is not filled.
///
/// # Errors
/// Returns an error if a tape cannot be read to its end, or if an amount is out of range.
pub fn simulate_set(
    (replayer, settings): (&Replayer, &Settings),
    set: &LoadedSet,
    tapes: TapeReader,
    series: &[Series],
    on_entry: &mut dyn FnMut(&LedgerEntry),
    progress: &mut dyn FnMut(Progress),
) -> Result<(TapeDecisions, SimulationOutcome), SimulateError> {
    let set_run = SetRun::new(replayer, set);
    let mut orders = Vec::new();
    let decisions = set_decisions(
        &set_run,
        tapes,
        &mut |n, at, decision| {
            let guardrails = replayer.engine.guardrails();
            orders.extend(Order::new(n, at, decision, guardrails));
        },
        &mut |records| progress(Progress::Records(records)),
    )?;
    let run = Run {
        replayer,
        timeline: &decisions.timeline,
        set: Some(&set_run),
        settings,
    };
    let outcome = run.run(series, orders, on_entry, &mut |candles| {
        progress(Progress::Candles(candles));
    })?;
    Ok((decisions, outcome))
}

/// Fills orders at the prices of `series`. Harvest evaluates the positions under `policy`.
pub(crate) fn simulate_orders(
    (replayer, settings): (&Replayer, &Settings),
    policy: &Policy,
    orders: Vec<Order>,
    series: &[Series],
) -> Result<SimulationOutcome, AmountOverflow> {
    let run = Run {
        replayer,
        timeline: &Timeline::new(Ok(policy.clone())),
        set: None,
        settings,
    };
    run.run(series, orders, &mut |_| {}, &mut |_| {})
}

/// Returns the candles that begin in a range of time.
pub(crate) fn candles_between(series: &[Series], range: &Range<Timestamp>) -> Vec<Series> {
    let within = |series: &Series| {
        let candles = series.candles.iter();
        Series {
            candles: candles
                .filter(|candle| range.contains(&candle.start))
                .copied()
                .collect(),
            ..series.clone()
        }
    };
    series.iter().map(within).collect()
}
