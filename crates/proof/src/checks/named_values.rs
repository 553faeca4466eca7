//! Named values: each place where a value gets a name, such as an assignment, a field, a keyword, a default, a fallback
//! or a result.

use std::collections::BTreeMap;

use super::{
    calls::{DEFAULTS, FALLBACK_METHODS, LOGGING, SETTERS, WITHOUT_KEYS},
    scope::{Program, Scope, ScopeKind},
};
use crate::{
    name_words::{contains_any, words},
    tree::{At, Bind, Binding, Call, Class, Entry, Kind, Node},
    work::step,
};

/// The way in which a value gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedBy {
    Assignment,
    /// A field of a class with a default.
    FieldDefault,
    Entry,
    Keyword,
    DefaultArgument,
    /// A fallback, used if the preceding value is missing.
    Fallback,
    /// A positional argument of a setter, builder or constructor.
    Argument,
    Return,
    Loop,
    /// A key of a settings file.
    Setting,
}

impl NamedBy {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Assignment => "is assigned to",
            Self::FieldDefault => "is the default of the field",
            Self::Entry => "is the entry",
            Self::Keyword => "is the argument",
            Self::DefaultArgument => "is the default of the argument",
            Self::Fallback => "is the fallback of",
            Self::Argument => "is passed to",
            Self::Return => "is returned by",
            Self::Loop => "is iterated over as",
            Self::Setting => "is the setting",
        }
    }

    /// Returns true if the value is used when no other value is given.
    pub(super) fn is_default(self) -> bool {
        matches!(
            self,
            Self::FieldDefault | Self::DefaultArgument | Self::Fallback | Self::Setting
        )
    }
}

/// A value and its names.
pub(super) struct NamedValue<'a> {
    /// The name of the value. For a fallback, every name in the expression that it replaces.
    pub(super) names: Vec<&'a str>,
    pub(super) value: &'a Node,
    pub(super) by: NamedBy,
    /// The entries of the record that contains the value.
    pub(super) record: Option<&'a [Entry]>,
    /// The names of the enclosing call, struct or map.
    pub(super) within: Vec<&'a str>,
}

/// Returns all named values of a scope.
pub(super) fn named_values<'a>(program: &Program<'a>, scope: &Scope<'a>) -> Vec<NamedValue<'a>> {
    let mut named_values = Vec::new();
    let titles = titles(scope);
    for parameter in scope.parameters {
        if let Some(value) = &parameter.default {
            named_values.push(NamedValue::new(
                &parameter.name,
                value,
                NamedBy::DefaultArgument,
            ));
        }
    }
    if scope.kind == ScopeKind::Function && !scope.name.is_empty() {
        named_values.extend(
            scope
                .returned
                .iter()
                .map(|value| NamedValue::new(scope.name, value, NamedBy::Return)),
        );
    }
    for node in &scope.nodes {
        match &node.kind {
            Kind::Bind(bind) if is_enumerator(scope, bind) => {}
            Kind::Bind(bind) => add_binding(bind, &mut named_values),
            Kind::Record { name, entries } => {
                let by = if program.is_settings {
                    NamedBy::Setting
                } else {
                    NamedBy::Entry
                };
                let within: Vec<&str> = titles
                    .get(&node.at)
                    .copied()
                    .into_iter()
                    .chain(name.as_deref())
                    .collect();
                named_values.extend(entries.iter().filter_map(|entry| {
                    let name = entry.name.as_deref()?;
                    Some(NamedValue {
                        record: Some(entries),
                        within: within.clone(),
                        ..NamedValue::new(name, &entry.value, by)
                    })
                }));
            }
            Kind::Call(call) => add_call(call, &mut named_values),
            Kind::Or(left, right) => add_fallback(left, right, &mut named_values),
            Kind::If {
                then,
                otherwise: Some(otherwise),
                ..
            } => {
                add_fallback(then, otherwise, &mut named_values);
                add_fallback(otherwise, then, &mut named_values);
            }
            Kind::Loop {
                target: Some(target),
                over: Some(over),
                ..
            } => {
                if let Some(name) = target.last_name() {
                    named_values.push(NamedValue::new(name, over, NamedBy::Loop));
                }
            }
            Kind::Function(closure) => {
                for parameter in &closure.parameters {
                    named_values.extend(
                        parameter.default.iter().map(|it| {
                            NamedValue::new(&parameter.name, it, NamedBy::DefaultArgument)
                        }),
                    );
                }
            }
            _ => {}
        }
    }
    named_values
}

/// Returns true for the value of an enum variant, such as `LIMIT = 1`.
fn is_enumerator(scope: &Scope<'_>, bind: &Bind) -> bool {
    let is_enum = |class: &Class| {
        class.of.iter().any(|of| {
            contains_any(&words(of), &["enum", "flag"]) || words(of).concat().ends_with("enum")
        })
    };
    let of_class = scope.kind == ScopeKind::Class && scope.class.is_some_and(is_enum);
    // Rust variants are in camel case; constants are not.
    let of_rust = bind.kind == Binding::Constant
        && bind
            .target
            .last_name()
            .is_some_and(|name| name.contains(char::is_lowercase));
    of_class || of_rust
}

