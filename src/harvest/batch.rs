//! Many positions at once.

use pulp::{Simd, WithSimd};

use super::{
    HarvestAction, HarvestReasons,
    block::{Block, ROWS, Spare, Terms, code},
    columns::HarvestColumns,
};
use crate::policy::ThetaInForce;

/// What many positions come to, one column a number; NaN where there is none. The numbers that R and K are
/// made of are told by the single call.
#[derive(Debug, Clone, Default)]
pub struct HarvestBatch {
    outcome: Vec<u8>,
    reasons: Vec<u16>,
    r_net: Vec<f64>,
    stop: Vec<f64>,
    k: Vec<f64>,
}

/// What one row comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HarvestOutcome {
    /// A proposal.
    Harvest(HarvestAction),
    /// There is no position.
    NoPosition,
    /// Neither R, for want of a stop, nor K.
    MissingStop,
    /// Neither R, for an input of no use, nor K. Which input it was, the single call says.
    InvalidInput,
}

/// One row of a [`HarvestBatch`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HarvestRow {
    /// What it comes to.
    pub outcome: HarvestOutcome,
    /// Why; none where it is skipped.
    pub reasons: HarvestReasons,
    /// The stop proposed, in USD for one unit.
    pub stop: Option<f64>,
    /// R_net.
    pub r_net: Option<f64>,
    /// The kill score.
    pub k: Option<f64>,
}

/// Judges every row at the instant of the witness, as [`harvest`](super::harvest) judges each of them alone:
/// the same numbers to the bit. What `batch` held before is forgotten, its room is used again; with enough of
/// it nothing is allocated.
pub fn harvest_batch(theta: ThetaInForce<'_>, columns: &HarvestColumns, batch: &mut HarvestBatch) {
    batch.clear();
    batch.reserve(columns.len());
    let terms = Terms::of(theta);
    // The widest vectors this machine has. They change how many rows are worked on at a time, and no bit.
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
    /// No rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcome.is_empty()
    }

    /// R_net of each row; NaN where it is not available.
    #[must_use]
    pub fn r_net(&self) -> &[f64] {
        &self.r_net
    }

    /// The kill score of each row; NaN where it is not available.
    #[must_use]
    pub fn k(&self) -> &[f64] {
        &self.k
    }

    /// The stop proposed for each row; NaN where none is.
    #[must_use]
    pub fn stop(&self) -> &[f64] {
        &self.stop
    }

    /// What each row comes to, in order.
    pub fn outcomes(&self) -> impl Iterator<Item = HarvestOutcome> {
        self.outcome.iter().map(|code| HarvestOutcome::of(*code))
    }

    /// One row, counted from 0.
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

    /// Appends the first `rows` rows of a block, or all of it.
    fn take(&mut self, block: &Block, rows: usize) {
        self.outcome.extend_from_slice(head(&block.outcome, rows));
        self.reasons.extend_from_slice(head(&block.reasons, rows));
        for (column, numbers) in self.numbers().into_iter().zip(block.numbers()) {
            column.extend_from_slice(head(numbers, rows));
        }
    }

    /// The columns of numbers, in the order of [`Block::numbers`].
    fn numbers(&mut self) -> [&mut Vec<f64>; 3] {
        [&mut self.r_net, &mut self.stop, &mut self.k]
    }
}

impl HarvestOutcome {
    /// Reads a code; there are no others than these eight.
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
