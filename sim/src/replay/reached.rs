//! The inputs on which an answer depends: none, only the exit ownership and the halts, or a policy.

use portcullis::{answer::Verdict, decide::SkipCode};

/// The inputs that an answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    /// The record is not usable, there is no policy in force, or the record is a policy change.
    Nothing,
    /// The answer does not depend on a policy; an example is the answer to an exit.
    Ownership,
    /// The answer depends on a policy that is in force.
    Policy,
}

impl Reached {
    /// Returns the inputs of an answer with this verdict and, if it is a skip, this reason.
    pub(crate) fn by(decision: Verdict, reason: Option<SkipCode>) -> Self {
        match decision {
            Verdict::Trade | Verdict::Harvest => Self::Policy,
            Verdict::Exit => Self::Ownership,
            Verdict::Policy => Self::Nothing,
            Verdict::Skip => reason.map_or(Self::Nothing, Self::by_reason),
        }
    }

    /// Returns the inputs of a skip.
    pub(crate) const fn by_reason(reason: SkipCode) -> Self {
        match reason {
            SkipCode::IntentUnreadable
            | SkipCode::IntentInvalid
            | SkipCode::IntentAmbiguous
            | SkipCode::IntentNotActionable
            | SkipCode::IntentUnsupported
            | SkipCode::HarvestInvalidInput
            | SkipCode::PolicyMissing
            | SkipCode::PolicyMissingField
            | SkipCode::PolicyParseError
            | SkipCode::PolicyInvalid
            | SkipCode::PolicyHashMismatch
            | SkipCode::PolicySignatureInvalid
            | SkipCode::PolicyRolledBack
            | SkipCode::PolicyConstraintViolation
            | SkipCode::PolicyStoreUnavailable
            | SkipCode::PolicyNotYetValid
            | SkipCode::PolicyStale => Self::Nothing,
            SkipCode::DenyNotExitOwner
            | SkipCode::TradingHalted
            | SkipCode::IntentDuplicate
            | SkipCode::IntentSuperseded
            | SkipCode::HarvestNoPosition => Self::Ownership,
            SkipCode::IntentStale
            | SkipCode::ClockUntrusted
            | SkipCode::PolicyUniverseFilter
            | SkipCode::PolicyMissingLeverage
            | SkipCode::PolicyMissingSize
            | SkipCode::PolicyLimitExceeded
            | SkipCode::HarvestMissingStop => Self::Policy,
        }
    }
}
