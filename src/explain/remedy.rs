//! The smallest change with which a failed gate would have passed, derived from the evidence.

use crate::{
    decide::{LimitedNumber, SkipReason},
    guardrails::ConstraintViolation,
    intent::{IntentError, SizeError, SizeField},
    policy::{PolicyUnavailable, ValidityError},
    provenance::Sourced,
    types::{Shown, Side},
};

/// The remedy for an intent without a time of sending.
const ADD_TIME: &str = "add the time of sending to the intent, as `ts` or `timestamp`";

pub(super) fn of(denial: &SkipReason<'_>) -> String {
    match denial {
        SkipReason::InvalidIntent(fault) => fault_remedy(fault),
        SkipReason::UnsupportedFields(fields) => {
            if fields.can_be_ignored() {
                format!(
                    "remove {fields}; or if they are only inputs of a model, add their names to the guardrail `ignore_fields`"
                )
            } else {
                format!("remove {fields}")
            }
        }
        SkipReason::EffectUnclear(conflict) => format!(
            "leave out `{}` to close the position, or `{}` to open one",
            conflict.first, conflict.second
        ),
        SkipReason::SourceUnreadable => "set `source` to a string, or leave it out".to_owned(),
        SkipReason::ExitOwnerOpens { .. } => "if an exit was intended, set `reduce_only` to true; if an entry was intended, send it from a service that is neither the exit owner nor a delegate".to_owned(),
        SkipReason::NotExitOwner(denied) => match denied.source_name.map(Shown) {
            Some(source) => format!(
                "send the exit from the exit owner `{}`, or ask the operator to add `{source}` to the delegates",
                denied.owner
            ),
            None => format!(
                "send the exit from the exit owner `{}` or a delegate, and put the name of that service into `source`",
                denied.owner
            ),
        },
        SkipReason::Halted {
            everything: true, ..
        } => "end the halt of all symbols: run `portcullis resume --all`, or change `halt` in the guardrails".to_owned(),
        SkipReason::Halted { symbol, .. } => format!("end the halt of {symbol}: run `portcullis resume {symbol}`, or change `halt` in the guardrails"),
        SkipReason::PolicyUnavailable(unavailable) => unavailable_remedy(unavailable),
        SkipReason::PolicyNotPermitted(violation) => constraint_remedy(violation),
        SkipReason::NotInForce(ValidityError::NotYetValid { valid_from, now }) => format!(
            "wait {}, until {valid_from}, or publish a policy whose `valid_from_epoch` is {now} or earlier",
            valid_from.since(*now)
        ),
        SkipReason::NotInForce(ValidityError::Expired { valid_until, now }) => format!(
            "publish a policy whose `valid_until_epoch` is {now} or later (at least {} after the expiry of this policy)",
            now.since(*valid_until)
        ),
        SkipReason::IntentStale { age: Some(age), age_max } => format!(
            "deliver the intent within {} of its timestamp ({}); this one took {age}",
            age_max.value(),
            age_max.source()
        ),
        SkipReason::ClockUntrusted { lead: Some(lead), lead_max } => format!(
            "synchronize the clocks of the sender and of this machine: a timestamp may be at most {} ahead ({}), and this one is {lead} ahead",
            lead_max.value(),
            lead_max.source()
        ),
        SkipReason::IntentStale { age: None, .. } | SkipReason::ClockUntrusted { lead: None, .. } => {
            ADD_TIME.to_owned()
        }
        SkipReason::NotInUniverse { symbol } => format!("add {symbol} to the policy's `universe_symbols`"),
        SkipReason::NotPermitted { symbol } => format!("add {symbol} to `permitted_symbols` of the guardrails"),
        SkipReason::NoLeverage { symbol } => {
            format!("add {symbol} to the policy's `leverage_by_symbol`")
        }
        SkipReason::LeverageUnusable(_) => {
            "set `leverage` of the intent to a finite number greater than 0, or leave it out".to_owned()
        }
        SkipReason::NoSize => "add a size to the intent: `quantity` and `price`, `position_usd` and `leverage`, `size`, or `position_size_usd`".to_owned(),
        SkipReason::SizeUnusable(fault) => size_remedy(*fault),
        SkipReason::LimitExceeded { number, observed, limit: Some(limit) } => {
            limit_remedy(*number, *observed, limit)
        }
        SkipReason::LimitExceeded { number, limit: None, .. } => {
            format!("choose a size for which the {} is finite and greater than 0", number)
        }
    }
}

