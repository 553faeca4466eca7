//! Detection of calls that emit an order, and whether the order is an entry or an exit.

use super::{
    named_values::key_text,
    scope::{Program, Scope},
};
use crate::{
    name_words::{contains_any, same_word, words},
    tree::{Call, Kind, Node},
    vocabulary::Subject,
    work::step,
};

/// Verbs that emit an order if a noun of [`NOUNS`] follows.
const VERBS: [&str; 19] = [
    "place", "create", "submit", "send", "new", "execute", "emit", "publish", "post", "dispatch",
    "enqueue", "fire", "issue", "route", "push", "xadd", "enter", "forward", "transmit",
];
const NOUNS: [&str; 5] = ["order", "trade", "intent", "plan", "position"];
/// Verbs that count only with `order`, because constructors of intents, plans and positions often use them.
const CONSTRUCTOR_VERBS: [&str; 2] = ["create", "new"];
/// Words that may follow a noun of [`NOUNS`].
const TAILS: [&str; 16] = [
    "market", "limit", "async", "now", "order", "sync", "safe", "with", "for", "to", "on", "and",
    "at", "in", "by", "from",
];
/// Words that may precede a verb of [`VERBS`].
const HEADS: [&str; 14] = [
    "futures", "async", "safe", "do", "try", "and", "spot", "margin", "private", "fapi", "client",
    "sync", "maybe", "exchange",
];
/// Functions that write to a stream, a topic or a queue.
const WRITERS: [&str; 11] = [
    "xadd",
    "publish",
    "rpush",
    "lpush",
    "send",
    "produce",
    "emit",
    "push",
    "send_and_wait",
    "basic_publish",
    "xadd_maxlen",
];
const STREAM_NOUNS: [&str; 4] = ["intent", "plan", "order", "trade"];
const OTHER_STREAMS: [&str; 26] = [
    "skip",
    "log",
    "audit",
    "result",
    "error",
    "alert",
    "ack",
    "dlq",
    "metric",
    "fill",
    "event",
    "history",
    "snapshot",
    "closed",
    "report",
    "dead",
    "heartbeat",
    "status",
    "update",
    "outcome",
    "notification",
    "rejected",
    "denied",
    "stat",
    "summary",
    "count",
];
/// Verbs that close a position.
const CLOSE_VERBS: [&str; 5] = ["close", "flatten", "exit", "liquidate", "unwind"];
const CLOSED: [&str; 10] = [
    "position", "order", "trade", "market", "all", "partial", "intent", "plan", "half", "symbol",
];
/// The words of [`CLOSED`] that may precede the verb: `market_close`, `position_close`.
const CLOSED_FIRST: [&str; 4] = ["market", "position", "order", "trade"];
const NEVER_CLOSE: [&str; 16] = [
    "price", "time", "score", "kill", "should", "is", "can", "check", "get", "compute", "open",
    "reason", "fraction", "pct", "fee", "log",
];

/// Words of objects that receive orders.
const VENUES: [&str; 12] = [
    "broker",
    "exchange",
    "venue",
    "client",
    "executor",
    "trader",
    "account",
    "gateway",
    "binance",
    "bybit",
    "api",
    "execution",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderKind {
    Entry,
    Exit,
}

/// Returns the kind of order that a call emits, or `None` if it emits none.
pub(super) fn order_kind<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    call: &'a Call,
) -> Option<OrderKind> {
    let order = emitted(program, scope, call)?;
    // A function of this file that emits an order is examined itself.
    let is_own = match &call.callee.kind {
        Kind::Name(_) => true,
        Kind::Field(of, _) => matches!(&of.kind, Kind::Name(name) if name == "self"),
        _ => false,
    };
    let emits = |it: &Scope<'a>| {
        let mut others = it.calls().filter(|(_, inner)| inner.name() != call.name());
        it.name == call.name() && others.any(|(_, inner)| emitted(program, it, inner).is_some())
    };
    let examined = is_own && program.scopes.iter().any(emits);
    (!examined).then_some(order)
}

