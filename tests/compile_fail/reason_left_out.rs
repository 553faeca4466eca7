//! A new skip reason breaks the build of code that matches on all reasons.

use portcullis::decide::SkipCode;

fn who_is_called(reason: SkipCode) -> &'static str {
    match reason {
        SkipCode::IntentUnreadable
        | SkipCode::IntentInvalid
        | SkipCode::IntentAmbiguous
        | SkipCode::IntentUnsupported
        | SkipCode::IntentNotActionable
        | SkipCode::DenyNotExitOwner
        | SkipCode::IntentStale
        | SkipCode::IntentDuplicate
        | SkipCode::IntentSuperseded => "the sender",
        SkipCode::TradingHalted | SkipCode::ClockUntrusted => "the operator",
        SkipCode::PolicyMissing
        | SkipCode::PolicyMissingField
        | SkipCode::PolicyParseError
        | SkipCode::PolicyInvalid
        | SkipCode::PolicyHashMismatch
        | SkipCode::PolicySignatureInvalid
        | SkipCode::PolicyRolledBack
        | SkipCode::PolicyConstraintViolation
        | SkipCode::PolicyStoreUnavailable
        | SkipCode::PolicyNotYetValid
        | SkipCode::PolicyUniverseFilter
        | SkipCode::PolicyMissingLeverage
        | SkipCode::PolicyMissingSize
        | SkipCode::PolicyLimitExceeded => "the model",
        SkipCode::HarvestNoPosition | SkipCode::HarvestMissingStop | SkipCode::HarvestInvalidInput => {
            "the reporter"
        }
    }
}

fn main() {}
