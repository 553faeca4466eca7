//! The evidence for an answer.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    decide::{ServiceDenial, SkipReason},
    harvest::{HarvestSkip, RError},
};

/// The evidence for an answer. It is converted to text only when it is written.
#[derive(Debug, Clone)]
pub enum Detail<'a> {
    /// An intent was denied.
    SkipReason(SkipReason<'a>),
    /// A position could not be evaluated.
    Harvest(HarvestSkip<'a>),
    /// A service denied an entry.
    ServiceDenial(&'a ServiceDenial<'a>),
    /// A record lacks a required part, or an exit does not state a quantity.
    Text(&'static str),
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SkipReason(denial) => write!(f, "{denial}"),
            Self::Harvest(HarvestSkip::NotInForce(error)) => SkipReason::from(*error).fmt(f),
            Self::Harvest(HarvestSkip::NoPosition) => f.write_str("no open position"),
            Self::Harvest(HarvestSkip::MissingStop { kill }) => {
                write!(f, "{}; no kill score: {kill}", RError::MissingStop)
            }
            Self::Harvest(HarvestSkip::InvalidInput { r, kill }) => {
                write!(f, "{r}; no kill score: {kill}")
            }
            Self::ServiceDenial(denial) => f.write_str(denial.detail()),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for Detail<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
