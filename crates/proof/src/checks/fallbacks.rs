//! Check 10: failures and missing values that are replaced by a default.

use super::{
    named_values::{NamedBy, NamedValue, names},
    orders::{OrderKind, order_kind},
    policies::{PolicyGuards, any_node, leaves, loads},
    scope::{Program, Scope, ScopeKind},
    trace::is_literal,
};
use crate::{
    check::Check,
    name_words::{contains_any, words},
    tree::{At, Bind, Call, Comparison, Kind, Leaving, Node, Parameter, Pattern},
    violation::Violation,
    vocabulary::Subject,
    work::step,
};

const BUILT_IN_WORDS: [&str; 9] = [
    "default",
    "fallback",
    "backup",
    "emergency",
    "hardcoded",
    "builtin",
    "standard",
    "failsafe",
    "baseline",
];
const NUMBERS: [&str; 9] = [
    "f64", "f32", "u64", "u32", "u16", "u8", "i64", "i32", "Decimal",
];
const DECISION_SUBJECTS: [Subject; 10] = [
    Subject::Leverage,
    Subject::MaximumLeverage,
    Subject::Threshold,
    Subject::KillScore,
    Subject::Universe,
    Subject::Weight,
    Subject::Size,
    Subject::SizeInContext,
    Subject::Policy,
    Subject::Theta,
];

pub(super) fn examine<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    named_values: &[NamedValue<'a>],
    found: &mut Vec<Violation>,
) {
    let fallbacks = Fallbacks { program, scope };
    fallbacks.derived(found);
    for node in &scope.nodes {
        match &node.kind {
            Kind::Try { body, handlers, .. } => {
                for handler in handlers {
                    fallbacks.handler(handler.at, &handler.body, body, found);
                }
            }
            Kind::Match { on, arms } => {
                for arm in arms
                    .iter()
                    .filter(|arm| matches!(arm.pattern, Pattern::Failed))
                {
                    fallbacks.handler(arm.at, &arm.body, on, found);
                }
            }
            Kind::If {
                condition, then, ..
            } => {
                if let Kind::Fits(pattern, value) = &condition.kind
                    && let Pattern::Failed = **pattern
                {
                    fallbacks.handler(node.at, then, value, found);
                }
            }
            Kind::Call(call) => fallbacks.default_of(node, call, found),
            _ => {}
        }
    }
    for named in named_values {
        let name = named
            .names
            .iter()
            .rev()
            .find(|name| fallbacks.is_policy_name(name));
        let number = named
            .names
            .iter()
            .rev()
            .find(|name| fallbacks.is_decision_name(name));
        if let (Some(name), Kind::Call(call)) = (number, &named.value.kind)
            && call.name() == "unwrap_or_default"
            && !program.is_about(name, Subject::Universe)
        {
            let why = format!("a missing `{name}` becomes a default");
            Fallbacks::push(call.callee.at, call.name(), why, found);
        }
        if let (None, Some(name), NamedBy::Fallback) = (name, number, named.by)
            && is_default_path(named.value)
        {
            let why = format!("a missing `{name}` becomes a default");
            Fallbacks::push(named.value.at, name, why, found);
        }
        if let Some(name) = name
            && (named.by.is_default() && named.by != NamedBy::Setting
                || is_default_call(named.value))
            && fallbacks.is_built_in(named.value)
        {
            let why = format!("a missing `{name}` is replaced by a built-in default");
            Fallbacks::push(
                named.value.at,
                named.value.last_name().unwrap_or(name),
                why,
                found,
            );
        }
    }
}

struct Fallbacks<'p, 'a> {
    program: &'p Program<'a>,
    scope: &'p Scope<'a>,
}

