//! The reasons why the gate refuses a draft.

use portcullis::types::{Symbol, Timestamp};
use thiserror::Error;

/// A reason why the gate refuses a draft. `baseline` is the name of the policy with which the draft was compared:
/// `active` or `day_ago`.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no policy with which the draft could be compared.
    #[error(
        "the store has no policy with which the draft could be compared; publish the first policy without a gate"
    )]
    NoActivePolicy,
    /// One of the policies can never be in force.
    #[error(
        "the {0} policy can never be in force, so the draft cannot be compared with it; publish without a gate"
    )]
    NotComparable(&'static str),
    /// The history does not cover the whole time window.
    #[error(
        "the history begins at {first}, but must cover the time from {from}; add earlier tapes"
    )]
    HistoryTooShort {
        /// The time of the earliest record.
        first: Timestamp,
        /// The start of the time window.
        from: Timestamp,
    },
    /// The history has no records.
    #[error("the history has no intents with a time; give the tapes that the recorder writes")]
    NoHistory,
    /// The history ends before the active policy began, and more than an hour ago.
    #[error(
        "the history ends at {last}, before the active policy began at {began}; add later tapes"
    )]
    HistoryTooOld {
        /// The time of the latest record.
        last: Timestamp,
        /// The time from which the active policy is valid.
        began: Timestamp,
    },
    /// A symbol of the draft has no candles.
    #[error("{0} has no candles, so its results cannot be simulated; add its candle file")]
    NoCandles(Symbol),
    /// The candles of a symbol do not cover the time window.
    #[error(
        "the candles of {symbol} are from {first} to {last}, but must cover the time from {from} to the last record at {until}; add candles"
    )]
    CandlesTooShort {
        /// The symbol.
        symbol: Symbol,
        /// The start of the first candle.
        first: Timestamp,
        /// The end of the last candle.
        last: Timestamp,
        /// The start of the time window.
        from: Timestamp,
        /// The time of the last record in the time window.
        until: Timestamp,
    },
    /// Too few records depend on the policies.
    #[error(
        "only {reached} records have an answer that depends on the {baseline} policy or the draft, but `min_reached` is {min}; add tapes"
    )]
    TooFewRecords {
        /// The name of the policy.
        baseline: &'static str,
        /// The number of records.
        reached: u64,
        /// The required number.
        min: u64,
    },
    /// Too many skips become trades.
    #[error(
        "{share:.4} of the records whose answer depends on a policy are skipped under the {baseline} policy and traded under the draft, but `max_new_trades` is {max}"
    )]
    NewTrades {
        /// The name of the policy.
        baseline: &'static str,
        /// The share of the records.
        share: f64,
        /// The bound.
        max: f64,
    },
    /// The notional of all trades changes too much.
    #[error(
        "the notional of all trades is {ratio:.4} times that under the {baseline} policy, but must be from {min} to {max} times"
    )]
    Notional {
        /// The name of the policy.
        baseline: &'static str,
        /// The notional of the draft divided by that of the policy.
        ratio: f64,
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// The leverage of a symbol rises too much.
    #[error(
        "the leverage of {symbol} rises by {rise:.4}x above that of the {baseline} policy, but `max_leverage_rise` is {max}"
    )]
    Leverage {
        /// The name of the policy.
        baseline: &'static str,
        /// The symbol.
        symbol: Symbol,
        /// The leverage of the draft less that of the policy.
        rise: f64,
        /// The bound.
        max: f64,
    },
    /// The simulated drawdown is too large.
    #[error("the simulated drawdown is {drawdown:.4} of the cash, but `max_drawdown` is {max}")]
    Drawdown {
        /// The drawdown, as a share of the starting cash.
        drawdown: f64,
        /// The bound.
        max: f64,
    },
    /// The simulated drawdown rises too much.
    #[error(
        "the simulated drawdown is {rise:.4} of the cash larger than under the {baseline} policy, but `max_drawdown_rise` is {max}"
    )]
    DrawdownRise {
        /// The name of the policy.
        baseline: &'static str,
        /// The drawdown of the draft less that of the policy, as a share of the starting cash.
        rise: f64,
        /// The bound.
        max: f64,
    },
}

impl Refusal {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoActivePolicy => "PUBLISH_GATE_NO_ACTIVE_POLICY",
            Self::NotComparable(_) => "PUBLISH_GATE_NOT_COMPARABLE",
            Self::NoHistory
            | Self::HistoryTooShort { .. }
            | Self::NoCandles(_)
            | Self::CandlesTooShort { .. }
            | Self::TooFewRecords { .. } => "PUBLISH_GATE_TOO_LITTLE_HISTORY",
            Self::HistoryTooOld { .. } => "PUBLISH_GATE_HISTORY_TOO_OLD",
            Self::NewTrades { .. } => "PUBLISH_GATE_NEW_TRADES",
            Self::Notional { .. } => "PUBLISH_GATE_NOTIONAL",
            Self::Leverage { .. } => "PUBLISH_GATE_LEVERAGE",
            Self::Drawdown { .. } => "PUBLISH_GATE_DRAWDOWN",
            Self::DrawdownRise { .. } => "PUBLISH_GATE_DRAWDOWN_RISE",
        }
    }
}
