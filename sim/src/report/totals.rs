//! What the trades of a run come to.

use portcullis::answer::{Answer, Verdict};
use serde::Serialize;

/// What trades come to, added up in the order of their records: the sums depend on it in their last bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Totals {
    /// How many.
    pub trades: u64,
    /// What their positions are worth together, in USD.
    pub notional_usd: f64,
    /// Their leverages added up; over `trades` it is the mean.
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

    /// The mean leverage to two digits; a dash where nothing is traded.
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
