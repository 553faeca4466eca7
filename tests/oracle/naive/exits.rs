//! The amount that an exit closes, and the trigger of a resting exit.

use super::Flaw;
use super::direction::Statements;
use super::fields::{Given, positive};
use super::json::{self, Json};
use super::record::{Record, Values, tokens};

pub(crate) const FRACTIONS: [&str; 4] = [
    "qty_fraction",
    "quantity_fraction",
    "close_fraction",
    "fraction",
];
pub(crate) const PERCENTAGES: [&str; 3] = ["percentage", "percent", "close_pct"];
const IN_USD: [&str; 3] = ["position_usd", "stake_amount", "position_size_usd"];
const TRIGGERS: [&str; 3] = ["stopPrice", "triggerPrice", "triggerPx"];

/// All fields of a trigger.
pub(crate) const FIELDS: [&str; 4] = ["stopPrice", "triggerPrice", "triggerPx", "t"];

/// The amount that an exit closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Amount {
    Absent,
    Units(f64),
    Fraction(f64),
    /// The amount is in USD, or it cannot be read.
    Unknown,
}

/// Returns the amount. `has_known_unit` is false if another field states an amount in an unknown unit.
pub(crate) fn amount(
    record: &Record,
    statements: &Statements,
    has_known_unit: bool,
    flaw: Option<Flaw>,
) -> Amount {
    let quantity = record.number(&["quantity", "qty"]);
    let Ok(share) = share(record, statements) else {
        return Amount::Unknown;
    };
    if !has_known_unit || (quantity != Given::Absent && positive(quantity).is_none()) {
        return Amount::Unknown;
    }
    let share = share.map(|share| {
        if flaw == Some(Flaw::FractionBecomesEverything) {
            1.0
        } else {
            share
        }
    });
    match (positive(quantity), share) {
        (None, None) if statements.is_whole => Amount::Absent,
        (Some(_), _) | (None, Some(_)) if statements.is_whole => Amount::Unknown,
        (Some(quantity), Some(share)) => match positive(Given::Number(quantity * share)) {
            Some(units) => Amount::Units(units),
            None => Amount::Unknown,
        },
        (Some(quantity), None) => Amount::Units(quantity),
        (None, Some(share)) => Amount::Fraction(share),
        (None, None) if statements.is_partial => Amount::Unknown,
        (None, None) if is_in_usd(record) => Amount::Unknown,
        (None, None) => Amount::Absent,
    }
}

/// Returns true if an exit has a size in USD. A `size` of 0 is not one.
fn is_in_usd(record: &Record) -> bool {
    let sizes = record.numbers(&["size"]);
    let is_zero = |size: &Given| *size == Given::Number(0.0);
    IN_USD.iter().any(|name| record.has(name)) || !sizes.iter().all(is_zero)
}

/// Returns the share of the position, if one is stated. It is an error if a share is unreadable or if shares differ.
fn share(record: &Record, statements: &Statements) -> Result<Option<f64>, ()> {
    let near = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.max(other);
    let mut sure = statements.shares.clone();
    let mut unsure = Vec::new();
    for given in record.numbers(&FRACTIONS) {
        match given {
            Given::Number(share) if share > 0.0 && share <= 1.0 => sure.push(share),
            _ => return Err(()),
        }
    }
    for given in record.numbers(&PERCENTAGES) {
        match given {
            Given::Number(percent) if percent > 0.0 && percent <= 1.0 => unsure.push(percent),
            Given::Number(percent) if percent > 1.0 && percent <= 100.0 => {
                sure.push(percent / 100.0);
            }
            _ => return Err(()),
        }
    }
    let Some(first) = sure.first().copied() else {
        return if unsure.is_empty() { Ok(None) } else { Err(()) };
    };
    let agree = first > 0.0
        && first <= 1.0
        && sure.iter().all(|share| near(*share, first))
        && unsure
            .iter()
            .all(|percent| near(*percent, first) || near(*percent / 100.0, first));
    if agree { Ok(Some(first)) } else { Err(()) }
}

/// The trigger of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Trigger {
    /// A field or the type states that the order waits.
    pub waits: bool,
    pub price: Option<f64>,
    pub trails: bool,
}

/// Returns true if a record states a trigger, even a trigger of 0.
pub(crate) fn is_triggered(record: &Record) -> bool {
    let is_object = |value: &Json| matches!(value, Json::Object(_));
    TRIGGERS.iter().any(|name| record.has(name))
        || record.readable("t").iter().any(is_object)
        || trigger(record).waits
}

/// Returns the trigger of an order.
pub(crate) fn trigger(record: &Record) -> Trigger {
    let mut trigger = Trigger::default();
    for name in ["type", "order_type"] {
        if let Values::All(all) = record.values(name) {
            for value in all {
                let Json::Text(word) = value else { continue };
                let tokens = tokens(&word);
                let has = |token: &str| tokens.iter().any(|it| it == token);
                trigger.trails |= has("TRAILING");
                trigger.waits |= has("STOP") || has("STP") || (has("TAKE") && has("PROFIT"));
            }
        }
    }
    if let Values::All(all) = record.values("closeOnTrigger") {
        trigger.waits |= all
            .iter()
            .any(|value| super::record::flag(value) == Some(true));
    }
    let mut prices = Vec::new();
    for name in TRIGGERS {
        if let Values::All(all) = record.values(name) {
            prices.extend(all);
        }
    }
    if let Values::All(all) = record.values("t") {
        for value in &all {
            let inner = json::pairs(value).map(|pairs| Record::open(pairs.clone()));
            let Some(Values::All(inner)) = inner.map(|inner| inner.values("trigger")) else {
                continue;
            };
            trigger.waits = true;
            for value in inner {
                match json::pairs(&value).map(|pairs| Record::open(pairs.clone())) {
                    Some(inner) => {
                        if let Values::All(all) = inner.values("triggerPx") {
                            prices.extend(all);
                        }
                    }
                    None => prices.push(value),
                }
            }
        }
    }
    let is_zero = |value: &Json| super::record::number(value) == Given::Number(0.0);
    prices.retain(|value| !is_zero(value) && *value != Json::Text(String::new()));
    trigger.waits |= !prices.is_empty();
    let read: Vec<Option<f64>> = prices
        .iter()
        .map(|value| positive(super::record::number(value)))
        .collect();
    trigger.price = match read.split_first() {
        Some((Some(first), rest)) if rest.iter().all(|other| *other == Some(*first)) => {
            Some(*first)
        }
        Some(_) | None => None,
    };
    trigger
}
