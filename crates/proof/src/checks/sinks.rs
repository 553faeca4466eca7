//! Sinks: the places where a value gets a name, such as assignments, fields, keywords, defaults, fallbacks and results.

use std::collections::BTreeMap;

use super::{
    calls::{DEFAULTS, FALLS_BACK, LOGS, NO_KEYS, SETTERS},
    routine::{Part, Program, Routine},
};
use crate::{
    name_words::{any, words},
    tree::{At, Bind, Binding, Call, Class, Entry, Kind, Node},
};

/// The way in which a value gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Assigned,
    /// A field of a class with a default.
    FieldDefault,
    Entry,
    Keyword,
    DefaultArgument,
    /// Used if the value before it is missing.
    Fallback,
    /// Passed to a setter, a builder or a constructor of that name.
    Passed,
    Returned,
    Looped,
    /// A key of a settings file.
    Setting,
}

impl Way {
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Assigned => "is assigned to",
            Self::FieldDefault => "is the default of the field",
            Self::Entry => "is the entry",
            Self::Keyword => "is the argument",
            Self::DefaultArgument => "is the default of the argument",
            Self::Fallback => "is the fallback of",
            Self::Passed => "is passed to",
            Self::Returned => "is returned by",
            Self::Looped => "is iterated over as",
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
pub(super) struct Sink<'a> {
    /// One name. For a fallback, every name in the expression that it replaces.
    pub(super) names: Vec<&'a str>,
    pub(super) value: &'a Node,
    pub(super) way: Way,
    /// The entries of the record that contains the value.
    pub(super) record: Option<&'a [Entry]>,
    /// The names of the enclosing call, struct or map.
    pub(super) within: Vec<&'a str>,
}

/// Returns all sinks of a routine.
pub(super) fn sinks<'a>(program: &Program<'a>, routine: &Routine<'a>) -> Vec<Sink<'a>> {
    let mut sinks = Vec::new();
    let titles = titles(routine);
    for parameter in routine.parameters {
        if let Some(value) = &parameter.default {
            sinks.push(Sink::new(&parameter.name, value, Way::DefaultArgument));
        }
    }
    if routine.part == Part::Function && !routine.name.is_empty() {
        sinks.extend(
            routine
                .gives
                .iter()
                .map(|value| Sink::new(routine.name, value, Way::Returned)),
        );
    }
    for node in &routine.nodes {
        match &node.kind {
            Kind::Bind(bind) if is_enumerator(routine, bind) => {}
            Kind::Bind(bind) => bound(bind, &mut sinks),
            Kind::Record { name, entries } => {
                let way = if program.is_settings {
                    Way::Setting
                } else {
                    Way::Entry
                };
                let within: Vec<&str> = titles
                    .get(&node.at)
                    .copied()
                    .into_iter()
                    .chain(name.as_deref())
                    .collect();
                sinks.extend(entries.iter().filter_map(|entry| {
                    let name = entry.name.as_deref()?;
                    Some(Sink {
                        record: Some(entries),
                        within: within.clone(),
                        ..Sink::new(name, &entry.value, way)
                    })
                }));
            }
            Kind::Call(call) => called(call, &mut sinks),
            Kind::Or(left, right) => fallen_back(left, right, &mut sinks),
            Kind::If {
                then,
                otherwise: Some(otherwise),
                ..
            } => {
                fallen_back(then, otherwise, &mut sinks);
                fallen_back(otherwise, then, &mut sinks);
            }
            Kind::Loop {
                target: Some(target),
                over: Some(over),
                ..
            } => {
                if let Some(name) = target.last_name() {
                    sinks.push(Sink::new(name, over, Way::Looped));
                }
            }
            Kind::Function(closure) => {
                for parameter in &closure.parameters {
                    sinks.extend(
                        parameter
                            .default
                            .iter()
                            .map(|it| Sink::new(&parameter.name, it, Way::DefaultArgument)),
                    );
                }
            }
            _ => {}
        }
    }
    sinks
}

/// Returns true for the value of an enum variant, such as `LIMIT = 1`.
fn is_enumerator(routine: &Routine<'_>, bind: &Bind) -> bool {
    let is_enum = |class: &Class| {
        class
            .of
            .iter()
            .any(|of| any(&words(of), &["enum", "flag"]) || words(of).concat().ends_with("enum"))
    };
    let of_class = routine.part == Part::Class && routine.class.is_some_and(is_enum);
    // Rust variants are in camel case; constants are not.
    let of_rust = bind.kind == Binding::Constant
        && bind
            .target
            .last_name()
            .is_some_and(|name| name.contains(char::is_lowercase));
    of_class || of_rust
}