impl<'a> Fallbacks<'_, 'a> {
    fn push(at: At, value: &str, why: String, found: &mut Vec<Violation>) {
        found.push(Violation {
            check: Check::SilentFallback,
            at,
            value: value.to_owned(),
            why,
        });
    }

    /// Reports `#[derive(Default)]` on harvest parameters, which makes every threshold zero.
    fn derived(&self, found: &mut Vec<Violation>) {
        let Some(class) = self
            .scope
            .class
            .filter(|_| self.scope.kind == ScopeKind::Class)
        else {
            return;
        };
        let is_decision_name = |field: &&Parameter| {
            let is_number = field
                .declared
                .as_deref()
                .is_some_and(|declared| NUMBERS.contains(&declared));
            let is = |subject| self.program.is_about(&field.name, subject);
            is_number && (is(Subject::Threshold) || is(Subject::KillScore) || is(Subject::Leverage))
        };
        if let Some(field) = class.fields.iter().find(is_decision_name)
            && class.of.iter().any(|of| of == "Default")
        {
            let why = format!(
                "`{}` derives `Default`, which sets `{}` to zero",
                class.name, field.name
            );
            Self::push(self.scope.at, &class.name, why, found);
        }
    }

    /// Checks the handler of a failure.
    fn handler(&self, at: At, handler: &'a Node, attempt: &'a Node, found: &mut Vec<Violation>) {
        if let Some(name) = self.replaced_name(handler) {
            return Self::push(
                at,
                &name,
                format!("on failure, `{name}` is replaced by a default"),
                found,
            );
        }
        if let Some(name) = self.emits(handler) {
            return Self::push(
                at,
                &name,
                format!("on failure, `{name}` emits an entry"),
                found,
            );
        }
        if leaves(handler) || !self.emits_after(at) {
            return;
        }
        for name in self.names_read(attempt) {
            if !self.is_checked_after(&name, at) {
                let why = format!("the failure to read `{name}` is ignored, and an entry follows");
                return Self::push(at, &name, why, found);
            }
        }
    }

    /// Returns the name to which the handler assigns a default, if any.
    fn replaced_name(&self, handler: &'a Node) -> Option<String> {
        let mut name = None;
        visit(handler, &mut |node| {
            if name.is_some() {
                return;
            }
            match &node.kind {
                Kind::Bind(bind) => name = self.default_bound(bind),
                Kind::Leave(Leaving::Return, Some(value))
                    if self.is_decision_name(self.scope.name)
                        && self.is_default(value, self.scope.name) =>
                {
                    name = Some(self.scope.name.to_owned());
                }
                Kind::Leave(Leaving::Return, Some(value)) if self.is_built_in_policy(value) => {
                    name = value
                        .last_name()
                        .map(str::to_owned)
                        .or_else(|| called(value));
                }
                _ => {}
            }
        });
        let of_function = self.is_decision_name(self.scope.name) && is_default_path(handler);
        if name.is_none() && (of_function || self.is_built_in_policy(handler)) {
            name = called(handler);
        }
        name
    }

    fn default_bound(&self, bind: &'a Bind) -> Option<String> {
        let target = match &bind.target.kind {
            Kind::Index(_, key) => super::named_values::key_text(key),
            _ => bind.target.last_name(),
        }?;
        (self.is_decision_name(target) && self.is_default(&bind.value, target))
            .then(|| target.to_owned())
    }

    fn is_default(&self, value: &'a Node, name: &str) -> bool {
        // A string or a number cannot be a policy. A map, a list or a constructor call with literal
        // arguments can be one.
        let can_be = !self.is_policy_name(name)
            || matches!(
                value.kind,
                Kind::Record { .. } | Kind::List(_) | Kind::Call(_)
            );
        can_be && is_literal(value) && !is_empty(value) || self.is_built_in(value)
    }

    /// Returns true if a value is a built-in default: by its name, as a constructor of literals, or as `X::default()`.
    fn is_built_in(&self, value: &Node) -> bool {
        step();
        match &value.kind {
            Kind::Name(name) => contains_any(&words(name), &BUILT_IN_WORDS),
            Kind::Field(_, name) => contains_any(&words(name), &BUILT_IN_WORDS),
            Kind::Record { entries, .. } => entries
                .iter()
                .any(|entry| is_literal(&entry.value) && !is_empty(&entry.value)),
            Kind::Call(call) => {
                let bare = call.name().starts_with(char::is_uppercase)
                    && call.arguments.iter().all(|it| is_literal(&it.value));
                let of_path = matches!(&call.callee.kind, Kind::Name(path) if path.ends_with("::default") || path.ends_with("::new") && call.arguments.is_empty());
                let copied = ["copy", "deepcopy", "dict", "Some", "Arc", "Ok", "new"]
                    .contains(&call.name())
                    && call.positional().any(|it| self.is_built_in(it));
                let itself = ["copy", "clone", "into", "to_owned"].contains(&call.name())
                    && call.receiver().is_some_and(|it| self.is_built_in(it));
                // `Policy.conservative()` builds a policy in code; a real policy is loaded from a store.
                let of_type = matches!(call.receiver().map(|it| &it.kind), Some(Kind::Name(of)) if of.starts_with(char::is_uppercase) && self.is_policy_name(of))
                    && call.arguments.is_empty()
                    && !loads(self.program, call);
                bare && self.is_policy_name(call.name())
                    || of_type
                    || of_path
                    || copied
                    || itself
                    || contains_any(&words(call.name()), &BUILT_IN_WORDS)
                        && !call.name().starts_with("unwrap_or")
            }
            Kind::Function(closure) => self.is_built_in(&closure.body),
            Kind::Block {
                nodes,
                has_value: true,
            } => nodes.last().is_some_and(|last| self.is_built_in(last)),
            _ => false,
        }
    }

    /// Returns true if a value is a built-in default and its name refers to a policy or to harvest parameters.
    fn is_built_in_policy(&self, value: &Node) -> bool {
        let names = match &value.kind {
            Kind::Call(call) => names(&call.callee),
            Kind::Name(_) | Kind::Field(..) => names(value),
            Kind::Block {
                nodes,
                has_value: true,
            } => {
                return nodes
                    .last()
                    .is_some_and(|last| self.is_built_in_policy(last));
            }
            _ => return false,
        };
        self.is_built_in(value) && names.iter().any(|name| self.is_policy_name(name))
    }

    /// Reports `unwrap_or_default()` of a number or a policy, and `Theta::default()`.
    fn default_of(&self, node: &Node, call: &Call, found: &mut Vec<Violation>) {
        if ["unwrap_or_default", "or_default"].contains(&call.name()) {
            let read = call.receiver().map(names).unwrap_or_default();
            // An empty universe allows no trade.
            let counts = |name: &&str| {
                self.is_decision_name(name) && !self.program.is_about(name, Subject::Universe)
            };
            if let Some(name) = read.into_iter().rev().find(counts) {
                Self::push(
                    call.callee.at,
                    call.name(),
                    format!("a missing `{name}` becomes a default"),
                    found,
                );
            }
        }
        if let Kind::Name(path) = &call.callee.kind
            && let Some(of) = path.strip_suffix("::default")
            && self.is_policy_name(of)
        {
            Self::push(
                node.at,
                path,
                format!("`{of}` must not have a default: it must come from a policy"),
                found,
            );
        }
    }

    fn emits(&self, node: &'a Node) -> Option<String> {
        let mut name = None;
        visit(node, &mut |node| {
            if let Kind::Call(call) = &node.kind
                && order_kind(self.program, self.scope, call) == Some(OrderKind::Entry)
            {
                name.get_or_insert_with(|| call.name().to_owned());
            }
        });
        name
    }

    fn emits_after(&self, at: At) -> bool {
        let mut after = self.scope.calls().filter(|(node, _)| node.at > at);
        after.any(|(_, call)| order_kind(self.program, self.scope, call) == Some(OrderKind::Entry))
    }

    /// Returns the names of trading values and policies that this code reads.
    fn names_read(&self, attempt: &'a Node) -> Vec<String> {
        let mut all = Vec::new();
        visit(attempt, &mut |node| match &node.kind {
            Kind::Bind(bind) => {
                let name = bind.target.last_name().unwrap_or_default();
                let is_loaded = any_node(
                    &bind.value,
                    &|node| matches!(&node.kind, Kind::Call(call) if loads(self.program, call)),
                );
                if self.is_decision_name(name) || is_loaded {
                    all.push(name.to_owned());
                }
            }
            Kind::Call(call) if loads(self.program, call) => all.push(call.name().to_owned()),
            _ => {}
        });
        all
    }

    /// Returns true if code after this position leaves the function or loop when the value is
    /// missing.
    fn is_checked_after(&self, name: &str, at: At) -> bool {
        let guards = PolicyGuards {
            program: self.program,
            scope: self.scope,
        };
        let mut entries = self.scope.calls().filter(|(node, call)| {
            node.at > at && order_kind(self.program, self.scope, call) == Some(OrderKind::Entry)
        });
        let by_policy =
            self.is_policy_name(name) && entries.all(|(node, _)| guards.is_guarded(node.at));
        let is_check = |node: &&&Node| match &node.kind {
            Kind::If {
                condition, then, ..
            } => node.at > at && leaves(then) && tests_missing(condition, name),
            _ => false,
        };
        by_policy
            || self
                .scope
                .nodes
                .iter()
                .inspect(|_| step())
                .any(|node| is_check(&node))
    }

    fn is_decision_name(&self, name: &str) -> bool {
        let is = |subject: &Subject| {
            let trades = *subject != Subject::SizeInContext
                || self.scope.mentions(&[
                    "symbol", "side", "order", "trade", "position", "leverage", "notional",
                ]);
            trades && self.program.is_about(name, *subject)
        };
        DECISION_SUBJECTS.iter().any(is)
    }

    fn is_policy_name(&self, name: &str) -> bool {
        self.program.is_about(name, Subject::Policy) || self.program.is_about(name, Subject::Theta)
    }
}