fn emitted<'a>(program: &Program<'a>, scope: &Scope<'a>, call: &'a Call) -> Option<OrderKind> {
    let is_writer = WRITERS.contains(&call.name());
    if !is_writer && !may_order(call.name()) {
        return None;
    }
    let name = words(call.name());
    if call.arguments.is_empty() && !of_venue(call) {
        // Without arguments there is nothing to trade: this is a visitor, an accessor or a test double.
        return None;
    }
    if closes(&name)
        && (name.len() > 1 || of_venue(call) || scope.mentions(&["position", "reduce"]))
    {
        return Some(OrderKind::Exit);
    }
    let to_stream = is_writer
        && call
            .positional()
            .next()
            .and_then(|it| stream(program, scope, call, it))
            == Some(true);
    if !to_stream && !emits(&name) {
        return None;
    }
    let is_exit_stream = call
        .positional()
        .next()
        .and_then(|it| stream_words(program, scope, call, it))
        .is_some_and(|words| contains_any(&words, &["exit", "close"]));
    let is_reduce_only = call.arguments.iter().any(|it| {
        it.name
            .as_deref()
            .is_some_and(|name| is_reduce_only(program, name, &it.value))
            || sets_reduce_only(program, scope, &it.value, 0)
    });
    Some(if is_exit_stream || is_reduce_only {
        OrderKind::Exit
    } else {
        OrderKind::Entry
    })
}

/// Returns true if the name contains an order term. This check is cheap and rules out most calls.
fn may_order(name: &str) -> bool {
    const PARTS: [&str; 10] = [
        "order",
        "trade",
        "intent",
        "plan",
        "position",
        "close",
        "flatten",
        "exit",
        "liquidate",
        "unwind",
    ];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
}

/// Returns true if a function with this name emits an order: `place_order`, `futures_create_order`, `emitTradeIntent`,
/// `open_position`.
fn emits(name: &[String]) -> bool {
    let verb_at = name.iter().position(|word| !HEADS.contains(&word.as_str()));
    let Some((verb, rest)) = verb_at.and_then(|at| name.get(at..)?.split_first()) else {
        return false;
    };
    let is = |word: &String, list: &[&str]| list.iter().any(|it| it == word);
    let Some(noun_at) = rest
        .iter()
        .rposition(|word| contains_any(std::slice::from_ref(word), &NOUNS))
    else {
        return false;
    };
    let (Some(noun), Some(tail)) = (rest.get(noun_at), rest.get(noun_at + 1..)) else {
        return false;
    };
    let has_known_tail = tail.iter().all(|word| is(word, &TAILS))
        || tail
            .first()
            .is_some_and(|word| is(word, &["to", "for", "with", "and"]));
    let opens = verb == "open" && ["position", "trade", "order"].contains(&noun.as_str())
        || ["buy", "sell"].contains(&verb.as_str());
    let makes = is(verb, &CONSTRUCTOR_VERBS) && !same_word(noun, "order");
    has_known_tail && (opens || is(verb, &VERBS) && !makes)
}

/// Returns true if a name closes a position: `close_position`, `flatten`, `market_close`.
fn closes(name: &[String]) -> bool {
    let is = |word: &String, list: &[&str]| {
        list.iter()
            .any(|it| it == word || word.strip_suffix('s') == Some(it))
    };
    let Some(verb_at) = name.iter().position(|word| is(word, &CLOSE_VERBS)) else {
        return false;
    };
    if name.iter().any(|word| is(word, &NEVER_CLOSE)) {
        return false;
    }
    let alone = name.len() == 1 && name.first().is_some_and(|word| word == "flatten");
    let (before, after) = (
        name.get(..verb_at).unwrap_or_default(),
        name.get(verb_at + 1..).unwrap_or_default(),
    );
    let ends = after.iter().all(|word| {
        is(word, &CLOSED)
            || is(word, &TAILS)
            || ["via", "reduce", "only", "if"].contains(&word.as_str())
    });
    let noun = after.iter().any(|word| is(word, &CLOSED))
        || before.iter().any(|word| is(word, &CLOSED_FIRST));
    let emits_it = before.iter().any(|word| is(word, &VERBS));
    let starts = before
        .iter()
        .all(|word| is(word, &VERBS) || is(word, &HEADS) || is(word, &CLOSED_FIRST));
    alone || starts && ends && (noun || emits_it)
}

/// Returns true for a method call on an object that receives orders: `exchange.flatten()`.
fn of_venue(call: &Call) -> bool {
    let of = call
        .receiver()
        .and_then(Node::last_name)
        .map(words)
        .unwrap_or_default();
    contains_any(&of, &VENUES)
}

/// Returns true if a stream carries orders, or `None` if its name is unknown.
fn stream<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    call: &Call,
    node: &'a Node,
) -> Option<bool> {
    let words = stream_words(program, scope, call, node)?;
    Some(contains_any(&words, &STREAM_NOUNS) && !contains_any(&words, &OTHER_STREAMS))
}

