//! The answers of the engine, in the form of the table.

use portcullis::{
    decide::{Decision, SkipReason},
    exit::ExitRule,
    guardrails::ConstraintViolation,
    intent::SizeError,
    provenance::Source,
};

use super::expectation::Answer;

/// Converts a decision of the engine to the answer in the table.
pub(crate) fn observed(decision: &Decision<'_>) -> Answer {
    match decision {
        Decision::Exit(permit) => Answer::Exit {
            rule: match permit.rule() {
                ExitRule::Owner => "owner",
                ExitRule::Delegate => "delegate",
            },
        },
        Decision::Skip(skip) => Answer::Skip {
            gate: skip.gate(),
            reason: skip.reason(),
            evidence: evidence(skip.evidence()),
        },
        Decision::Trade(trade) => Answer::Trade {
            leverage: trade.leverage().value().get(),
            leverage_source: source(trade.leverage().source()),
            leverage_requested: trade
                .leverage_requested()
                .map(|requested| requested.value().get()),
            notional: trade.notional().value().get(),
            margin: trade.margin().value().get(),
            size_source: source(trade.size().source()),
        },
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::PolicyLeverage(symbol) if symbol.as_str() == "BTCUSDT" => {
            "policy:leverage_by_symbol.BTCUSDT"
        }
        Source::Intent("leverage") => "intent:leverage",
        Source::Intent("position_size_usd") => "intent:position_size_usd",
        Source::Intent("position_usd") => "intent:position_usd",
        Source::Intent("quantity*price") => "intent:quantity*price",
        Source::PolicyLeverage(_)
        | Source::Policy(_)
        | Source::Intent(_)
        | Source::Position(_)
        | Source::Market(_)
        | Source::Guardrails(_)
        | Source::Derived(_) => panic!("unexpected source of a trade: {source}"),
    }
}

/// The evidence of exceeded limits.
const LIMITS: [&str; 8] = [
    "margin not finite or 0",
    "notional not finite or 0",
    "leverage above policy:limits.max_leverage",
    "leverage above guardrails:max_leverage",
    "margin above policy:limits.max_position_usd",
    "margin above guardrails:max_position_usd",
    "notional above policy:limits.max_notional_usd",
    "notional above guardrails:max_notional_usd",
];

fn evidence(denial: &SkipReason<'_>) -> &'static str {
    match denial {
        SkipReason::InvalidIntent(_)
        | SkipReason::UnsupportedFields(_)
        | SkipReason::EffectUnclear(_)
        | SkipReason::PolicyUnavailable(_)
        | SkipReason::NotInForce(_) => "",
        SkipReason::SourceUnreadable => "might be the owner",
        SkipReason::ExitOwnerOpens { .. } => "entry by the owner or a delegate",
        SkipReason::NotExitOwner(denied) => match denied.source_name {
            Some(_) => "not an owner or delegate",
            None => "no readable source",
        },
        SkipReason::Halted {
            everything: true, ..
        } => "all symbols",
        SkipReason::Halted { .. } => "this symbol",
        SkipReason::PolicyNotPermitted(constraint) => match constraint {
            ConstraintViolation::Validity { .. } => "validity",
            ConstraintViolation::Market { .. } => "market",
            ConstraintViolation::Venue { .. } => "venue",
            ConstraintViolation::NoHash => "hash",
            ConstraintViolation::MetadataNotOk { .. } => "metadata",
            ConstraintViolation::Symbol(_) | ConstraintViolation::Leverage { .. } => {
                panic!("no gate checks the whole universe")
            }
        },
        SkipReason::IntentStale { age: None, .. }
        | SkipReason::ClockUntrusted { lead: None, .. } => "unknown",
        SkipReason::IntentStale { age_max, .. } => match age_max.source().to_string().as_str() {
            "policy:limits.max_intent_age_sec" => "the policy's bound",
            "guardrails:max_intent_age_sec" => "the guardrails' bound",
            other => panic!("unexpected source of an age bound: {other}"),
        },
        SkipReason::ClockUntrusted { .. } => "ahead",
        SkipReason::NotInUniverse { .. } => "the policy's universe",
        SkipReason::NotPermitted { .. } => "the permitted symbols",
        SkipReason::NoLeverage { .. } => "absent in the policy",
        SkipReason::LeverageUnusable(_) => "unusable in the intent",
        SkipReason::NoSize => "absent",
        SkipReason::SizeUnusable(fault) => match fault {
            SizeError::BadValue(_) => "not a number",
            SizeError::NoPrice(_) => "no price",
            SizeError::NoLeverage(_) => "no leverage",
            SizeError::BadProduct(_) => "product not usable",
        },
        SkipReason::LimitExceeded { number, limit, .. } => {
            let text = match limit {
                Some(limit) => format!("{number} above {}", limit.source()),
                None => format!("{number} not finite or 0"),
            };
            let known = LIMITS.into_iter().find(|known| *known == text);
            known.unwrap_or_else(|| panic!("unexpected limit: {text}"))
        }
    }
}
