//! The part of check 5 that finds hard-coded symbols. The module `numbers` finds the other part, hard-coded selection
//! weights.

use super::{
    named_values::{NamedValue, is_quoted_symbol, is_symbol},
    numbers::name_about,
    scope::{Program, Scope},
    trace::{Search, Trace},
};
use crate::{
    check::Check,
    name_words::{contains_any, words},
    tree::{Comparison, Kind, Node},
    violation::Violation,
    vocabulary::Subject,
};

pub(super) fn examine<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    named_values: &[NamedValue<'a>],
    found: &mut Vec<Violation>,
) {
    for named in named_values {
        let list = name_about(program, scope, named, Subject::Universe);
        let falls_back = named.by.is_default() || is_fallback(named.value);
        let one = name_about(program, scope, named, Subject::Symbol).filter(|_| falls_back);
        let least = match (list, one) {
            (_, Some(_)) => Least::One,
            // `pair` is also a common word outside of trading.
            (Some(name), None) if contains_any(&words(name), &["pair"]) => Least::Quoted,
            (Some(_), None) => Least::Several,
            (None, None) => continue,
        };
        let search = Symbols { program, least };
        let name = list.or(one).unwrap_or_default();
        for it in Trace::new(program, scope, &search).matches(named.value) {
            let why = format!("{} {} `{name}`", it.value, named.by.describe());
            found.push(Violation {
                check: Check::Symbols,
                at: it.node.at,
                value: it.value,
                why,
            });
        }
    }
    for node in &scope.nodes {
        let is_about = |node: &Node| {
            node.last_name()
                .is_some_and(|name| program.is_about(name, Subject::Symbol))
        };
        match &node.kind {
            Kind::Compare(Comparison::In | Comparison::NotIn, symbol, list) => {
                check_membership(list, is_about(symbol), found)
            }
            Kind::Call(call) if call.name() == "contains" => {
                if let (Some(list), Some(symbol)) = (call.receiver(), call.positional().next()) {
                    check_membership(list, is_about(symbol), found);
                }
            }
            Kind::Match { on, arms } if is_about(on) => {
                arms.iter()
                    .for_each(|arm| check_pattern(arm.pattern.values(), found));
            }
            Kind::Fits(pattern, on) if is_about(on) => check_pattern(pattern.values(), found),
            _ => {}
        }
    }
}

/// Returns true for an expression with a fallback: `symbol or "BTCUSDT"`, `symbol.unwrap_or("BTCUSDT")`.
fn is_fallback(value: &Node) -> bool {
    match &value.kind {
        Kind::Or(..) | Kind::If { .. } | Kind::Match { .. } => true,
        Kind::Call(call) => call.name().starts_with("unwrap_or"),
        _ => false,
    }
}

/// Reports a membership test against a literal list: `symbol in ("BTCUSDT", …)`.
fn check_membership(list: &Node, is_about: bool, found: &mut Vec<Violation>) {
    if let Some(value) = list_text(list)
        && (is_about || symbols_of(list).into_iter().any(is_quoted_symbol))
    {
        let why = format!("a symbol is searched for in {value}");
        found.push(Violation {
            check: Check::Symbols,
            at: list.at,
            value,
            why,
        });
    }
}

/// Reports literal symbols in patterns: `match symbol { "BTCUSDT" => … }`.
fn check_pattern(values: &[Node], found: &mut Vec<Violation>) {
    for value in values {
        for text in text_of(value)
            .into_iter()
            .filter(|text| is_quoted_symbol(text))
        {
            let why = format!("a symbol is matched against \"{text}\"");
            found.push(Violation {
                check: Check::Symbols,
                at: value.at,
                value: format!("\"{text}\""),
                why,
            });
        }
    }
}

/// A search for hard-coded symbols.
struct Symbols<'p, 'a> {
    program: &'p Program<'a>,
    least: Least,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Least {
    /// A list, a map keyed by symbol, or a comma-separated string.
    Several,
    /// Like [`Self::Several`], but with at least one unambiguous symbol.
    Quoted,
    /// Like [`Self::Several`], or a single symbol.
    One,
}

impl Search for Symbols<'_, '_> {
    fn match_node(&self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::Text(text) if self.least == Least::One && is_quoted_symbol(text) => {
                Some(format!("\"{text}\""))
            }
            _ if self.least == Least::Quoted
                && !symbols_of(node).into_iter().any(is_quoted_symbol) =>
            {
                None
            }
            _ => list_text(node),
        }
    }

    fn skips_name(&self, name: &str) -> bool {
        self.program.is_about(name, Subject::Universe)
    }
}

fn list_text(node: &Node) -> Option<String> {
    let symbols = symbols_of(node);
    let (first, rest) = symbols.split_first()?;
    Some(match rest.len() {
        0 => format!("[\"{first}\"]"),
        more => format!("[\"{first}\" and {more} more]"),
    })
}

fn symbols_of(node: &Node) -> Vec<&str> {
    let is_one = |text: &&str| is_symbol(text);
    match &node.kind {
        Kind::List(nodes) => nodes.iter().filter_map(text_of).filter(is_one).collect(),
        Kind::Call(call) if call.is_macro => call
            .positional()
            .filter_map(text_of)
            .filter(is_one)
            .collect(),
        Kind::Record { entries, .. } => entries
            .iter()
            .filter_map(|entry| entry.name.as_deref())
            .filter(|name| is_quoted_symbol(name))
            .collect(),
        Kind::Text(text) if text.contains(',') => {
            let parts: Vec<&str> = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            if parts.iter().all(|part| is_symbol(part)) {
                parts
            } else {
                Vec::new()
            }
        }
        Kind::Text(text) if text.contains(' ') => {
            let parts: Vec<&str> = text.split_whitespace().collect();
            if parts.iter().all(|part| is_quoted_symbol(part)) {
                parts
            } else {
                Vec::new()
            }
        }
        _ => Vec::new(),
    }
}

/// Returns the string in `"BTCUSDT"`, `"BTCUSDT".to_owned()` or `Symbol::new("BTCUSDT")`.
fn text_of(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text(text) => Some(text),
        Kind::Call(call) if call.arguments.is_empty() => call.receiver().and_then(text_of),
        Kind::Call(call) => call.positional().next().and_then(text_of),
        Kind::Question(inner) => text_of(inner),
        _ => None,
    }
}