fn stream_words<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    call: &Call,
    node: &'a Node,
) -> Option<Vec<String>> {
    // A text with a separator is a stream name. A single word is a key, except in `xadd`.
    if let Some(text) = key_text(node) {
        let is_path = text.contains([':', '.', '/', '-']) || call.name().starts_with("xadd");
        return is_path.then(|| words(text));
    }
    match &node.kind {
        Kind::Name(_) | Kind::Field(..) => {
            match program.single_value(node, scope).and_then(key_text) {
                Some(text) => Some(words(text)),
                None => node.last_name().map(words),
            }
        }
        Kind::Other(parts) => parts
            .first()
            .and_then(|part| stream_words(program, scope, call, part)),
        _ => None,
    }
}

/// Returns true if a name and its value set the reduce-only flag: `reduce_only=True`,
/// `"closePosition": "true"`.
fn is_reduce_only(program: &Program<'_>, name: &str, value: &Node) -> bool {
    let yes = match &value.kind {
        Kind::Truth(yes) => *yes,
        Kind::Text(text) => ["true", "1", "yes"].contains(&text.to_lowercase().as_str()),
        Kind::Number(number) => *number == 1.0,
        Kind::Call(call) => {
            call.positional()
                .any(|it| is_reduce_only(program, name, it))
                || call
                    .receiver()
                    .is_some_and(|it| is_reduce_only(program, name, it))
        }
        _ => false,
    };
    yes && program.is_about(name, Subject::ReduceOnly)
}

/// Returns true if a map or struct sets the reduce-only flag, here or at the binding of the name.
fn sets_reduce_only<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    node: &'a Node,
    depth: usize,
) -> bool {
    if depth > 4 {
        return false;
    }
    let on = |node: &'a Node| sets_reduce_only(program, scope, node, depth + 1);
    match &node.kind {
        Kind::Record { entries, .. } => entries.iter().any(|entry| {
            entry
                .name
                .as_deref()
                .is_some_and(|name| is_reduce_only(program, name, &entry.value))
                || on(&entry.value)
        }),
        Kind::Name(name) => {
            let bound = scope.bindings(name).iter().any(|value| on(value));
            bound || writes_reduce_only_into(program, scope, name)
        }
        Kind::Call(call) => {
            let named = call
                .keywords()
                .any(|(name, value)| is_reduce_only(program, name, value));
            let built = builder_sets_reduce_only(program, call) || call.receiver().is_some_and(on);
            named || built || call.positional().any(on)
        }
        // `("reduce_only", "true")`
        Kind::List(nodes) if matches!(nodes.as_slice(), [name, value] if key_text(name).is_some_and(|name| is_reduce_only(program, name, value))) => {
            true
        }
        Kind::Other(nodes) | Kind::List(nodes) => nodes.iter().any(on),
        Kind::Question(inner) => on(inner),
        _ => false,
    }
}

/// Returns true for a builder call such as `.reduce_only(true)`.
fn builder_sets_reduce_only(program: &Program<'_>, call: &Call) -> bool {
    match (&call.callee.kind, call.positional().next()) {
        (Kind::Field(_, name), Some(value)) => is_reduce_only(program, name, value),
        (Kind::Field(_, name), None) => program.is_about(name, Subject::ReduceOnly),
        _ => false,
    }
}

/// Returns true if the scope sets the flag on an object: `order["reduceOnly"] = True`, `order.reduce_only = True`,
/// `params.update(reduce_only=True)`.
fn writes_reduce_only_into(program: &Program<'_>, scope: &Scope<'_>, object: &str) -> bool {
    let is_object = |node: &Node| matches!(&node.kind, Kind::Name(name) if name == object);
    scope
        .nodes
        .iter()
        .inspect(|_| step())
        .any(|node| match &node.kind {
            Kind::Bind(bind) => match &bind.target.kind {
                Kind::Index(of, key) => {
                    is_object(of)
                        && key_text(key)
                            .is_some_and(|name| is_reduce_only(program, name, &bind.value))
                }
                Kind::Field(of, name) => {
                    is_object(of) && is_reduce_only(program, name, &bind.value)
                }
                _ => false,
            },
            Kind::Call(call) if call.receiver().is_some_and(is_object) => {
                let by_keyword = call
                    .keywords()
                    .any(|(name, value)| is_reduce_only(program, name, value));
                let inserted = call
                    .positional()
                    .find_map(key_text)
                    .zip(call.positional().last());
                by_keyword
                    || inserted.is_some_and(|(name, value)| is_reduce_only(program, name, value))
            }
            _ => false,
        })
}
