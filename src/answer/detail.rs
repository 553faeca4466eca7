//! The evidence for an answer.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    decide::{LEGACY, ServiceDenial, SkipReason},
    exit::ExitNotes,
    harvest::{HarvestSkip, RError},
    policy::{NotInForceError, ValidityError},
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
    /// Parts of the intent of an exit could not be used.
    Exit(ExitNotes<'a>),
    /// A record lacks a required part.
    Text(&'static str),
    /// The text of the evidence of an earlier answer.
    Written(&'a str),
}

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SkipReason(denial) => write!(f, "{denial}"),
            Self::Harvest(HarvestSkip::NotInForce(NotInForceError::Validity(
                ValidityError::Expired { valid_until, now },
            ))) => write!(
                f,
                "the harvest parameters of the policy expired at {valid_until}; the time is {now} {LEGACY}"
            ),
            Self::Harvest(HarvestSkip::NotInForce(error)) => SkipReason::from(*error).fmt(f),
            Self::Harvest(HarvestSkip::NoPosition) => {
                f.write_str("no open position: `side` is FLAT, or the quantity is 0")
            }
            Self::Harvest(HarvestSkip::MissingStop { kill }) => {
                write!(
                    f,
                    "the R multiple is unavailable: {}; the kill score is unavailable: {kill}",
                    RError::MissingStop
                )
            }
            Self::Harvest(HarvestSkip::InvalidInput { r, kill }) => {
                write!(
                    f,
                    "the R multiple is unavailable: {r}; the kill score is unavailable: {kill}"
                )
            }
            Self::ServiceDenial(denial) => f.write_str(denial.detail()),
            Self::Exit(notes) => write!(f, "{notes}"),
            Self::Text(text) => f.write_str(text),
            Self::Written(text) => f.write_str(text),
        }
    }
}

impl Serialize for Detail<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