fn called(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Call(call) => Some(call.name().to_owned()),
        Kind::Block { nodes, .. } => nodes.last().and_then(called),
        _ => node.last_name().map(str::to_owned),
    }
}

/// Returns true for a `default` path or its call: `f64::default()`, `Theta::default`, `|_| Default::default()`.
fn is_default_path(value: &Node) -> bool {
    match &value.kind {
        Kind::Name(path) => path.ends_with("::default"),
        Kind::Call(call) => is_default_path(&call.callee),
        Kind::Function(closure) => is_default_path(&closure.body),
        Kind::Block {
            nodes,
            has_value: true,
        } => nodes.last().is_some_and(is_default_path),
        _ => false,
    }
}

fn is_default_call(value: &Node) -> bool {
    matches!(&value.kind, Kind::Call(call) if matches!(&call.callee.kind, Kind::Name(path) if path == "Default::default"))
}

/// Returns true for `None`, empty values, booleans and zero: values that cannot cause a trade.
fn is_empty(value: &Node) -> bool {
    step();
    match &value.kind {
        Kind::Nothing | Kind::Truth(_) => true,
        Kind::Text(text) => text.is_empty(),
        Kind::Number(number) => *number == 0.0 || !number.is_finite(),
        Kind::List(nodes) => nodes.is_empty(),
        Kind::Record { entries, .. } => entries.is_empty(),
        Kind::Call(call) => call.arguments.iter().all(|it| is_empty(&it.value)),
        _ => false,
    }
}

/// Returns true if a condition tests for a missing value: `not x`, `x is None`, `x.is_none()`, `x <= 0`,
/// `!x.is_finite()`.
fn tests_missing(condition: &Node, name: &str) -> bool {
    step();
    let is_it = |node: &Node| any_node(node, &|node| node.last_name() == Some(name));
    match &condition.kind {
        Kind::Not(inner) => is_it(inner),
        Kind::Compare(Comparison::Equal | Comparison::LessOrEqual | Comparison::Less, left, _) => {
            is_it(left)
        }
        Kind::Or(left, right) | Kind::And(left, right) => {
            tests_missing(left, name) || tests_missing(right, name)
        }
        Kind::Call(call) => {
            ["is_none", "is_nan", "isnan", "is_err"].contains(&call.name()) && is_it(condition)
        }
        _ => false,
    }
}

fn visit<'a>(node: &'a Node, each: &mut impl FnMut(&'a Node)) {
    each(node);
    node.children()
        .into_iter()
        .for_each(|child| visit(child, each));
}
