//! Harvest decisions for many positions at once.

use pulp::{Simd, WithSimd};

use super::{
    HarvestAction, HarvestReasons,
    block::{Block, ROWS, Spare, Terms},
    code,
    columns::HarvestColumns,
};
use crate::policy::ThetaInForce;

/// Results for many positions, one column per number; NaN marks a number that is unavailable. The
/// inputs of R and K are reported only by [`harvest`](super::harvest), which evaluates a single
/// position.
#[derive(Debug, Clone, Default)]
pub struct HarvestBatch {
    outcome: Vec<u8>,
    reasons: Vec<u16>,
    r_net: Vec<f64>,
    stop: Vec<f64>,
    k: Vec<f64>,
}

/// The outcome of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HarvestOutcome {
    /// A harvest action is proposed.
    Harvest(HarvestAction),
    /// There is no open position.
    NoPosition,
    /// R is unavailable because there is no stop distance, and K is unavailable too.
    MissingStop,
    /// R is unavailable because an input is invalid, and K is unavailable too.
    /// [`harvest`](super::harvest) names the input.
    InvalidInput,
}

/// One row of a [`HarvestBatch`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct HarvestRow {
    /// The answer for the position of the row.
    pub outcome: HarvestOutcome,
    /// The harvest reasons; empty if the row was skipped.
    pub reasons: HarvestReasons,
    /// The proposed stop, in USD per unit.
    pub stop: Option<f64>,
    /// R_net, the net profit in R multiples.
    pub r_net: Option<f64>,
    /// The kill score K.
    pub k: Option<f64>,
}

/// Evaluates every row at the timestamp of `theta`. The numbers are bit-identical to those of
/// [`harvest`](super::harvest).
///
/// Replaces the contents of `batch` and reuses its memory. Does not allocate if the capacity
/// suffices.
pub fn harvest_batch(theta: ThetaInForce<'_>, columns: &HarvestColumns, batch: &mut HarvestBatch) {
    batch.clear();
    batch.reserve(columns.len());
    let terms = Terms::of(theta);
    // The widest vector instructions of this machine are used. The width does not change any bit of
    // the result.
    pulp::Arch::new().dispatch(Pass {
        terms: &terms,
        columns,
        batch,
    });
}

struct Pass<'a> {
    terms: &'a Terms,
    columns: &'a HarvestColumns,
    batch: &'a mut HarvestBatch,
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let rows = self.columns.len();
        let (mut block, mut spare) = (Block::new(), Spare::new());
        for start in (0..rows).step_by(ROWS) {
            block.fill(self.terms, self.columns, start, &mut spare);
            self.batch.take(&block, rows.saturating_sub(start));
        }
    }
}

impl HarvestBatch {
    /// Creates an empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Returns true if there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcome.is_empty()
    }

    /// Returns R_net for each row; NaN if it is unavailable.
    #[must_use]
    pub fn r_net(&self) -> &[f64] {
        &self.r_net
    }

    /// Returns the kill score of each row; NaN if it is unavailable.
    #[must_use]
    pub fn k(&self) -> &[f64] {
        &self.k
    }

    /// Returns the proposed stop of each row, in USD per unit; NaN if none is proposed.
    #[must_use]
    pub fn stop(&self) -> &[f64] {
        &self.stop
    }

    /// Returns the outcomes of the rows, in order.
    pub fn outcomes(&self) -> impl Iterator<Item = HarvestOutcome> {
        self.outcome.iter().map(|code| HarvestOutcome::of(*code))
    }

    /// Returns one row by its index, counted from 0, or `None` if the index is out of range.
    #[must_use]
    pub fn row(&self, i: usize) -> Option<HarvestRow> {
        let number = |column: &[f64]| column.get(i).copied().filter(|x| !x.is_nan());
        Some(HarvestRow {
            outcome: HarvestOutcome::of(*self.outcome.get(i)?),
            reasons: HarvestReasons::from_bits(*self.reasons.get(i)?),
            stop: number(&self.stop),
            r_net: number(&self.r_net),
            k: number(&self.k),
        })
    }

    fn clear(&mut self) {
        self.outcome.clear();
        self.reasons.clear();
        for column in self.numbers() {
            column.clear();
        }
    }

    fn reserve(&mut self, rows: usize) {
        self.outcome.reserve(rows);
        self.reasons.reserve(rows);
        for column in self.numbers() {
            column.reserve(rows);
        }
    }

    /// Appends the first `rows` rows of a block, or the whole block if it has fewer.
    fn take(&mut self, block: &Block, rows: usize) {
        self.outcome.extend_from_slice(head(&block.outcome, rows));
        self.reasons.extend_from_slice(head(&block.reasons, rows));
        for (column, numbers) in self.numbers().into_iter().zip(block.numbers()) {
            column.extend_from_slice(head(numbers, rows));
        }
    }

    /// Returns the columns of numbers, in the order of [`Block::numbers`].
    fn numbers(&mut self) -> [&mut Vec<f64>; 3] {
        [&mut self.r_net, &mut self.stop, &mut self.k]
    }
}

impl HarvestOutcome {
    /// Converts a result code. There are eight codes, from 0 to 7.
    const fn of(code: u8) -> Self {
        match code {
            0 => Self::Harvest(HarvestAction::None),
            1 => Self::Harvest(HarvestAction::Partial25),
            2 => Self::Harvest(HarvestAction::Partial50),
            3 => Self::Harvest(HarvestAction::Partial75),
            code::FULL_CLOSE => Self::Harvest(HarvestAction::FullCloseProposed),
            code::NO_POSITION => Self::NoPosition,
            code::MISSING_STOP => Self::MissingStop,
            _ => Self::InvalidInput,
        }
    }
}

fn head<T>(column: &[T], rows: usize) -> &[T] {
    column.get(..rows).unwrap_or(column)
}
