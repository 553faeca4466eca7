//! Checks 1 to 4 and 6, and the weights of check 5: hard-coded trading numbers.

use super::{
    named_values::{NamedBy, NamedValue},
    orders::{OrderKind, order_kind},
    scope::{Program, Scope, ScopeKind},
    trace::{Search, Trace, has_unit},
};
use crate::{
    check::Check,
    name_words::{contains_any, words},
    tree::{Kind, Node},
    violation::Violation,
    vocabulary::Subject,
};

/// The subjects of names whose numbers are checked, each with the check that covers it.
const NUMBERS: [(Subject, Check); 8] = [
    (Subject::Leverage, Check::Leverage),
    (Subject::Threshold, Check::HarvestThreshold),
    (Subject::KillScore, Check::KillScore),
    (Subject::KillScoreInContext, Check::KillScore),
    (Subject::Weight, Check::Symbols),
    (Subject::WeightInContext, Check::Symbols),
    (Subject::Size, Check::Size),
    (Subject::SizeInContext, Check::Size),
];

/// Words that indicate a trading context. One of these is enough, or two of [`MAYBE_TRADING`].
const TRADING: [&str; 8] = [
    "symbol", "leverage", "notional", "trade", "trading", "lev", "usdt", "usd",
];
const MAYBE_TRADING: [&str; 5] = ["side", "order", "position", "entry", "qty"];
/// Words of things that have a size but are not trades.
const NOT_TRADING: [&str; 18] = [
    "plot", "chart", "figure", "fig", "scatter", "font", "draw", "ax", "axis", "legend", "style",
    "pool", "queue", "cache", "image", "page", "grid", "batch",
];
const SELECTION: [&str; 8] = [
    "symbol",
    "universe",
    "ranking",
    "rank",
    "selection",
    "selector",
    "scoring",
    "select",
];
const KILL: [&str; 5] = ["kill", "sigma", "harvest", "ts", "theta"];

pub(super) fn examine<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    named_values: &[NamedValue<'a>],
    found: &mut Vec<Violation>,
) {
    for named in named_values {
        for (subject, check) in NUMBERS {
            let Some(name) = name_about(program, scope, named, subject) else {
                continue;
            };
            let search = Number { program, subject };
            for it in (Trace {
                to_unit: has_unit(name),
                ..Trace::new(program, scope, &search)
            })
            .matches(named.value)
            {
                let why = format!("{} {} `{name}`", it.value, named.by.describe());
                found.push(Violation {
                    check,
                    at: it.node.at,
                    value: it.value,
                    why,
                });
            }
        }
        stop_price(program, scope, named, found);
        maximum(program, scope, named, found);
    }
    for (_, call) in scope.calls() {
        if order_kind(program, scope, call) == Some(OrderKind::Entry) {
            for it in call
                .positional()
                .filter_map(|it| Some((it, Maximum { program }.match_node(it)?)))
            {
                let why = format!("the maximum `{}` is passed to an order", it.1);
                found.push(Violation {
                    check: Check::MaximumLeverage,
                    at: it.0.at,
                    value: it.1,
                    why,
                });
            }
        }
    }
}

/// Returns the name of a value that refers to the subject, or `None` if no name of the value does.
pub(super) fn name_about<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    named: &NamedValue<'a>,
    subject: Subject,
) -> Option<&'a str> {
    let is_about = |name: &&&str| program.is_about(name, subject);
    let name = named.names.iter().rev().find(is_about)?;
    let in_context = match subject {
        Subject::SizeInContext => is_trading(scope, named),
        Subject::WeightInContext => names_mention(scope, named, &SELECTION),
        Subject::KillScoreInContext => {
            names_mention(scope, named, &KILL)
                || record_mentions(named, &KILL)
                || named
                    .within
                    .iter()
                    .any(|name| contains_any(&words(name), &KILL))
        }
        _ => true,
    };
    in_context.then_some(name)
}

/// Returns true if the function, class or map around a value is about trading.
fn is_trading(scope: &Scope<'_>, named: &NamedValue<'_>) -> bool {
    let is_within = |of: &[&str]| {
        named
            .within
            .iter()
            .any(|name| contains_any(&words(name), of))
    };
    let around = |of: &[&str]| {
        is_within(of)
            || names_mention(scope, named, of)
            || record_mentions(named, of)
            || scope.kind != ScopeKind::Module && scope.mentions(of)
    };
    let is_about = || {
        around(&TRADING)
            || MAYBE_TRADING
                .iter()
                .filter(|word| around(&[**word]))
                .count()
                >= 2
    };
    !is_within(&NOT_TRADING) && is_about()
}

