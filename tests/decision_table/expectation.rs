//! The expected answer to each case, written from the specification without using the engine.

use super::states::{
    Age, Case, DecisionTime, Halted, Limited, Listing, PolicyInput, Readability, RequestedLeverage,
    Sender, SizeInput,
};
use portcullis::decide::{Gate, SkipCode};

/// The parts of an answer that the table contains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    Exit {
        rule: &'static str,
    },
    Skip {
        gate: Gate,
        reason: SkipCode,
        /// The cause, if the skip reason has several causes.
        evidence: &'static str,
    },
    Trade {
        leverage: f64,
        leverage_source: &'static str,
        leverage_requested: Option<f64>,
        notional: f64,
        margin: f64,
        size_source: &'static str,
    },
}

/// The expected answer of one gate; `None` if the case passes the gate.
pub(crate) type Replayer = fn(&Case) -> Option<Answer>;

/// The gates in order. The first answer that a gate returns is the expected answer.
pub(crate) const GATES: [Replayer; 10] = [
    readable,
    exit_ownership,
    halt,
    policy,
    in_force,
    freshness,
    universe,
    leverage,
    size,
    limits,
];

pub(crate) fn expected(gates: &[Replayer; 10], case: &Case) -> Answer {
    for gate in gates {
        if let Some(answer) = gate(case) {
            return answer;
        }
    }
    trade(case)
}

fn skip(gate: Gate, reason: SkipCode, evidence: &'static str) -> Option<Answer> {
    Some(Answer::Skip {
        gate,
        reason,
        evidence,
    })
}

fn readable(case: &Case) -> Option<Answer> {
    let shut = |reason| skip(Gate::Readable, reason, "");
    match case.readability {
        Readability::Unreadable => shut(SkipCode::IntentUnreadable),
        Readability::Invalid => shut(SkipCode::IntentInvalid),
        Readability::Ambiguous => shut(SkipCode::IntentAmbiguous),
        Readability::Hold => shut(SkipCode::IntentNotActionable),
        Readability::Unsupported => shut(SkipCode::IntentUnsupported),
        Readability::Readable => None,
    }
}

fn exit_ownership(case: &Case) -> Option<Answer> {
    let shut = |reason, evidence| skip(Gate::ExitOwnership, reason, evidence);
    match case.sender {
        Sender::ExitOwner => Some(Answer::Exit { rule: "owner" }),
        Sender::ExitDelegate => Some(Answer::Exit { rule: "delegate" }),
        Sender::ExitOther => shut(SkipCode::DenyNotExitOwner, "not an owner or delegate"),
        Sender::ExitNoSource | Sender::ExitUnreadable => {
            shut(SkipCode::DenyNotExitOwner, "no readable source")
        }
        Sender::EntryOwner | Sender::EntryDelegate => shut(
            SkipCode::IntentAmbiguous,
            "entry by the owner or a delegate",
        ),
        Sender::EntryUnreadable => shut(SkipCode::IntentAmbiguous, "might be the owner"),
        Sender::EntryOther | Sender::EntryNoSource => None,
    }
}

fn halt(case: &Case) -> Option<Answer> {
    let shut = |evidence| skip(Gate::Halt, SkipCode::TradingHalted, evidence);
    match case.halted {
        Halted::Nothing | Halted::OtherSymbol => None,
        Halted::ThisSymbol => shut("this symbol"),
        Halted::Everything => shut("all symbols"),
    }
}

fn policy(case: &Case) -> Option<Answer> {
    let shut = |reason| skip(Gate::Policy, reason, "");
    let beyond = |evidence| skip(Gate::Policy, SkipCode::PolicyConstraintViolation, evidence);
    match case.policy_input {
        PolicyInput::NotFound | PolicyInput::HashUnknown => shut(SkipCode::PolicyMissing),
        PolicyInput::MissingField => shut(SkipCode::PolicyMissingField),
        PolicyInput::ParseError => shut(SkipCode::PolicyParseError),
        PolicyInput::Invalid => shut(SkipCode::PolicyInvalid),
        PolicyInput::HashMismatch => shut(SkipCode::PolicyHashMismatch),
        PolicyInput::SignatureInvalid => shut(SkipCode::PolicySignatureInvalid),
        PolicyInput::RolledBack => shut(SkipCode::PolicyRolledBack),
        PolicyInput::StoreUnavailable => shut(SkipCode::PolicyStoreUnavailable),
        PolicyInput::TooLong => beyond("validity"),
        PolicyInput::OtherMarket => beyond("market"),
        PolicyInput::OtherVenue => beyond("venue"),
        PolicyInput::NoHash => beyond("hash"),
        PolicyInput::BadMetadata => beyond("metadata"),
        PolicyInput::Permitted | PolicyInput::Unguarded => None,
    }
}

fn in_force(case: &Case) -> Option<Answer> {
    match case.when {
        DecisionTime::TooEarly => skip(Gate::InForce, SkipCode::PolicyNotYetValid, ""),
        DecisionTime::First | DecisionTime::Within | DecisionTime::Last => None,
        DecisionTime::TooLate => skip(Gate::InForce, SkipCode::PolicyStale, ""),
    }
}

