//! The smallest change that would have opened a gate, read off the evidence.

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
            format!("`{source}` says `reduce_only: true`, or another source sends the entry")
        }
        Denial::NotExitOwner(denied) => format!(
            "let `{}` send the exit, or list its source as a delegate",
            denied.owner
        ),
        Denial::Halted {
            everything: true, ..
        } => "the operator lifts the halt".to_owned(),
        Denial::Halted { symbol, .. } => format!("the operator lifts the halt of {symbol}"),
        Denial::PolicyAbsent(absence) => absence_remedy(absence),
        Denial::PolicyNotPermitted(constraint) => constraint_remedy(constraint),
        Denial::NotInForce(NotInForce::NotYetValid { valid_from, now }) => format!(
            "ask {} later, at {valid_from}, or publish a policy that begins by {now}",
            valid_from.since(*now)
        ),
        Denial::NotInForce(NotInForce::Stale { valid_until, now }) => format!(
            "publish a policy with `valid_until_epoch` {} later, at {now} or after",
            now.since(*valid_until)
        ),
        Denial::IntentStale { age: Some(age), age_max } => format!(
            "deliver the intent within {} of its being sent, not {age} ({})",
            age_max.value(),
            age_max.source()
        ),
        Denial::ClockUntrusted { lead: Some(lead), lead_max } => format!(
            "bring the clocks within {} of each other, not {lead} ({})",
            lead_max.value(),
            lead_max.source()
        ),
        Denial::IntentStale { age: None, .. } | Denial::ClockUntrusted { lead: None, .. } => {
            "the intent says when it was sent (`ts` or `timestamp`)".to_owned()
        }
        Denial::NotInUniverse { symbol } => format!("the policy lists {symbol} in `universe_symbols`"),
        Denial::NotPermitted { symbol } => format!("the operator adds {symbol} to `permitted_symbols`"),
        Denial::NoLeverage { symbol } => {
            format!("the policy gives {symbol} an entry in `leverage_by_symbol`")
        }
        Denial::LeverageUnusable(_) => {
            "the intent asks for a finite leverage greater than 0, or for none".to_owned()
        }
        Denial::NoSize => "the intent gives a size: `quantity` and `price`, `position_usd` and `leverage`, `size`, or `position_size_usd`".to_owned(),
        Denial::SizeUnusable(fault) => size_remedy(*fault),
        Denial::LimitExceeded { number, limit: Some(limit), .. } => format!(
            "a {} of at most {} ({})",
            number.name(),
            limit.value(),
            limit.source()
        ),
        Denial::LimitExceeded { number, limit: None, .. } => {
            format!("a size whose {} is finite and greater than 0", number.name())
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
        IntentFault::Missing { field } => format!("the intent holds `{field}`"),
        IntentFault::BadValue { field, expected } => format!("`{field}` is {expected}"),
        IntentFault::Twice { field } => format!("`{field}` stands once"),
        IntentFault::Contradiction { first, second } => {
            format!("`{first}` and `{second}` say the same, or one of them is left out")
        }
        IntentFault::BesidePayload { field } => {
            format!("`{field}` stands in the payload alone")
        }
        IntentFault::InsidePayload { field } => {
            format!("the payload goes without `{field}`")
        }
        IntentFault::StopOnWrongSide { entry_price, .. } => {
            format!("the stop lies on the losing side of {entry_price}")
        }
        IntentFault::Hold => "the intent says BUY, SELL or CLOSE".to_owned(),
    }
}

fn absence_remedy(absence: &PolicyAbsence) -> String {
    match absence {
        PolicyAbsence::NotFound => "publish a policy".to_owned(),
        PolicyAbsence::HashUnknown(hash) => format!("keep the policy of hash {hash} on the tape"),
        PolicyAbsence::Refused(refusal) => {
            let count = refusal.violations().len();
            let all = if count == 1 { "it" } else { "all of them" };
            format!(
                "publish a policy without its {count} violations ({all} listed by `policy check`)"
            )
        }
        PolicyAbsence::SignatureInvalid => "sign the policy with a trusted key".to_owned(),
        PolicyAbsence::RolledBack { seen, .. } => {
            format!("publish a policy with a `policy_seq` above {seen}")
        }
        PolicyAbsence::StoreUnavailable => "bring the store back".to_owned(),
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
        SizeFault::BadValue(field) => format!("`{field}` is a finite number greater than 0"),
        SizeFault::NoPrice(field) => format!("`price` or `entry_price` stands beside `{field}`"),
        SizeFault::NoLeverage(field) => format!("`leverage` stands beside `{field}`"),
        SizeFault::BadProduct(product) => format!("`{product}` is finite and greater than 0"),
    }
}
