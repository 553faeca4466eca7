//! Denials that only the service that answered an intent could know about.

use std::borrow::Cow;

use super::{Decision, Gate, Reason};

/// A reason for which a service denied an entry and which cannot be derived from the intent and a policy: a policy
/// that was unavailable at that moment, a halt, an untrusted clock, a duplicate id, or a later exit.
///
/// It can only turn an entry into a skip. It never affects an exit, and if an earlier gate fails, that gate answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection<'a> {
    reason: Reason,
    detail: Cow<'a, str>,
}

impl<'a> Objection<'a> {
    /// Creates a service denial, or returns `None` if the gates always find this reason themselves.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<Cow<'a, str>>) -> Option<Self> {
        gates_before(reason)?;
        Some(Self {
            reason,
            detail: detail.into(),
        })
    }

    /// Returns the skip reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the free text of the service.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Returns true if the reason concerns the policy of that moment, so that it does not apply to another policy.
    ///
    /// ```
    /// use portcullis::decide::{Objection, Reason};
    ///
    /// let of_policy = |reason| Objection::new(reason, "why").map(|it| it.is_about_policy());
    /// assert_eq!(of_policy(Reason::PolicyHashMismatch), Some(true));
    /// assert_eq!(of_policy(Reason::TradingHalted), Some(false));
    /// ```
    #[must_use]
    pub fn is_about_policy(&self) -> bool {
        gates_before(self.reason) == Some(Gate::Policy.passed_before())
    }

    /// Returns true if this service denial replaces the decision.
    #[must_use]
    pub fn outweighs(&self, decision: &Decision<'_>) -> bool {
        let before = gates_before(self.reason).map(<[Gate]>::len);
        match decision {
            Decision::Exit(_) => false,
            Decision::Trade(_) | Decision::Skip(_) => {
                before.is_some_and(|before| before <= decision.gates_passed().len())
            }
        }
    }
}

/// Returns the gates that are checked before a service denial with this reason, or `None` if the gates find it.
fn gates_before(reason: Reason) -> Option<&'static [Gate]> {
    match reason {
        // Recorded when the intent was a text that a tape cannot hold.
        Reason::IntentUnreadable => Some(Gate::Readable.passed_before()),
        Reason::TradingHalted => Some(Gate::Halt.passed_before()),
        Reason::PolicyMissing
        | Reason::PolicyMissingField
        | Reason::PolicyParseError
        | Reason::PolicyInvalid
        | Reason::PolicyHashMismatch
        | Reason::PolicySignatureInvalid
        | Reason::PolicyRolledBack
        | Reason::PolicyConstraintViolation
        | Reason::PolicyStoreUnavailable => Some(Gate::Policy.passed_before()),
        Reason::ClockUntrusted => Some(Gate::Freshness.passed_before()),
        Reason::IntentDuplicate | Reason::IntentSuperseded => Some(&Gate::ALL),
        Reason::IntentInvalid
        | Reason::IntentAmbiguous
        | Reason::IntentNotActionable
        | Reason::DenyNotExitOwner
        | Reason::PolicyNotYetValid
        | Reason::PolicyStale
        | Reason::IntentStale
        | Reason::PolicyUniverseFilter
        | Reason::PolicyMissingLeverage
        | Reason::PolicyMissingSize
        | Reason::PolicyLimitExceeded
        | Reason::HarvestNoPosition
        | Reason::HarvestMissingStop
        | Reason::HarvestInvalidInput => None,
    }
}
