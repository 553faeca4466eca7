//! Errors of a backfill.

use thiserror::Error;

use crate::{simulate::units::AmountOverflow, tape::TapeError};

/// An error that ends a backfill.
#[derive(Debug, Error)]
pub enum BackfillError {
    /// A tape cannot be read to its end.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// An amount of the simulation is out of range.
    #[error(transparent)]
    AmountOverflow(#[from] AmountOverflow),
    /// The records of a part differ from those of an earlier run.
    #[error(
        "the records of {day} differ from those of the earlier run; give the same tapes, or remove the file of parts to begin again"
    )]
    Changed {
        /// The day.
        day: String,
    },
}