/// Returns the names of the maps of a scope, by the position at which each begins.
fn titles<'a>(scope: &Scope<'a>) -> BTreeMap<At, &'a str> {
    let mut titles = BTreeMap::new();
    for node in &scope.nodes {
        match &node.kind {
            Kind::Record { entries, .. } => {
                titles.extend(
                    entries
                        .iter()
                        .filter_map(|entry| Some((entry.value.at, entry.name.as_deref()?))),
                );
            }
            Kind::Bind(bind) => {
                titles.extend(bind.target.last_name().map(|name| (bind.value.at, name)))
            }
            _ => {}
        }
    }
    titles
}

impl<'a> NamedValue<'a> {
    fn new(name: &'a str, value: &'a Node, by: NamedBy) -> Self {
        Self {
            names: vec![name],
            value,
            by,
            record: None,
            within: Vec::new(),
        }
    }
}

fn add_binding<'a>(bind: &'a Bind, named_values: &mut Vec<NamedValue<'a>>) {
    let by = match bind.kind {
        Binding::Field => NamedBy::FieldDefault,
        Binding::Assign | Binding::Update | Binding::Constant => NamedBy::Assignment,
    };
    if let (Kind::List(targets), Kind::List(values)) = (&bind.target.kind, &bind.value.kind) {
        for (target, value) in targets.iter().zip(values) {
            named_values.push(NamedValue {
                names: target_names(target),
                ..NamedValue::new("", value, by)
            });
        }
    } else {
        named_values.push(NamedValue {
            names: target_names(&bind.target),
            ..NamedValue::new("", &bind.value, by)
        });
    }
}

/// Returns the names of `x`, `a.x` or `a["x"]`. For `LEVERAGE["BTCUSDT"]` and `leverage[symbol]`, this includes the
/// name of the map.
fn target_names(target: &Node) -> Vec<&str> {
    match &target.kind {
        Kind::Index(of, key) => match &key.kind {
            Kind::Text(text) if is_symbol(text) => {
                of.last_name().into_iter().chain([text.as_str()]).collect()
            }
            Kind::Text(text) => vec![text],
            _ => of.last_name().into_iter().collect(),
        },
        _ => target.last_name().into_iter().collect(),
    }
}

fn add_call<'a>(call: &'a Call, named_values: &mut Vec<NamedValue<'a>>) {
    let name = call.name();
    if !LOGGING.contains(&name) {
        let within = names(&call.callee);
        named_values.extend(call.keywords().map(|(name, value)| NamedValue {
            within: within.clone(),
            ..NamedValue::new(name, value, NamedBy::Keyword)
        }));
    }
    let texts: Vec<&str> = call.positional().filter_map(key_text).collect();
    let default = call.keywords().find(|(name, _)| DEFAULTS.contains(name));
    // `Error::Range("leverage", 125)`
    let is_error = names(&call.callee).into_iter().any(|name| {
        contains_any(
            &words(name),
            &["error", "err", "exception", "refused", "invalid"],
        )
    });
    if !is_error && !LOGGING.contains(&name) && !WITHOUT_KEYS.contains(&name) {
        if let Some((_, value)) = default {
            named_values.extend(
                texts
                    .iter()
                    .map(|text| NamedValue::new(text, value, NamedBy::Fallback)),
            );
        }
        // `get("leverage", 10)`, `getattr(settings, "leverage", 10)`, `hset(key, "leverage", 10)`
        let by = if looks_up(name) {
            NamedBy::Fallback
        } else {
            NamedBy::Entry
        };
        let mut key = None;
        for value in call.positional() {
            match (key, key_text(value)) {
                // A string that is not a number is the key of the value after it; `"10"` is a value.
                (_, Some(text)) if text.parse::<f64>().is_err() && key.is_none() => {
                    key = Some(text)
                }
                (Some(name), text) => {
                    named_values.push(NamedValue::new(name, value, by));
                    key = text.filter(|text| text.parse::<f64>().is_err()).or(key);
                }
                (None, _) => {}
            }
        }
    }
    if FALLBACK_METHODS.contains(&name)
        && let (Some(before), Some(value)) = (call.receiver(), call.positional().next())
    {
        named_values.push(NamedValue {
            names: names(before),
            value,
            by: NamedBy::Fallback,
            record: None,
            within: Vec::new(),
        });
    }
    add_arguments(call, named_values);
}

