//! Errors of a trial.

use thiserror::Error;

use crate::{simulate::units::AmountOverflow, tape::TapeError};

/// An error that ends a trial.
#[derive(Debug, Error)]
pub enum TrialError {
    /// A tape cannot be read to its end.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// An amount of the simulation is out of range.
    #[error(transparent)]
    AmountOverflow(#[from] AmountOverflow),
}
