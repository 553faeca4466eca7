//! The smallest change with which a failed gate would have passed, derived from the evidence.

use crate::{
    decide::SkipReason,
    guardrails::ConstraintViolation,
    intent::{IntentError, SizeError},
    policy::{PolicyUnavailable, ValidityError},
    types::{Shown, Side},
};

pub(super) fn of(denial: &SkipReason<'_>) -> String {
    match denial {
        SkipReason::InvalidIntent(fault) => fault_remedy(fault),
        SkipReason::SourceUnreadable => "write `source` as text, or leave it out".to_owned(),
        SkipReason::ExitOwnerOpens { source } => {
            let source = Shown(source);
            format!("set `reduce_only: true` if `{source}` sends an exit, or send the entry from another source")
        }
        SkipReason::NotExitOwner(denied) => format!(
            "send the exit from `{}`, or list its source as a delegate",
            denied.owner
        ),
        SkipReason::Halted {
            everything: true, ..
        } => "lift the halt of all symbols".to_owned(),
        SkipReason::Halted { symbol, .. } => format!("lift the halt of {symbol}"),
        SkipReason::PolicyUnavailable(unavailable) => unavailable_remedy(unavailable),
        SkipReason::PolicyNotPermitted(violation) => constraint_remedy(violation),
        SkipReason::NotInForce(ValidityError::NotYetValid { valid_from, now }) => format!(
            "wait {}, until {valid_from}, or publish a policy whose `valid_from_epoch` is not after {now}",
            valid_from.since(*now)
        ),
        SkipReason::NotInForce(ValidityError::Expired { valid_until, now }) => format!(
            "publish a policy whose `valid_until_epoch` is {now} or later, which is at least {} more",
            now.since(*valid_until)
        ),
        SkipReason::IntentStale { age: Some(age), age_max } => format!(
            "deliver the intent within {} after it is sent ({}); this one took {age}",
            age_max.value(),
            age_max.source()
        ),
        SkipReason::ClockUntrusted { lead: Some(lead), lead_max } => format!(
            "synchronize the clocks, which may differ by at most {} ({}); they differ by {lead}",
            lead_max.value(),
            lead_max.source()
        ),
        SkipReason::IntentStale { age: None, .. } | SkipReason::ClockUntrusted { lead: None, .. } => {
            "add the time at which the intent was sent (`ts` or `timestamp`)".to_owned()
        }
        SkipReason::NotInUniverse { symbol } => format!("list {symbol} in the policy's `universe_symbols`"),
        SkipReason::NotPermitted { symbol } => format!("add {symbol} to `permitted_symbols` of the guardrails"),
        SkipReason::NoLeverage { symbol } => {
            format!("add {symbol} to the policy's `leverage_by_symbol`")
        }
        SkipReason::LeverageUnusable(_) => {
            "request a finite leverage greater than 0, or leave `leverage` out".to_owned()
        }
        SkipReason::NoSize => "add a size to the intent: `quantity` and `price`, `position_usd` and `leverage`, `size`, or `position_size_usd`".to_owned(),
        SkipReason::SizeUnusable(fault) => size_remedy(*fault),
        SkipReason::LimitExceeded { number, limit: Some(limit), .. } => format!(
            "reduce the {} to at most {} ({})",
            number,
            limit.value(),
            limit.source()
        ),
        SkipReason::LimitExceeded { number, limit: None, .. } => {
            format!("choose a size whose {} is finite and greater than 0", number)
        }
    }
}

fn fault_remedy(fault: &IntentError) -> String {
    match fault {
        IntentError::NotAnObject(_) | IntentError::NotUtf8 { .. } => {
            "write the record as one JSON object in UTF-8 on a line of its own".to_owned()
        }
        IntentError::PayloadNotAnObject { field, .. } => {
            format!("write `{field}` as a JSON object, or as text that holds one")
        }
        IntentError::TooLong { bytes_max, .. } => {
            format!("keep the record within {bytes_max} bytes")
        }
        IntentError::UnknownEvent { .. } => {
            "set `event_type` to `trade.intent`, or leave it out".to_owned()
        }
        IntentError::Missing { field } => format!("add `{field}` to the intent"),
        IntentError::BadValue { field, expected } => format!("write `{field}` as {expected}"),
        IntentError::DuplicateKey { field } => format!("write `{field}` only once"),
        IntentError::Contradiction {
            first: first @ "payload",
            second,
        } => {
            format!("leave out `{first}` or `{second}`")
        }
        IntentError::Contradiction { first, second } => {
            format!("make `{first}` and `{second}` agree, or leave one of them out")
        }
        IntentError::BesidePayload { field } => {
            format!("write `{field}` only inside the payload")
        }
        IntentError::InsidePayload { field } => {
            format!("remove `{field}` from the payload")
        }
        IntentError::StopOnWrongSide {
            side: Side::Buy,
            entry_price,
            ..
        } => {
            format!("set `stop_loss` below the entry price {entry_price}")
        }
        IntentError::StopOnWrongSide {
            side: Side::Sell,
            entry_price,
            ..
        } => {
            format!("set `stop_loss` above the entry price {entry_price}")
        }
        IntentError::Hold => "write BUY, SELL or CLOSE as the action".to_owned(),
    }
}

fn unavailable_remedy(unavailable: &PolicyUnavailable) -> String {
    match unavailable {
        PolicyUnavailable::NotFound => "publish a policy".to_owned(),
        PolicyUnavailable::HashUnknown(hash) => {
            format!("add the policy with hash {hash} to the tape")
        }
        PolicyUnavailable::Invalid(refusal) => match refusal.violations().len() {
            1 => "fix the violation of the policy (listed by `policy check`)".to_owned(),
            count => format!("fix the {count} violations of the policy (listed by `policy check`)"),
        },
        PolicyUnavailable::SignatureInvalid => "sign the policy with a trusted key".to_owned(),
        PolicyUnavailable::RolledBack { seen, .. } => {
            format!("publish a policy with a `policy_seq` above {seen}")
        }
        PolicyUnavailable::StoreUnavailable => "make the store reachable again".to_owned(),
    }
}

fn constraint_remedy(violation: &ConstraintViolation<&str>) -> String {
    match violation {
        ConstraintViolation::Validity { validity_max, .. } => {
            format!("publish a policy that is valid for at most {validity_max}")
        }
        ConstraintViolation::Market { required, .. } => {
            format!("publish a policy whose `market` is `{required}`")
        }
        ConstraintViolation::Venue { required, .. } => {
            format!("publish a policy whose `venue` is `{required}`")
        }
        ConstraintViolation::NoHash => "publish a policy with its `policy_hash`".to_owned(),
        ConstraintViolation::Symbol(symbol) => {
            format!("publish a policy without {symbol}, or permit it in the guardrails")
        }
        ConstraintViolation::Leverage {
            symbol,
            leverage_max,
            ..
        } => format!("publish a policy with a leverage of at most {leverage_max} for {symbol}"),
    }
}

fn size_remedy(fault: SizeError) -> String {
    match fault {
        SizeError::BadValue(field) => format!("write `{field}` as a finite number greater than 0"),
        SizeError::NoPrice(field) => format!("add `price` or `entry_price` next to `{field}`"),
        SizeError::NoLeverage(field) => format!("add `leverage` next to `{field}`"),
        SizeError::BadProduct(product) => {
            format!("choose values for which `{product}` is finite and greater than 0")
        }
    }
}