fn fault_remedy(fault: &IntentError) -> String {
    match fault {
        IntentError::NotAnObject(_) | IntentError::NotUtf8 { .. } => {
            "write each record as one JSON object, in UTF-8, on a line of its own".to_owned()
        }
        IntentError::PayloadNotAnObject { field, .. } => {
            format!("write `{field}` as a JSON object, or as a string that contains a JSON object")
        }
        IntentError::TooLong { bytes_max, .. } => {
            format!("keep the record within {bytes_max} bytes")
        }
        IntentError::UnknownEvent { .. } => {
            "set `event_type` to `trade.intent`, or leave it out".to_owned()
        }
        IntentError::Missing { field: "timestamp" } => ADD_TIME.to_owned(),
        IntentError::Missing { field } => format!("add `{field}` to the intent"),
        IntentError::BadValue { field, expected } => format!("set `{field}` to {expected}"),
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
        IntentError::PricesOutOfOrder {
            side,
            first,
            first_price,
            second,
            second_price,
        } => {
            let (below, above) = match side {
                Side::Buy => ("below", "above"),
                Side::Sell => ("above", "below"),
            };
            format!(
                "set `{second}` {above} `{first}` {first_price}, or `{first}` {below} `{second}` {second_price}"
            )
        }
        IntentError::SizesDisagree { first, second, .. } => {
            let (first, second) = (first_factor(*first), first_factor(*second));
            format!("leave out `{first}` or `{second}`, or change them to state the same notional")
        }
        IntentError::SizeBesidePrice => {
            "replace `size` by `quantity` for units, or by `position_size_usd` for USD".to_owned()
        }
        IntentError::PricesDisagree { .. } => {
            "leave out `price` or `entry_price`, or correct one of them".to_owned()
        }
        IntentError::ImplausibleTime {
            field: "timestamp", ..
        } => "send `timestamp` in epoch seconds or ISO-8601, or `ts` in epoch milliseconds"
            .to_owned(),
        IntentError::ImplausibleTime { field, .. } => {
            format!("send `{field}` in epoch milliseconds")
        }
        IntentError::Reverses { .. } => {
            "send an exit, and then an entry in the other direction".to_owned()
        }
        IntentError::NotSupported { remedy, .. } => (*remedy).to_owned(),
        IntentError::Hold => {
            "to request a trade, set `action` or `side` to BUY, SELL or CLOSE".to_owned()
        }
    }
}

fn unavailable_remedy(unavailable: &PolicyUnavailable) -> String {
    match unavailable {
        PolicyUnavailable::NotFound => {
            "publish a policy with `portcullis policy publish`".to_owned()
        }
        PolicyUnavailable::HashUnknown(hash) => {
            format!("add the policy with hash {hash} to the tape")
        }
        PolicyUnavailable::Invalid(refusal) => match refusal.violations().len() {
            1 => {
                "fix the violation and publish the policy again; `portcullis policy check` lists it"
                    .to_owned()
            }
            count => format!(
                "fix the {count} violations and publish the policy again; `portcullis policy check` lists them"
            ),
        },
        PolicyUnavailable::SignatureInvalid => {
            "sign the policy with a trusted key, or add the key that signed it to the trusted keys"
                .to_owned()
        }
        PolicyUnavailable::RolledBack { seen, .. } => {
            format!("publish a policy with a `policy_seq` above {seen}")
        }
        PolicyUnavailable::StoreUnavailable => {
            "start the policy store or restore the connection to it, then check it with `portcullis policy show --store ADDRESS`"
                .to_owned()
        }
        PolicyUnavailable::SequenceNotRecorded { .. } => {
            "make the sequence file writable".to_owned()
        }
        PolicyUnavailable::StoreUnsafe { .. } => {
            "set `maxmemory-policy noeviction` on the server".to_owned()
        }
        PolicyUnavailable::WrittenByOther {
            is_released: false, ..
        } => "publish the policy again with `portcullis policy publish`".to_owned(),
        PolicyUnavailable::WrittenByOther {
            is_released: true, ..
        } => "remove the sequence file of the service, and start it again".to_owned(),
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
        ConstraintViolation::NoHash => {
            "add `policy_hash` to the policy and publish it again".to_owned()
        }
        ConstraintViolation::MetadataNotOk { .. } => {
            "correct the inputs of the generator, and publish a policy whose `metadata_ok` is true"
                .to_owned()
        }
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

/// Returns the change with which a number would be within its limit.
fn limit_remedy(number: LimitedNumber, observed: f64, limit: &Sourced<f64>) -> String {
    let (limit, source) = (limit.value(), limit.source());
    match number {
        LimitedNumber::Leverage => format!(
            "request a leverage of at most {limit} ({source}) in the intent, or reduce the leverage of the symbol in `leverage_by_symbol`"
        ),
        LimitedNumber::Margin | LimitedNumber::Notional => {
            format!("reduce the {number} to at most {limit} ({source})")
        }
        LimitedNumber::PriceDeviation => format!(
            "set `price` to a value that differs from `entry_price` by at most {limit} × `entry_price` ({source})"
        ),
        LimitedNumber::StopDistance if observed.is_infinite() => {
            "add `entry_price` or `price` to the intent, so that the stop distance is known"
                .to_owned()
        }
        LimitedNumber::StopDistance => format!(
            "set `stop_loss` to a value that differs from the entry price by at most {limit} × the entry price ({source})"
        ),
    }
}

/// Returns the first field of a statement: `quantity` for `quantity*price`, `size` for `size`.
fn first_factor(statement: SizeField) -> &'static str {
    let product = statement.as_str();
    product.split_once('*').map_or(product, |(field, _)| field)
}

fn size_remedy(fault: SizeError) -> String {
    match fault {
        SizeError::BadValue(field) => format!("set `{field}` to a finite number greater than 0"),
        SizeError::NoPrice(field) => format!("add `price` or `entry_price` next to `{field}`"),
        SizeError::NoLeverage(field) => format!("add `leverage` next to `{field}`"),
        SizeError::BadProduct(product) => {
            format!("choose values for which `{product}` is finite and greater than 0")
        }
    }
}
