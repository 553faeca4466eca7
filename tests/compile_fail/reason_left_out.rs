//! A new skip reason breaks the build of code that matches on all reasons.

use portcullis::decide::Reason;

fn who_is_called(reason: Reason) -> &'static str {
    match reason {
        Reason::IntentUnreadable
        | Reason::IntentInvalid
        | Reason::IntentAmbiguous
        | Reason::IntentNotActionable
        | Reason::DenyNotExitOwner
        | Reason::IntentStale
        | Reason::IntentDuplicate
        | Reason::IntentSuperseded => "the sender",
        Reason::TradingHalted | Reason::ClockUntrusted => "the operator",
        Reason::PolicyMissing
        | Reason::PolicyMissingField
        | Reason::PolicyParseError
        | Reason::PolicyInvalid
        | Reason::PolicyHashMismatch
        | Reason::PolicySignatureInvalid
        | Reason::PolicyRolledBack
        | Reason::PolicyConstraintViolation
        | Reason::PolicyStoreUnavailable
        | Reason::PolicyNotYetValid
        | Reason::PolicyUniverseFilter
        | Reason::PolicyMissingLeverage
        | Reason::PolicyMissingSize
        | Reason::PolicyLimitExceeded => "the model",
        Reason::HarvestNoPosition | Reason::HarvestMissingStop | Reason::HarvestInvalidInput => {
            "the reporter"
        }
    }
}

fn main() {}
