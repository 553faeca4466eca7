//! The expected answer to each case, written from the specification without using the engine.

use super::states::{Age, Asked, Asker, Case, Halted, Held, Limited, Listing, Said, Sized, When};
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
        /// The cause, if the reason has several.
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

/// The expectation of one gate: `None` if the case passes.
pub(crate) type Replayer = fn(&Case) -> Option<Answer>;

/// The gates in order. The first one that returns an answer decides.
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
    for judge in gates {
        if let Some(answer) = judge(case) {
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
    match case.said {
        Said::Unreadable => shut(SkipCode::IntentUnreadable),
        Said::Invalid => shut(SkipCode::IntentInvalid),
        Said::Ambiguous => shut(SkipCode::IntentAmbiguous),
        Said::Hold => shut(SkipCode::IntentNotActionable),
        Said::OneThing => None,
    }
}

fn exit_ownership(case: &Case) -> Option<Answer> {
    let shut = |reason, evidence| skip(Gate::ExitOwnership, reason, evidence);
    match case.asker {
        Asker::ExitOwner => Some(Answer::Exit { rule: "owner" }),
        Asker::ExitDelegate => Some(Answer::Exit { rule: "delegate" }),
        Asker::ExitOther => shut(SkipCode::DenyNotExitOwner, "not an owner or delegate"),
        Asker::ExitNobody | Asker::ExitUnreadable => {
            shut(SkipCode::DenyNotExitOwner, "no readable source")
        }
        Asker::EntryOwner | Asker::EntryDelegate => {
            shut(SkipCode::IntentAmbiguous, "entry by an owner")
        }
        Asker::EntryUnreadable => shut(SkipCode::IntentAmbiguous, "might be an owner"),
        Asker::EntryOther | Asker::EntryNobody => None,
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
    match case.held {
        Held::NotFound | Held::HashUnknown => shut(SkipCode::PolicyMissing),
        Held::MissingField => shut(SkipCode::PolicyMissingField),
        Held::ParseError => shut(SkipCode::PolicyParseError),
        Held::Invalid => shut(SkipCode::PolicyInvalid),
        Held::HashMismatch => shut(SkipCode::PolicyHashMismatch),
        Held::SignatureInvalid => shut(SkipCode::PolicySignatureInvalid),
        Held::RolledBack => shut(SkipCode::PolicyRolledBack),
        Held::StoreUnavailable => shut(SkipCode::PolicyStoreUnavailable),
        Held::TooLong => beyond("validity"),
        Held::OtherMarket => beyond("market"),
        Held::OtherVenue => beyond("venue"),
        Held::NoHash => beyond("hash"),
        Held::Permitted | Held::Unguarded => None,
    }
}

fn in_force(case: &Case) -> Option<Answer> {
    match case.when {
        When::TooEarly => skip(Gate::InForce, SkipCode::PolicyNotYetValid, ""),
        When::First | When::Within | When::Last => None,
        When::TooLate => skip(Gate::InForce, SkipCode::PolicyStale, ""),
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
    match case.asked {
        Asked::NothingGiven => shut("absent in the policy"),
        Asked::Unusable => shut("unusable in the intent"),
        Asked::Nothing | Asked::Less | Asked::Equal | Asked::More => None,
    }
}

fn size(case: &Case) -> Option<Answer> {
    let shut = |evidence| skip(Gate::Size, SkipCode::PolicyMissingSize, evidence);
    match case.sized {
        Sized::Missing => shut("absent"),
        Sized::Unusable => shut("not a number"),
        Sized::NoPrice => shut("no price"),
        Sized::Margin if case.asked == Asked::Nothing => shut("no leverage"),
        Sized::Notional | Sized::Margin | Sized::Product => None,
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
        Limited::Overflow if case.sized == Sized::Margin => shut("notional not finite or 0"),
        Limited::Overflow => shut("margin not finite or 0"),
    }
}

/// Returns the applied leverage and its source. The policy's is 8, and an intent can only lower it.
pub(crate) const fn applied_leverage(asked: Asked) -> (f64, &'static str) {
    match asked {
        Asked::Less => (5.0, "intent:leverage"),
        Asked::NothingGiven | Asked::Unusable | Asked::Nothing | Asked::Equal | Asked::More => {
            (8.0, "policy:leverage_by_symbol.BTCUSDT")
        }
    }
}

/// Returns notional and margin. Sizes stated as notional are 400 USD, sizes stated as margin are 50 USD.
pub(crate) const fn amounts(asked: Asked, sized: Sized) -> (f64, f64) {
    let (leverage, _) = applied_leverage(asked);
    match sized {
        Sized::Margin => (50.0 * leverage, 50.0),
        Sized::Missing | Sized::Unusable | Sized::NoPrice | Sized::Notional | Sized::Product => {
            (400.0, 400.0 / leverage)
        }
    }
}

fn trade(case: &Case) -> Answer {
    let (leverage, leverage_source) = applied_leverage(case.asked);
    let (notional, margin) = amounts(case.asked, case.sized);
    Answer::Trade {
        leverage,
        leverage_source,
        leverage_requested: match case.asked {
            Asked::NothingGiven | Asked::Unusable | Asked::Nothing => None,
            Asked::Less => Some(5.0),
            Asked::Equal => Some(8.0),
            Asked::More => Some(10.0),
        },
        notional,
        margin,
        size_source: match case.sized {
            Sized::Missing | Sized::Unusable | Sized::NoPrice => "",
            Sized::Notional => "intent:position_size_usd",
            Sized::Margin => "intent:position_usd",
            Sized::Product => "intent:quantity*price",
        },
    }
}
