//! Answers to intents as columns.

use super::{LeverageFrom, SkipCode, tables::Tables};
use crate::types::{Leverage, Notional};

/// The answer to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The row is a trade.
    Trade,
    /// The row is a permitted exit of the exit owner.
    ExitByOwner,
    /// The row is a permitted exit of a delegate.
    ExitByDelegate,
    /// The row is skipped for this reason.
    Skip(SkipCode),
}

/// Answers as columns, one row per intent. The memory is reused for the next batch.
#[derive(Debug, Clone, Default)]
pub struct DecisionColumns {
    pub(super) outcome: Vec<Outcome>,
    /// The leverages; NaN if the row is not a trade.
    pub(super) leverage: Vec<f64>,
    /// The notionals in USD; NaN if the row is not a trade.
    pub(super) notional: Vec<f64>,
    pub(super) leverage_from: Vec<LeverageFrom>,
    pub(super) tables: Tables,
    /// The times of the rows, if they are decided at other times than their event times and not all at the same time;
    /// otherwise empty.
    pub(super) times: Vec<i64>,
    /// The earliest times of sending, if the guardrails state for any source that its `timestamp` is the time of a
    /// candle; otherwise empty.
    pub(super) earliest: Vec<i64>,
    pub(super) latest: Vec<i64>,
}

/// One row of [`DecisionColumns`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct BatchRow {
    /// The answer to the intent of the row.
    pub outcome: Outcome,
    /// The leverage of a trade and its source.
    pub leverage: Option<(Leverage, LeverageFrom)>,
    /// The notional of a trade, in USD.
    pub notional: Option<Notional>,
}

impl DecisionColumns {
    /// Returns the number of answered rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Returns true if no rows were answered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the answers in the order of the rows.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcome
    }

    /// Returns the leverages; NaN for rows that are not trades.
    #[must_use]
    pub fn leverages(&self) -> &[f64] {
        &self.leverage
    }

    /// Returns the sources of the leverages. They have no meaning for rows that are not trades.
    #[must_use]
    pub fn leverage_sources(&self) -> &[LeverageFrom] {
        &self.leverage_from
    }

    /// Returns the notionals in USD; NaN for rows that are not trades.
    #[must_use]
    pub fn notionals(&self) -> &[f64] {
        &self.notional
    }

    /// Returns one row by its index, counted from 0, or `None` if the index is out of range.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<BatchRow> {
        let leverage = Leverage::new(*self.leverage.get(index)?).ok();
        let from = *self.leverage_from.get(index)?;
        Some(BatchRow {
            outcome: *self.outcome.get(index)?,
            leverage: leverage.map(|leverage| (leverage, from)),
            notional: Notional::new(*self.notional.get(index)?).ok(),
        })
    }

    /// Resizes the columns to `rows` rows. The caller then overwrites all values.
    pub(super) fn resize(&mut self, rows: usize) {
        self.outcome
            .resize(rows, Outcome::Skip(SkipCode::PolicyMissing));
        self.leverage.resize(rows, f64::NAN);
        self.notional.resize(rows, f64::NAN);
        self.leverage_from.resize(rows, LeverageFrom::Policy);
    }
}
