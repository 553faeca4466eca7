//! Totals of the trades of a run.

use portcullis::answer::{Answer, Verdict};
use serde::Serialize;

use super::exact_sum::ExactSum;

/// Totals of trades.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// The number of trades.
    pub trades: u64,
    /// The total notional in USD.
    pub notional_usd: ExactSum,
    /// The sum of the leverages. Divided by `trades`, it is the mean leverage.
    pub leverage_sum: ExactSum,
}

impl Totals {
    /// Adds an answer, if it is a trade.
    pub fn add(&mut self, answer: &Answer<'_>) {
        if answer.decision == Verdict::Trade {
            self.add_trade(answer.notional_usd, answer.leverage);
        }
    }

    /// Adds a trade.
    pub(crate) fn add_trade(&mut self, notional_usd: Option<f64>, leverage: Option<f64>) {
        self.trades += 1;
        if let Some(notional_usd) = notional_usd {
            self.notional_usd.add(notional_usd);
        }
        if let Some(leverage) = leverage {
            self.leverage_sum.add(leverage);
        }
    }

    /// Adds the trades of another part of the run.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.trades += other.trades;
        self.notional_usd.merge(&other.notional_usd);
        self.leverage_sum.merge(&other.leverage_sum);
    }

    /// Formats the mean leverage with two decimal places, or `–` if there are no trades.
    pub(crate) fn mean_leverage(&self) -> String {
        match u32::try_from(self.trades) {
            Ok(0) => "–".to_owned(),
            trades => format!(
                "{:.2}",
                self.leverage_sum.value() / f64::from(trades.unwrap_or(u32::MAX))
            ),
        }
    }
}
