//! The smallest change with which a failed gate would have passed, derived from the evidence.

use crate::{
    decide::{Constraint, Denial},
    domain::Shown,
    intent::{IntentFault, SizeFault},
    policy::{NotInForce, PolicyAbsence},
};

pub(super) fn of(denial: &Denial<'_>) -> String {
    match denial {
        Denial::Unread(fault) => fault_remedy(fault),
        Denial::SourceUnreadable => "write `source` as text, or leave it out".to_owned(),
        Denial::ExitOwnerOpens { source } => {
            let source = Shown(source);
            format!("set `reduce_only: true` if `{source}` sends an exit, or send the entry from another source")
        }
        Denial::NotExitOwner(denied) => format!(
            "send the exit from `{}`, or list its source as a delegate",
            denied.owner
        ),
        Denial::Halted {
            everything: true, ..
        } => "lift the halt of all symbols".to_owned(),
        Denial::Halted { symbol, .. } => format!("lift the halt of {symbol}"),
        Denial::PolicyAbsent(absence) => absence_remedy(absence),
        Denial::PolicyNotPermitted(constraint) => constraint_remedy(constraint),
        Denial::NotInForce(NotInForce::NotYetValid { valid_from, now }) => format!(
            "wait {}, until {valid_from}, or publish a policy whose `valid_from_epoch` is not after {now}",
            valid_from.since(*now)
        ),
        Denial::NotInForce(NotInForce::Stale { valid_until, now }) => format!(
            "publish a policy whose `valid_until_epoch` is at least {} later, not before {now}",
            now.since(*valid_until)
        ),
        Denial::IntentStale { age: Some(age), age_max } => format!(
            "deliver the intent within {} after it is sent, not after {age} ({})",
            age_max.value(),
            age_max.source()
        ),
        Denial::ClockUntrusted { lead: Some(lead), lead_max } => format!(
            "synchronize the clocks to within {}, not {lead} ({})",
            lead_max.value(),
            lead_max.source()
        ),
        Denial::IntentStale { age: None, .. } | Denial::ClockUntrusted { lead: None, .. } => {
            "add the time at which the intent was sent (`ts` or `timestamp`)".to_owned()
        }
        Denial::NotInUniverse { symbol } => format!("list {symbol} in the policy's `universe_symbols`"),
        Denial::NotPermitted { symbol } => format!("add {symbol} to `permitted_symbols` of the guardrails"),
        Denial::NoLeverage { symbol } => {
            format!("add {symbol} to the policy's `leverage_by_symbol`")
        }
        Denial::LeverageUnusable(_) => {
            "request a finite leverage greater than 0, or leave `leverage` out".to_owned()
        }
        Denial::NoSize => "add a size to the intent: `quantity` and `price`, `position_usd` and `leverage`, `size`, or `position_size_usd`".to_owned(),
        Denial::SizeUnusable(fault) => size_remedy(*fault),
        Denial::LimitExceeded { number, limit: Some(limit), .. } => format!(
            "reduce the {} to at most {} ({})",
            number.name(),
            limit.value(),
            limit.source()
        ),
        Denial::LimitExceeded { number, limit: None, .. } => {
            format!("choose a size whose {} is finite and greater than 0", number.name())
        }
    }
}

fn fault_remedy(fault: &IntentFault) -> String {
    match fault {
        IntentFault::NotAnObject(_) | IntentFault::NotUtf8 { .. } => {
            "write the record as one JSON object in UTF-8 on a line of its own".to_owned()
        }
        IntentFault::PayloadNotAnObject { field, .. } => {
            format!("write `{field}` as a JSON object, or as text that holds one")
        }
        IntentFault::TooLong { bytes_max, .. } => {
            format!("keep the record within {bytes_max} bytes")
        }
        IntentFault::UnknownEvent { .. } => {
            "name the record `trade.intent`, or leave `event_type` out".to_owned()
        }
        IntentFault::Missing { field } => format!("add `{field}` to the intent"),
        IntentFault::BadValue { field, expected } => format!("write `{field}` as {expected}"),
        IntentFault::Twice { field } => format!("write `{field}` only once"),
        IntentFault::Contradiction { first, second } => {
            format!("make `{first}` and `{second}` agree, or leave one of them out")
        }
        IntentFault::BesidePayload { field } => {
            format!("write `{field}` only inside the payload")
        }
        IntentFault::InsidePayload { field } => {
            format!("remove `{field}` from the payload")
        }
        IntentFault::StopOnWrongSide { entry_price, .. } => {
            format!("move the stop to the losing side of {entry_price}")
        }
        IntentFault::Hold => "write BUY, SELL or CLOSE as the action".to_owned(),
    }
}

fn absence_remedy(absence: &PolicyAbsence) -> String {
    match absence {
        PolicyAbsence::NotFound => "publish a policy".to_owned(),
        PolicyAbsence::HashUnknown(hash) => format!("add the policy with hash {hash} to the tape"),
        PolicyAbsence::Refused(refusal) => {
            let count = refusal.violations().len();
            let all = if count == 1 { "it is" } else { "they are" };
            format!("fix the {count} violations of the policy ({all} listed by `policy check`)")
        }
        PolicyAbsence::SignatureInvalid => "sign the policy with a trusted key".to_owned(),
        PolicyAbsence::RolledBack { seen, .. } => {
            format!("publish a policy with a `policy_seq` above {seen}")
        }
        PolicyAbsence::StoreUnavailable => "make the store reachable again".to_owned(),
    }
}

fn constraint_remedy(constraint: &Constraint<'_>) -> String {
    match constraint {
        Constraint::Validity { validity_max, .. } => {
            format!("publish a policy that is valid for at most {validity_max}")
        }
        Constraint::Market { required, .. } => {
            format!("publish a policy whose `market` is `{required}`")
        }
        Constraint::Venue { required, .. } => {
            format!("publish a policy whose `venue` is `{required}`")
        }
        Constraint::NoHash => "publish a policy with its `policy_hash`".to_owned(),
    }
}

fn size_remedy(fault: SizeFault) -> String {
    match fault {
        SizeFault::BadValue(field) => format!("write `{field}` as a finite number greater than 0"),
        SizeFault::NoPrice(field) => format!("add `price` or `entry_price` next to `{field}`"),
        SizeFault::NoLeverage(field) => format!("add `leverage` next to `{field}`"),
        SizeFault::BadProduct(product) => {
            format!("choose values for which `{product}` is finite and greater than 0")
        }
    }
}
