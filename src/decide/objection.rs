//! What only the service that answered an intent could know.

use std::borrow::Cow;

use super::{Decision, Gate, Reason};

/// What spoke against an entry when a service answered it, and what nobody can work out again from the intent
/// and a policy: that there was no policy at that moment, a halt, a clock that was off, an intent of the same
/// id, a later exit.
///
/// It makes a skip of an entry and nothing else: no exit heeds it, and where a gate before its own is shut,
/// that gate answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection<'a> {
    reason: Reason,
    detail: Cow<'a, str>,
}

impl<'a> Objection<'a> {
    /// `None` for a reason that the gates always find by themselves.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<Cow<'a, str>>) -> Option<Self> {
        gates_before(reason)?;
        Some(Self {
            reason,
            detail: detail.into(),
        })
    }

    /// Its code.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// In the words of the service.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether it is a word on the policy of its moment, and none on another.
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

    /// Whether it answers instead of this decision.
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

/// The gates that are asked before an objection of this reason is.
fn gates_before(reason: Reason) -> Option<&'static [Gate]> {
    match reason {
        // A text that no tape can hold.
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