/// Returns the names of the maps of a routine, by the position at which each begins.
fn titles<'a>(routine: &Routine<'a>) -> BTreeMap<At, &'a str> {
    let mut titles = BTreeMap::new();
    for node in &routine.nodes {
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

impl<'a> Sink<'a> {
    fn new(name: &'a str, value: &'a Node, way: Way) -> Self {
        Self {
            names: vec![name],
            value,
            way,
            record: None,
            within: Vec::new(),
        }
    }
}

fn bound<'a>(bind: &'a Bind, sinks: &mut Vec<Sink<'a>>) {
    let way = match bind.kind {
        Binding::Field => Way::FieldDefault,
        Binding::Assign | Binding::Update | Binding::Constant => Way::Assigned,
    };
    if let (Kind::List(targets), Kind::List(values)) = (&bind.target.kind, &bind.value.kind) {
        for (target, value) in targets.iter().zip(values) {
            sinks.push(Sink {
                names: target_names(target),
                ..Sink::new("", value, way)
            });
        }
    } else {
        sinks.push(Sink {
            names: target_names(&bind.target),
            ..Sink::new("", &bind.value, way)
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

fn called<'a>(call: &'a Call, sinks: &mut Vec<Sink<'a>>) {
    let name = call.name();
    if !LOGS.contains(&name) {
        let within = names(&call.callee);
        sinks.extend(call.keywords().map(|(name, value)| Sink {
            within: within.clone(),
            ..Sink::new(name, value, Way::Keyword)
        }));
    }
    let texts: Vec<&str> = call.positional().filter_map(key_text).collect();
    let default = call.keywords().find(|(name, _)| DEFAULTS.contains(name));
    // `Error::Range("leverage", 125)`
    let refuses = names(&call.callee).into_iter().any(|name| {
        any(
            &words(name),
            &["error", "err", "exception", "refused", "invalid"],
        )
    });
    if !refuses && !LOGS.contains(&name) && !NO_KEYS.contains(&name) {
        if let Some((_, value)) = default {
            sinks.extend(
                texts
                    .iter()
                    .map(|text| Sink::new(text, value, Way::Fallback)),
            );
        }
        // `get("leverage", 10)`, `getattr(settings, "leverage", 10)`, `hset(key, "leverage", 10)`
        let way = if looks_up(name) {
            Way::Fallback
        } else {
            Way::Entry
        };
        let mut key = None;
        for value in call.positional() {
            match (key, key_text(value)) {
                // A string that is not a number is the key of the value after it; `"10"` is a value.
                (_, Some(text)) if text.parse::<f64>().is_err() && key.is_none() => {
                    key = Some(text)
                }
                (Some(name), text) => {
                    sinks.push(Sink::new(name, value, way));
                    key = text.filter(|text| text.parse::<f64>().is_err()).or(key);
                }
                (None, _) => {}
            }
        }
    }
    if FALLS_BACK.contains(&name)
        && let (Some(before), Some(value)) = (call.receiver(), call.positional().next())
    {
        sinks.push(Sink {
            names: names(before),
            value,
            way: Way::Fallback,
            record: None,
            within: Vec::new(),
        });
    }
    passed(call, sinks);
}

/// Adds the arguments of setters, builders and constructors: `set_leverage("BTCUSDT", 10)`, `.leverage(10.0)`,
/// `Leverage::new(10.0)`.
fn passed<'a>(call: &'a Call, sinks: &mut Vec<Sink<'a>>) {
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
        sinks.extend(call.positional().map(|value| Sink {
            within: names(&call.callee),
            ..Sink::new(subject, value, Way::Passed)
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
    any(&words(name), &READS)
}

fn is_setter(name: &str) -> bool {
    words(name)
        .first()
        .is_some_and(|verb| SETTERS.contains(&verb.as_str()))
}

fn fallen_back<'a>(before: &'a Node, value: &'a Node, sinks: &mut Vec<Sink<'a>>) {
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
        sinks.push(Sink {
            names: names(before),
            value,
            way: Way::Fallback,
            record: None,
            within: Vec::new(),
        });
    }
}

/// Returns the text of a node if it can be a key, without the leading dashes of an option.
pub(super) fn key_text(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text(text) => {
            let key = text.trim_start_matches('-');
            let is_key = !key.is_empty() && key.len() <= 80 && !key.contains(char::is_whitespace);
            is_key.then_some(key)
        }
        // `"leverage".to_owned()`
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
