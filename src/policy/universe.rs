//! The symbols of a policy and their leverages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    bound::{Bound, number, object},
    field,
    invalid::{KEY_OF, ONLY_LEVERAGE, UNIQUE_AT, Violations},
    json::Json,
    table::Table,
};
use crate::types::{Leverage, Symbol};

const SYMBOL: &str =
    "a symbol such as BTCUSDT (1 to 32 bytes, without white space or control characters)";

/// The result of looking up a symbol in a policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Listing {
    /// The universe does not list the symbol.
    NotInUniverse,
    /// The universe lists the symbol, but the policy has no leverage for it.
    NoLeverage,
    /// The universe lists the symbol with this leverage, from `leverage_by_symbol`.
    Leverage(Leverage),
}

/// The symbols of a policy's universe with their leverages.
#[derive(Clone)]
pub(super) struct Universe {
    /// The symbols in the order of the document.
    symbols: Vec<Symbol>,
    listed: Table<Listing>,
}

impl Universe {
    /// Combines the distinct symbols with their leverages.
    pub(super) fn new(symbols: Vec<Symbol>, leverages: &BTreeMap<Symbol, Leverage>) -> Self {
        let listing = |symbol| match leverages.get(symbol) {
            None => Listing::NoLeverage,
            Some(leverage) => Listing::Leverage(*leverage),
        };
        let listed: Vec<_> = symbols.iter().map(|it| (*it, listing(it))).collect();
        Self {
            listed: Table::new(&listed),
            symbols,
        }
    }

    pub(super) fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    pub(super) fn lists(&self, symbol: &Symbol) -> bool {
        self.listed.get(symbol).is_some()
    }

    #[inline]
    pub(super) fn listing(&self, symbol: &Symbol) -> Listing {
        self.listed.get(symbol).unwrap_or(Listing::NotInUniverse)
    }
}

impl fmt::Debug for Universe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self
            .symbols
            .iter()
            .map(|symbol| (symbol, self.listing(symbol)));
        f.debug_map().entries(entries).finish()
    }
}

/// Reads the symbols in `universe_symbols`, in their order.
pub(super) fn read_symbols(text: &str, violations: &mut Violations) -> Option<Vec<Symbol>> {
    let field = field::UNIVERSE_SYMBOLS;
    let items = match Json::parse(text, field, violations)? {
        Json::Array(items) => items,
        other
        @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_)) => {
            violations.parse_error(field, &other.compact(), "a JSON array");
            return None;
        }
    };
    if items.is_empty() {
        violations.invalid(field, text, "a list of at least one symbol");
    }
    let mut symbols = Vec::with_capacity(items.len());
    let mut first_place = BTreeMap::new();
    for (i, item) in items.iter().enumerate() {
        let path = || format!("{field}[{i}]");
        let Json::Text(name) = item else {
            violations.parse_error(&path(), &item.compact(), "a JSON string");
            continue;
        };
        match Symbol::new(name) {
            Err(_) => violations.invalid(&path(), name, SYMBOL),
            Ok(symbol) => match first_place.get(&symbol) {
                Some(first) => {
                    let bound = format!("{UNIQUE_AT}{first})");
                    violations.invalid(&path(), name, &bound);
                }
                None => {
                    first_place.insert(symbol, i);
                    symbols.push(symbol);
                }
            },
        }
    }
    Some(symbols)
}

/// Reads the leverages in `leverage_by_symbol`.
pub(super) fn read_leverages(
    text: &str,
    violations: &mut Violations,
) -> Option<BTreeMap<Symbol, Leverage>> {
    let field = field::LEVERAGE_BY_SYMBOL;
    let mut leverages = BTreeMap::new();
    let mut named = BTreeSet::new();
    for (name, value) in &object(field, text, violations)? {
        let path = || format!("{field}.{name}");
        let symbol = Symbol::new(name);
        if name.is_empty() {
            violations.invalid(&format!("{KEY_OF}{field}"), name, SYMBOL);
        } else if symbol.is_err() {
            violations.invalid(&path(), name, SYMBOL);
        }
        let read = |text: &str| Bound::Positive.read(text);
        let leverage = number(path, value, violations, read).and_then(|x| Leverage::new(x).ok());
        let Ok(symbol) = symbol else { continue };
        // A null counts as absent, so it cannot be a duplicate.
        if !matches!(value, Json::Null) && !named.insert(symbol) {
            let bound = format!("{ONLY_LEVERAGE}{symbol}");
            violations.invalid(&path(), &value.compact(), &bound);
        }
        leverages.extend(leverage.map(|leverage| (symbol, leverage)));
    }
    Some(leverages)
}
