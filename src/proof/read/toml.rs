//! TOML.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Tree, Unparsed, lines::Lines};
use crate::proof::tree::{Entry, Kind, Node};

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
    let lines = Lines::of(text);
    let table = DeTable::parse(text).map_err(|error| Unparsed {
        at: lines.at(error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let root = Node {
        at: lines.at(0),
        kind: record(&lines, table.get_ref()),
    };
    Ok(Tree {
        root,
        tests_left_out: 0,
    })
}

fn record(lines: &Lines<'_>, table: &DeTable<'_>) -> Kind {
    let entries = table.iter().map(|(key, of)| Entry {
        at: lines.at(key.span().start),
        name: Some(key.get_ref().to_string()),
        key: None,
        value: value(lines, of),
    });
    Kind::Record {
        name: None,
        entries: entries.collect(),
    }
}

fn value(lines: &Lines<'_>, of: &Spanned<DeValue<'_>>) -> Node {
    let kind = match of.get_ref() {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(it) => Kind::Number(whole(it.as_str(), it.radix())),
        DeValue::Float(it) => Kind::Number(it.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => Kind::Truth(*truth),
        DeValue::Datetime(it) => Kind::Text(it.to_string()),
        DeValue::Array(values) => Kind::List(values.iter().map(|it| value(lines, it)).collect()),
        DeValue::Table(table) => record(lines, table),
    };
    Node {
        at: lines.at(of.span().start),
        kind,
    }
}

/// A number that is longer than any integer of a machine has digits all the same.
fn whole(digits: &str, radix: u32) -> f64 {
    let negative = digits.starts_with('-');
    let worth = |worth: f64, digit: u32| worth.mul_add(f64::from(radix), f64::from(digit));
    let worth = digits
        .chars()
        .filter_map(|it| it.to_digit(radix))
        .fold(0.0, worth);
    if negative { -worth } else { worth }
}
