//! The statements of an intent about its size.

use super::fields::{Given, positive};
use super::json::Json;
use super::record::{Record, Values};
use super::time;

/// The fields of the margin.
pub(crate) const MARGIN: [&str; 2] = ["position_usd", "stake_amount"];
pub(crate) const QUANTITY: [&str; 2] = ["quantity", "qty"];

/// One statement of the size that is usable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub basis: &'static str,
    pub source: String,
    /// The amount in USD, in terms of the basis.
    pub usd: f64,
    /// The amount in USD as a notional, with the leverage of the intent.
    pub notional: f64,
    /// One unit in the last decimal place of each factor, in USD.
    pub units: Vec<f64>,
    /// The quantity, if it is one of the factors.
    pub quantity: Option<f64>,
}

/// The requested size.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Size {
    /// True if the intent has a field of the size.
    pub is_stated: bool,
    /// The statements; `None` if one of them is not usable.
    pub statements: Option<Vec<Statement>>,
    /// Two statements contradict each other, or the unit of a statement is unknown.
    pub is_ambiguous: bool,
}

/// A factor of a size: its value, and one unit in the last decimal place of its text.
#[derive(Clone, Copy, Debug)]
struct Factor {
    value: f64,
    unit: f64,
}

/// Reads the first of these fields as a factor of a size.
fn factor(record: &Record, names: &[&'static str]) -> Option<Factor> {
    let value = positive(record.number(names))?;
    let text = match record.values(record.first(names)?) {
        Values::All(all) => match all.first()? {
            Json::Number(text) | Json::Text(text) => text.clone(),
            _ => return None,
        },
        Values::Absent | Values::Duplicate => return None,
    };
    Some(Factor {
        value,
        unit: time::last_place(&text).unwrap_or(0.0),
    })
}

fn product(
    basis: &'static str,
    source: String,
    usd: Option<(Factor, Option<Factor>)>,
    quantity: bool,
) -> Option<Statement> {
    let (one, other) = usd?;
    let times = other.map_or(1.0, |other| other.value);
    let notional = one.value * times;
    let mut units = vec![one.unit * times];
    units.extend(other.map(|other| other.unit * one.value));
    Some(Statement {
        basis,
        source,
        usd: if basis == "margin" {
            one.value
        } else {
            notional
        },
        notional,
        units,
        quantity: quantity.then_some(one.value),
    })
}

/// Returns the name of the price that converts a quantity: the larger one of two.
pub(crate) fn price_name(record: &Record) -> Option<&'static str> {
    let price = price(record);
    let entry = record.number(&["entry_price"]);
    match (price, entry) {
        (Given::Absent, Given::Absent) => None,
        (Given::Absent, _) => Some("entry_price"),
        (_, Given::Absent) => Some("price"),
        (price, entry) => match (positive(price), positive(entry)) {
            (Some(price), Some(entry)) if entry > price => Some("entry_price"),
            (Some(_), None) => Some("entry_price"),
            (_, _) => Some("price"),
        },
    }
}

/// Returns the price that converts a notional to a quantity: the larger one of the usable prices.
pub(crate) fn conversion(record: &Record) -> Given {
    let prices = [price(record), record.number(&["entry_price"])];
    let usable = prices.into_iter().filter_map(positive);
    usable.reduce(f64::max).map_or(Given::Absent, Given::Number)
}

/// Returns the limit price. 0 means a market order.
pub(crate) fn price(record: &Record) -> Given {
    match record.number(&["price"]) {
        Given::Number(0.0) => Given::Absent,
        given => given,
    }
}

/// Reads all statements.
pub(crate) fn read(record: &Record) -> Size {
    let mut all: Vec<Option<Statement>> = Vec::new();
    let leverage = factor(record, &["leverage"]);
    if let Some(name) = record.first(&QUANTITY) {
        let price = price_name(record);
        let each = price.and_then(|price| factor(record, &[price]));
        let source = format!("intent:{name}*{}", price.unwrap_or_default());
        let factors = factor(record, &QUANTITY)
            .zip(each)
            .map(|(units, each)| (units, Some(each)));
        let statement = product("notional", source, factors, true);
        all.push(statement.filter(|it| it.notional > 0.0 && it.notional.is_finite()));
    }
    if let Some(name) = record.first(&MARGIN) {
        let factors = factor(record, &MARGIN)
            .zip(leverage)
            .map(|(margin, leverage)| {
                // A leverage is not rounded.
                let leverage = Factor {
                    unit: 0.0,
                    ..leverage
                };
                (margin, Some(leverage))
            });
        all.push(product("margin", format!("intent:{name}"), factors, false));
    }
    if record.has("position_size_usd") {
        let usd = factor(record, &["position_size_usd"]).map(|usd| (usd, None));
        all.push(product(
            "notional",
            "intent:position_size_usd".to_owned(),
            usd,
            false,
        ));
    }
    let mut size = Size {
        is_stated: !all.is_empty() || record.has("size"),
        ..Size::default()
    };
    let others: Vec<Statement> = all.iter().flatten().cloned().collect();
    if record.has("size") {
        let plain = factor(record, &["size"]);
        let in_usd = product(
            "notional",
            "intent:size".to_owned(),
            plain.map(|it| (it, None)),
            false,
        );
        let each = factor(record, &["price"]);
        let factors = plain.zip(each).map(|(units, each)| (units, Some(each)));
        let in_units = product("notional", "intent:size*price".to_owned(), factors, true)
            .filter(|it| it.notional > 0.0 && it.notional.is_finite());
        if price(record) == Given::Absent {
            all.push(in_usd);
        } else {
            let agrees = |it: &Option<Statement>| {
                it.as_ref()
                    .is_some_and(|it| others.iter().any(|other| agree(it, other)))
            };
            let readings = [in_usd.clone(), in_units];
            match readings.into_iter().find(agrees) {
                Some(reading) => all.push(reading),
                None if others.len() == all.len() => {
                    size.is_ambiguous |= in_usd.is_some();
                    all.push(in_usd);
                }
                // A statement that is not usable might have agreed with one of the readings.
                None => all.push(None),
            }
        }
    }
    let usable: Vec<Statement> = all.iter().flatten().cloned().collect();
    size.is_ambiguous |= usable
        .iter()
        .enumerate()
        .any(|(at, one)| usable.iter().take(at).any(|other| !agree(one, other)));
    size.statements = all.into_iter().collect();
    size
}

/// Returns true if two statements differ by at most 0.5 %, or by at most one unit in the last decimal place of a factor.
fn agree(one: &Statement, other: &Statement) -> bool {
    let (low, high) = if one.notional <= other.notional {
        (one.notional, other.notional)
    } else {
        (other.notional, one.notional)
    };
    let distance = high - low;
    let unit = one
        .units
        .iter()
        .chain(&other.units)
        .fold(0.0_f64, |largest, unit| largest.max(*unit));
    let is_near = distance <= (0.005 * low).max(unit) * (1.0 + 1e-9);
    is_near && high / low < 1.5
}