fn freshness(case: &Case) -> Option<Answer> {
    let shut = |reason, evidence| skip(Gate::Freshness, reason, evidence);
    match case.age {
        Age::Unbounded
        | Age::UnboundedUnknown
        | Age::Young
        | Age::AtBound
        | Age::AheadUnbounded
        | Age::AheadAtBound => None,
        Age::OldForPolicy => shut(SkipCode::IntentStale, "the policy's bound"),
        Age::OldForOperator => shut(SkipCode::IntentStale, "the guardrails' bound"),
        Age::Unknown => shut(SkipCode::IntentStale, "unknown"),
        Age::AheadBeyond => shut(SkipCode::ClockUntrusted, "ahead"),
        Age::LeadUnknown => shut(SkipCode::ClockUntrusted, "unknown"),
    }
}

fn universe(case: &Case) -> Option<Answer> {
    let shut = |evidence| skip(Gate::Universe, SkipCode::PolicyUniverseFilter, evidence);
    match case.listed {
        Listing::Listed | Listing::ListedPermitted => None,
        Listing::NotListed => shut("the policy's universe"),
        Listing::NotPermitted => shut("the permitted symbols"),
    }
}

fn leverage(case: &Case) -> Option<Answer> {
    let shut = |evidence| skip(Gate::Leverage, SkipCode::PolicyMissingLeverage, evidence);
    match case.requested {
        RequestedLeverage::NothingGiven => shut("absent in the policy"),
        RequestedLeverage::Unusable => shut("unusable in the intent"),
        RequestedLeverage::Nothing
        | RequestedLeverage::Less
        | RequestedLeverage::Equal
        | RequestedLeverage::More => None,
    }
}

fn size(case: &Case) -> Option<Answer> {
    let shut = |evidence| skip(Gate::Size, SkipCode::PolicyMissingSize, evidence);
    match case.size_input {
        SizeInput::Missing => shut("absent"),
        SizeInput::Unusable => shut("not a number"),
        SizeInput::NoPrice => shut("no price"),
        SizeInput::Margin if case.requested == RequestedLeverage::Nothing => shut("no leverage"),
        SizeInput::Notional | SizeInput::Margin | SizeInput::Product => None,
    }
}

fn limits(case: &Case) -> Option<Answer> {
    let shut = |evidence| skip(Gate::Limits, SkipCode::PolicyLimitExceeded, evidence);
    match case.limited {
        Limited::Unlimited | Limited::Within | Limited::AtBound => None,
        Limited::LeveragePolicy => shut("leverage above policy:limits.max_leverage"),
        Limited::LeverageOperator => shut("leverage above guardrails:max_leverage"),
        Limited::MarginPolicy => shut("margin above policy:limits.max_position_usd"),
        Limited::MarginOperator => shut("margin above guardrails:max_position_usd"),
        Limited::NotionalPolicy => shut("notional above policy:limits.max_notional_usd"),
        Limited::NotionalOperator => shut("notional above guardrails:max_notional_usd"),
        Limited::Overflow if case.size_input == SizeInput::Margin => {
            shut("notional not finite or 0")
        }
        Limited::Overflow => shut("margin not finite or 0"),
    }
}

/// Returns the applied leverage and its source. The leverage of the policy is 8, and an intent can
/// only lower it.
pub(crate) const fn applied_leverage(requested: RequestedLeverage) -> (f64, &'static str) {
    match requested {
        RequestedLeverage::Less => (5.0, "intent:leverage"),
        RequestedLeverage::NothingGiven
        | RequestedLeverage::Unusable
        | RequestedLeverage::Nothing
        | RequestedLeverage::Equal
        | RequestedLeverage::More => (8.0, "policy:leverage_by_symbol.BTCUSDT"),
    }
}

/// Returns notional and margin. Sizes stated as notional are 400 USD, sizes stated as margin are 50 USD.
pub(crate) const fn amounts(requested: RequestedLeverage, size_input: SizeInput) -> (f64, f64) {
    let (leverage, _) = applied_leverage(requested);
    match size_input {
        SizeInput::Margin => (50.0 * leverage, 50.0),
        SizeInput::Missing
        | SizeInput::Unusable
        | SizeInput::NoPrice
        | SizeInput::Notional
        | SizeInput::Product => (400.0, 400.0 / leverage),
    }
}

fn trade(case: &Case) -> Answer {
    let (leverage, leverage_source) = applied_leverage(case.requested);
    let (notional, margin) = amounts(case.requested, case.size_input);
    Answer::Trade {
        leverage,
        leverage_source,
        leverage_requested: match case.requested {
            RequestedLeverage::NothingGiven
            | RequestedLeverage::Unusable
            | RequestedLeverage::Nothing => None,
            RequestedLeverage::Less => Some(5.0),
            RequestedLeverage::Equal => Some(8.0),
            RequestedLeverage::More => Some(10.0),
        },
        notional,
        margin,
        size_source: match case.size_input {
            SizeInput::Missing | SizeInput::Unusable | SizeInput::NoPrice => "",
            SizeInput::Notional => "intent:position_size_usd",
            SizeInput::Margin => "intent:position_usd",
            SizeInput::Product => "intent:quantity*price",
        },
    }
}
