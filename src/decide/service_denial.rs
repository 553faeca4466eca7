//! Denials for reasons that only the service that answers an intent can determine.

use std::borrow::Cow;

use super::{Decision, Gate, SkipCode};

/// The reason why a service denied an entry, which the engine cannot derive from the intent and the policy: a policy
/// that was unavailable at that moment, a halt, an untrusted clock, a duplicate id, an exit that was sent after the
/// entry and is already answered, or an executor that cannot carry out the trade.
///
/// A service denial can only make the answer to an entry a skip. It never affects an exit. If a
/// gate fails that is checked before the denial, the answer is the skip of that gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDenial<'a> {
    reason: SkipCode,
    detail: Cow<'a, str>,
}

impl<'a> ServiceDenial<'a> {
    /// Creates a service denial. Returns `None` for a reason that only the engine can determine.
    #[must_use]
    pub fn new(reason: SkipCode, detail: impl Into<Cow<'a, str>>) -> Option<Self> {
        gates_before(reason)?;
        Some(Self {
            reason,
            detail: detail.into(),
        })
    }

    /// Returns the skip reason.
    #[must_use]
    pub const fn reason(&self) -> SkipCode {
        self.reason
    }

    /// Returns the free text of the service.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns true if the reason concerns the policy at the time of the decision, so that it does
    /// not apply under another policy.
    ///
    /// ```
    /// use portcullis::decide::{ServiceDenial, SkipCode};
    ///
    /// let of_policy = |reason| ServiceDenial::new(reason, "why").map(|it| it.is_about_policy());
    /// assert_eq!(of_policy(SkipCode::PolicyHashMismatch), Some(true));
    /// assert_eq!(of_policy(SkipCode::TradingHalted), Some(false));
    /// ```
    #[must_use]
    pub fn is_about_policy(&self) -> bool {
        gates_before(self.reason) == Some(Gate::Policy.passed_before())
    }

    /// Returns true if this service denial replaces the decision.
    #[must_use]
    pub fn takes_precedence_over(&self, decision: &Decision<'_>) -> bool {
        let before = gates_before(self.reason).map(<[Gate]>::len);
        match decision {
            Decision::Exit(_) => false,
            Decision::Trade(_) | Decision::Skip(_) => {
                before.is_some_and(|before| before <= decision.gates_passed().len())
            }
        }
    }
}

/// Returns the gates that are checked before a service denial with this reason. Returns `None` for
/// a reason that only the engine can determine.
fn gates_before(reason: SkipCode) -> Option<&'static [Gate]> {
    match reason {
        // This denial is recorded if the text of the intent cannot be stored on a tape.
        SkipCode::IntentUnreadable => Some(Gate::Readable.passed_before()),
        SkipCode::TradingHalted => Some(Gate::Halt.passed_before()),
        SkipCode::PolicyMissing
        | SkipCode::PolicyMissingField
        | SkipCode::PolicyParseError
        | SkipCode::PolicyInvalid
        | SkipCode::PolicyHashMismatch
        | SkipCode::PolicySignatureInvalid
        | SkipCode::PolicyRolledBack
        | SkipCode::PolicyConstraintViolation
        | SkipCode::PolicyStoreUnavailable => Some(Gate::Policy.passed_before()),
        SkipCode::ClockUntrusted => Some(Gate::Freshness.passed_before()),
        // A service reports an unsupported intent if its executor cannot carry out the trade.
        SkipCode::IntentDuplicate | SkipCode::IntentSuperseded | SkipCode::IntentUnsupported => {
            Some(Gate::ALL)
        }
        SkipCode::IntentInvalid
        | SkipCode::IntentAmbiguous
        | SkipCode::IntentNotActionable
        | SkipCode::DenyNotExitOwner
        | SkipCode::PolicyNotYetValid
        | SkipCode::PolicyStale
        | SkipCode::IntentStale
        | SkipCode::PolicyUniverseFilter
        | SkipCode::PolicyMissingLeverage
        | SkipCode::PolicyMissingSize
        | SkipCode::PolicyLimitExceeded
        | SkipCode::HarvestNoPosition
        | SkipCode::HarvestMissingStop
        | SkipCode::HarvestInvalidInput => None,
    }
}
