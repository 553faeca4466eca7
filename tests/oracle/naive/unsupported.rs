//! Names that could change an order and that are not read.

use super::fields::Given;
use super::json::{self, Json};
use super::record::{Record, canonical, number};
use super::{direction, exits};

/// The names that are known to change an order.
pub(crate) const KNOWN: [&str; 17] = [
    "contractsize",
    "inverse",
    "amount",
    "contracts",
    "sz",
    "volume",
    "quoteorderqty",
    "trailingstop",
    "stoplosspct",
    "takeprofitpct",
    "stoplossprice",
    "takeprofitprice",
    "callbackrate",
    "activationprice",
    "lever",
    "tdmode",
    "tgtccy",
];
/// The fields that an intent may have, except for those of the direction and of exits.
pub(crate) const READ: [&str; 32] = [
    "id",
    "intent_id",
    "decided_at",
    "ts",
    "timestamp",
    "created_at",
    "symbol",
    "source",
    "leverage",
    "quantity",
    "qty",
    "position_usd",
    "stake_amount",
    "position_size_usd",
    "size",
    "price",
    "entry_price",
    "stop_loss",
    "sl",
    "sl_price",
    "take_profit",
    "tp",
    "tp_price",
    "policy_hash",
    "confidence",
    "regime",
    "model",
    "event_type",
    "payload",
    "data",
    "params",
    "order",
];
const LAST: [&str; 15] = [
    "reduce",
    "stop",
    "tp",
    "sl",
    "leverage",
    "size",
    "quantity",
    "qty",
    "amount",
    "notional",
    "margin",
    "contracts",
    "inverse",
    "leg",
    "expiry",
];
const SKIPPED: [&str; 4] = ["usd", "usdt", "pct", "price"];
const HARMLESS: [&str; 23] = [
    "reason",
    "type",
    "mode",
    "bucket",
    "precision",
    "min",
    "max",
    "step",
    "tick",
    "batch",
    "window",
    "sample",
    "score",
    "prob",
    "confidence",
    "id",
    "name",
    "version",
    "model",
    "features",
    "info",
    "profit",
    "prev",
];
/// The last tokens of a name that states an amount.
const AMOUNTS: [&str; 8] = [
    "margin",
    "size",
    "quantity",
    "qty",
    "amount",
    "notional",
    "contracts",
    "inverse",
];

/// The fields of an intent that are not supported.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unsupported {
    pub found: bool,
    /// One of the fields states an amount.
    pub amount: bool,
}

/// Returns true if a value is true, an object, a list, or a number other than 0.
pub(crate) fn counts(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(yes) => *yes,
        Json::List(_) | Json::Object(_) | Json::Garbled(_) => true,
        Json::Text(text) if text.eq_ignore_ascii_case("true") => true,
        Json::Number(_) | Json::Text(_) => match number(value) {
            Given::Number(number) => number != 0.0,
            Given::Absent | Given::Unreadable => false,
        },
    }
}

/// Finds the fields that are not supported.
pub(crate) fn find(record: &Record, ignored: &[String]) -> Unsupported {
    let mut all = Unsupported {
        found: record.is_deep(),
        amount: false,
    };
    for (written, value) in record.pairs() {
        let name = canonical(written);
        let is_read = READ
            .iter()
            .chain(&direction::FIELDS)
            .chain(&exits::FIELDS)
            .chain(&exits::FRACTIONS)
            .chain(&exits::PERCENTAGES)
            .any(|read| canonical(read) == name);
        let is_attached =
            ["stoploss", "sl", "slprice", "takeprofit", "tp", "tpprice"].contains(&name.as_str());
        if is_read && !is_attached {
            continue;
        }
        if KNOWN.contains(&name.as_str()) {
            if known(&name, value) {
                all.found = true;
                all.amount |= [
                    "amount",
                    "contracts",
                    "sz",
                    "volume",
                    "quoteorderqty",
                    "tgtccy",
                    "contractsize",
                    "inverse",
                ]
                .contains(&name.as_str());
            }
        } else if is_attached {
            all.found |= json::pairs(value).is_some_and(|pairs| {
                Record::open(pairs.clone()).number(&["triggerPrice"]) == Given::Absent
            });
        } else if let Some(last) = decisive(written, value).filter(|_| !ignored.contains(written)) {
            all.found = true;
            // A stated quantity takes precedence over a name that may state an amount, but its unit must be known.
            let has_quantity = record.has("quantity") || record.has("qty");
            let counts = !has_quantity || last == "inverse";
            all.amount |= AMOUNTS.contains(&last.as_str()) && counts;
        }
    }
    all
}

/// Returns true if a known name has a value that changes an order.
fn known(name: &str, value: &Json) -> bool {
    let is_word = |word: &str| matches!(value, Json::Text(text) if text.eq_ignore_ascii_case(word));
    match name {
        "tdmode" => is_word("cash"),
        "tgtccy" => is_word("quote_ccy"),
        "contractsize" => counts(value) && number(value) != Given::Number(1.0),
        _ => counts(value),
    }
}

/// Returns the last token that matters, if the name and the value could change an order.
fn decisive(written: &str, value: &Json) -> Option<String> {
    let mut tokens = name_tokens(written);
    if tokens
        .iter()
        .any(|token| HARMLESS.contains(&token.as_str()))
        || !counts(value)
    {
        return None;
    }
    if tokens
        .last()
        .is_some_and(|last| SKIPPED.contains(&last.as_str()))
    {
        tokens.pop();
    }
    let last = tokens.pop()?;
    let is_flag = matches!(value, Json::Bool(true) | Json::Object(_))
        || matches!(value, Json::Text(text) if text.eq_ignore_ascii_case("true"));
    let decides =
        LAST.contains(&last.as_str()) || (["close", "exit"].contains(&last.as_str()) && is_flag);
    decides.then_some(last)
}

/// Splits a name at `_`, `-`, `.` and at a capital letter after a small one.
fn name_tokens(written: &str) -> Vec<String> {
    let mut split = String::new();
    let mut was_small = false;
    for letter in written.chars() {
        if letter.is_ascii_uppercase() && was_small {
            split.push('_');
        }
        was_small = letter.is_ascii_lowercase();
        split.push(letter.to_ascii_lowercase());
    }
    split
        .split(['_', '-', '.'])
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
        .collect()
}
