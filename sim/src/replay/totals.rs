//! Totals of the trades of a run.

use portcullis::answer::{Answer, Verdict};
use serde::Serialize;

/// Totals of trades. The last bits of the sums depend on the order of addition, which is the record order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// The number of trades.
    pub trades: u64,
    /// The total notional in USD.
    pub notional_usd: f64,
    /// The sum of the leverages. Divided by `trades`, it is the mean leverage.
    pub leverage_sum: f64,
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
        self.notional_usd += notional_usd.into_iter().sum::<f64>();
        self.leverage_sum += leverage.into_iter().sum::<f64>();
    }

    /// Formats the mean leverage with two decimal places, or `–` if there are no trades.
    pub(crate) fn mean_leverage(&self) -> String {
        match u32::try_from(self.trades) {
            Ok(0) => "–".to_owned(),
            trades => format!(
                "{:.2}",
                self.leverage_sum / f64::from(trades.unwrap_or(u32::MAX))
            ),
        }
    }
}