/// Adds the arguments of setters, builders and constructors: `set_leverage("BTCUSDT", 10)`, `.leverage(10.0)`,
/// `Leverage::new(10.0)`.
fn add_arguments<'a>(call: &'a Call, named_values: &mut Vec<NamedValue<'a>>) {
    let name = call.name();
    let is_constructor = |name: &str| name.starts_with(char::is_uppercase);
    let subject = match &call.callee.kind {
        Kind::Name(path) => path
            .rsplit("::")
            .find(|part| is_constructor(part))
            .or_else(|| is_setter(name).then_some(name)),
        Kind::Field(..) => {
            (is_setter(name) || is_constructor(name) || call.arguments.len() == 1).then_some(name)
        }
        _ => None,
    };
    if let Some(subject) = subject {
        named_values.extend(call.positional().map(|value| NamedValue {
            within: names(&call.callee),
            ..NamedValue::new(subject, value, NamedBy::Argument)
        }));
    }
}

/// Returns true for functions with a fallback argument: `get("leverage", 10)`, `getattr(settings, "leverage", 10)`,
/// `env_or("LEVERAGE", "10")`.
fn looks_up(name: &str) -> bool {
    const READS: [&str; 16] = [
        "get",
        "pop",
        "setdefault",
        "getattr",
        "getenv",
        "env",
        "config",
        "setting",
        "param",
        "optional",
        "or",
        "default",
        "lookup",
        "read",
        "getfloat",
        "getint",
    ];
    contains_any(&words(name), &READS)
}

fn is_setter(name: &str) -> bool {
    words(name)
        .first()
        .is_some_and(|verb| SETTERS.contains(&verb.as_str()))
}

fn add_fallback<'a>(before: &'a Node, value: &'a Node, named_values: &mut Vec<NamedValue<'a>>) {
    let is_value = |node: &Node| {
        !matches!(
            node.kind,
            Kind::Block {
                has_value: false,
                ..
            } | Kind::If { .. }
        )
    };
    if is_value(before) && is_value(value) {
        named_values.push(NamedValue {
            names: names(before),
            value,
            by: NamedBy::Fallback,
            record: None,
            within: Vec::new(),
        });
    }
}

/// Returns the text of a node if it can be a key, without the leading dashes of an option.
pub(super) fn key_text(node: &Node) -> Option<&str> {
    step();
    match &node.kind {
        Kind::Text(text) => {
            let key = text.trim_start_matches('-');
            let is_key = !key.is_empty() && key.len() <= 80 && !key.contains(char::is_whitespace);
            is_key.then_some(key)
        }
        // A call without arguments, such as `"leverage".to_owned()`, has the key of its receiver.
        Kind::Call(call) if call.arguments.is_empty() => call.receiver().and_then(key_text),
        _ => None,
    }
}

/// Returns every name in an expression: variables, fields, keys and calls.
pub(super) fn names(node: &Node) -> Vec<&str> {
    let mut all = Vec::new();
    gather(node, &mut all);
    all
}

fn gather<'a>(node: &'a Node, all: &mut Vec<&'a str>) {
    step();
    match &node.kind {
        Kind::Name(name) => all.push(name),
        Kind::Field(of, name) => {
            gather(of, all);
            all.push(name);
        }
        Kind::Index(of, key) => {
            gather(of, all);
            all.extend(key_text(key));
        }
        Kind::Call(call) => {
            gather(&call.callee, all);
            all.extend(call.positional().filter_map(key_text));
            for argument in call.positional() {
                if matches!(
                    argument.kind,
                    Kind::Call(_)
                        | Kind::Field(..)
                        | Kind::Name(_)
                        | Kind::Or(..)
                        | Kind::Index(..)
                ) {
                    gather(argument, all);
                }
            }
        }
        Kind::Or(left, right) => {
            gather(left, all);
            gather(right, all);
        }
        Kind::Question(inner) => gather(inner, all),
        Kind::Bind(bind) => {
            gather(&bind.target, all);
            gather(&bind.value, all);
        }
        _ => {}
    }
}

/// Returns true if a text has the form of a venue symbol: `BTCUSDT`, `BTC-PERP`, `1000PEPE/USDT`.
pub(super) fn is_symbol(text: &str) -> bool {
    let is_part = |letter: char| {
        letter.is_ascii_uppercase() || letter.is_ascii_digit() || "/-_:".contains(letter)
    };
    (2..=24).contains(&text.len())
        && text.chars().all(is_part)
        && text.contains(|letter: char| letter.is_ascii_uppercase())
}

/// Returns true if a text is certainly a symbol: it ends in a quote currency or contract suffix.
pub(super) fn is_quoted_symbol(text: &str) -> bool {
    const QUOTES: [&str; 8] = [
        "USDT", "USDC", "BUSD", "USD", "PERP", "FDUSD", "/BTC", "TUSD",
    ];
    is_symbol(text)
        && QUOTES
            .iter()
            .any(|quote| text.len() > quote.len() + 1 && text.ends_with(quote))
}