/// Returns true if a name of the value, the function or the class contains one of these words.
fn names_mention(scope: &Scope<'_>, named: &NamedValue<'_>, of: &[&str]) -> bool {
    let class = scope.class.map(|class| class.name.as_str());
    let mut names = named.names.iter().copied().chain([scope.name]).chain(class);
    names.any(|name| contains_any(&words(name), of))
}

/// Returns true if the name of an entry in the same record contains one of these words.
fn record_mentions(named: &NamedValue<'_>, of: &[&str]) -> bool {
    let names = named
        .record
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| entry.name.as_deref());
    names.map(words).any(|name| contains_any(&name, of))
}

/// A search for the numbers that violate the check of a subject.
struct Number<'p, 'a> {
    program: &'p Program<'a>,
    subject: Subject,
}

impl Search for Number<'_, '_> {
    fn match_node(&self, node: &Node) -> Option<String> {
        let (number, printed) = match &node.kind {
            Kind::Number(number) => (*number, number.to_string()),
            Kind::Text(text) => (number_of(text)?, format!("\"{text}\"")),
            _ => return None,
        };
        let is_no_value = match self.subject {
            Subject::Threshold
            | Subject::KillScore
            | Subject::KillScoreInContext
            | Subject::StopPrice => false,
            _ => number <= 0.0,
        };
        (number.is_finite() && !is_no_value).then_some(printed)
    }

    fn skips_name(&self, name: &str) -> bool {
        let is = |subject| self.program.is_about(name, subject);
        let bound = self.subject == Subject::Leverage && is(Subject::MaximumLeverage);
        bound || self.subject != Subject::StopPrice && is(self.subject)
    }
}

/// Parses a string as a number: `"10"`, `" 10.5 "`, `"10x"`, `"10%"`.
fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let text = text.strip_suffix(['x', '%']).unwrap_or(text);
    let is_number =
        text.starts_with(|letter: char| letter.is_ascii_digit() || "+-.".contains(letter));
    if is_number { text.parse().ok() } else { None }
}

/// Checks for `stop = entry * 0.98`, where the factor is a hard-coded stop distance.
fn stop_price<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    named: &NamedValue<'a>,
    found: &mut Vec<Violation>,
) {
    let Some(name) = name_about(program, scope, named, Subject::StopPrice) else {
        return;
    };
    let search = Number {
        program,
        subject: Subject::StopPrice,
    };
    let Kind::Arithmetic(..) = named.value.kind else {
        return;
    };
    for it in Trace::new(program, scope, &search).matches(named.value) {
        let is_fraction =
            matches!(it.node.kind, Kind::Number(number) if number > 0.0 && number < 3.0);
        if is_fraction {
            let why = format!(
                "`{name}` is computed with the factor {}, a hard-coded stop or target distance",
                it.value
            );
            found.push(Violation {
                check: Check::HarvestThreshold,
                at: it.node.at,
                value: it.value,
                why,
            });
        }
    }
}

/// Runs check 2 on a value: reports a maximum leverage that is used as the leverage.
fn maximum<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    named: &NamedValue<'a>,
    found: &mut Vec<Violation>,
) {
    let Some(name) = name_about(program, scope, named, Subject::Leverage) else {
        return;
    };
    if named.by == NamedBy::Setting {
        return;
    }
    let search = Maximum { program };
    for it in Trace::new(program, scope, &search).matches(named.value) {
        let why = format!(
            "the maximum `{}` {} `{name}`",
            it.value,
            named.by.describe()
        );
        found.push(Violation {
            check: Check::MaximumLeverage,
            at: it.node.at,
            value: it.value,
            why,
        });
    }
}

pub(super) struct Maximum<'p, 'a> {
    pub(super) program: &'p Program<'a>,
}

impl Search for Maximum<'_, '_> {
    fn match_node(&self, node: &Node) -> Option<String> {
        let name = match &node.kind {
            Kind::Name(_) | Kind::Field(..) => node.last_name(),
            Kind::Index(_, key) => super::named_values::key_text(key),
            Kind::Call(call) => match call.positional().find_map(super::named_values::key_text) {
                Some(text) => Some(text),
                None => call.callee.last_name(),
            },
            _ => None,
        }?;
        self.program
            .is_about(name, Subject::MaximumLeverage)
            .then(|| name.to_owned())
    }

    fn skips_name(&self, _: &str) -> bool {
        false
    }
}
