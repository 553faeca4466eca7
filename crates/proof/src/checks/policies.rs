//! Checks 8 and 9: a file that emits an entry uses a policy, and skips if the policy is absent.

use super::{
    named_values::key_text,
    orders::{OrderKind, order_kind},
    scope::{Program, Scope},
};
use crate::{
    check::Check,
    name_words::{contains_any, words},
    tree::{Arm, At, Call, Comparison, Kind, Leaving, Node, Pattern},
    violation::Violation,
    vocabulary::Subject,
    work::step,
};

const LOAD_VERBS: [&str; 14] = [
    "load",
    "get",
    "fetch",
    "read",
    "current",
    "require",
    "active",
    "latest",
    "effective",
    "resolve",
    "pull",
    "reload",
    "acquire",
    "ensure",
];
const STORES: [&str; 16] = [
    "store",
    "client",
    "feed",
    "loader",
    "provider",
    "reader",
    "service",
    "repo",
    "repository",
    "manager",
    "source",
    "registry",
    "cache",
    "watcher",
    "handle",
    "gateway",
];
const STORE_READS: [&str; 12] = [
    "load",
    "get",
    "current",
    "fetch",
    "latest",
    "read",
    "active",
    "in_force",
    "snapshot",
    "ruling",
    "require",
    "get_current",
];
const KEY_READS: [&str; 5] = ["hgetall", "get", "hget", "hmget", "json_get"];
const REQUIRE_VERBS: [&str; 5] = ["require", "must", "ensure", "demand", "insist"];
const ABSENT_WORDS: [&str; 11] = [
    "missing",
    "absent",
    "none",
    "expired",
    "stale",
    "invalid",
    "unavailable",
    "err",
    "empty",
    "unset",
    "dead",
];
const PRESENT_WORDS: [&str; 7] = [
    "some",
    "ok",
    "valid",
    "force",
    "present",
    "available",
    "usable",
];

/// Runs check 9 on one function.
pub(super) fn examine<'a>(program: &Program<'a>, scope: &Scope<'a>, found: &mut Vec<Violation>) {
    let guards = PolicyGuards { program, scope };
    if !guards.has_policy() {
        return;
    }
    for (node, call) in scope.calls() {
        if order_kind(program, scope, call) == Some(OrderKind::Entry) && !guards.is_guarded(node.at)
        {
            let why = format!(
                "`{}` emits an entry, but the function does not end before it if the policy is absent",
                call.name()
            );
            found.push(Violation {
                check: Check::AbsentPolicySkips,
                at: node.at,
                value: call.name().to_owned(),
                why,
            });
        }
    }
}

/// Runs check 8 on the whole file. Only the first entry is reported.
pub(super) fn examine_module(program: &Program<'_>, found: &mut Vec<Violation>) {
    let entry = |scope: &Scope<'_>| -> Option<(At, String)> {
        let mut calls = scope.calls();
        calls.find_map(|(node, call)| {
            (order_kind(program, scope, call) == Some(OrderKind::Entry))
                .then(|| (node.at, call.name().to_owned()))
        })
    };
    let Some((at, name)) = program.scopes.iter().filter_map(entry).min() else {
        return;
    };
    let uses_policy = program.scopes.iter().any(|scope| {
        scope.calls().any(|(_, call)| loads(program, call))
            || scope
                .parameters
                .iter()
                .any(|it| it.declared.as_deref().is_some_and(requires_policy))
    });
    if !uses_policy {
        let why = format!(
            "`{name}` emits an entry, but nothing in this file loads a policy or receives one as a parameter"
        );
        found.push(Violation {
            check: Check::PolicyUsed,
            at,
            value: name,
            why,
        });
    }
}

/// Returns true if a type is a policy, or a value that can only be created under a policy.
fn requires_policy(declared: &str) -> bool {
    declared
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|name| {
            let words = words(name);
            let is = |row: &[&str]| words.iter().map(String::as_str).eq(row.iter().copied());
            is(&["trade"])
                || is(&["in", "force"])
                || contains_any(&words, &["decision", "ruling", "permit"])
                || is_policy_type(&words)
        })
}

fn is_policy_type(words: &[String]) -> bool {
    contains_any(words, &["policy"])
        && !contains_any(
            words,
            &[
                "retry", "backoff", "cache", "restart", "error", "timeout", "event", "hash",
                "version",
            ],
        )
}

/// Returns true if a call reads the active policy.
pub(super) fn loads(program: &Program<'_>, call: &Call) -> bool {
    let name = call.name();
    if ["ruling", "in_force", "inForce", "theta_in_force"].contains(&name) {
        return true;
    }
    if program.is_about(name, Subject::Policy) {
        let its_words = words(name);
        let is_accessor = its_words.len() == 1 && !name.starts_with(char::is_uppercase);
        if is_accessor || contains_any(&its_words, &LOAD_VERBS) {
            return true;
        }
    }
    if STORE_READS.contains(&name) {
        let receiver = call
            .receiver()
            .and_then(Node::last_name)
            .map(words)
            .unwrap_or_default();
        let is_store = contains_any(&receiver, &STORES)
            || receiver.last().is_some_and(|word| word == "policies");
        if is_store && contains_any(&receiver, &["policy", "policies"]) {
            return true;
        }
    }
    let is_key = |node: &Node| match &node.kind {
        Kind::Text(text) => text.contains(':') && contains_any(&words(text), &["policy"]),
        Kind::Name(name) | Kind::Field(_, name) => {
            contains_any(&words(name), &["policy"]) && contains_any(&words(name), &["key"])
        }
        _ => false,
    };
    KEY_READS.contains(&name) && call.positional().any(is_key)
}

/// The policy guards of a function.
pub(super) struct PolicyGuards<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) scope: &'p Scope<'a>,
}

impl PolicyGuards<'_, '_> {
    fn has_policy(&self) -> bool {
        let loaded = self
            .scope
            .calls()
            .any(|(_, call)| loads(self.program, call));
        let optional = self.scope.parameters.iter().any(|it| {
            let declared = it.declared.as_deref().unwrap_or_default();
            let may_be_none = ["Option", "None"]
                .iter()
                .any(|word| declared.contains(word));
            let is_none = it
                .default
                .as_ref()
                .is_some_and(|default| matches!(default.kind, Kind::Nothing));
            (may_be_none && requires_policy(declared))
                || is_none && self.program.is_about(&it.name, Subject::Policy)
        });
        loaded || optional
    }

    /// Returns true if this position cannot be reached with an absent policy.
    pub(super) fn is_guarded(&self, at: At) -> bool {
        self.scope
            .nodes
            .iter()
            .inspect(|_| step())
            .filter(|node| node.at <= at)
            .any(|node| self.is_guard(node, at))
    }

    fn is_guard(&self, node: &Node, at: At) -> bool {
        match &node.kind {
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                let inside = |node: &Node| holds(node, at);
                let tests_absence = self.is_absence_test(condition);
                let leaves_then = tests_absence && leaves(then) && !inside(then);
                let in_else = tests_absence && otherwise.as_deref().is_some_and(inside);
                let tests_presence = self.is_presence_test(condition)
                    && (inside(then) || otherwise.as_deref().is_some_and(leaves));
                leaves_then || in_else || tests_presence
            }
            Kind::Question(inner) => self.is_policy(inner),
            Kind::Bind(bind) => {
                bind.otherwise.as_deref().is_some_and(leaves) && self.is_policy(&bind.value)
            }
            Kind::Match { on, arms } => {
                // Without an arm for the absent policy, the wildcard arm handles it.
                let is_absent_arm =
                    |arm: &&Arm| matches!(arm.pattern, Pattern::Absent | Pattern::Failed);
                let has_absent_arm = arms.iter().any(|arm| is_absent_arm(&arm));
                let without = arms
                    .iter()
                    .filter(|arm| is_absent_arm(arm) || !has_absent_arm && is_wild(&arm.pattern));
                let in_another = arms.iter().any(|arm| holds(&arm.body, at));
                let (mut arms_without, mut all_leave) = (0_usize, true);
                for arm in without {
                    arms_without += 1;
                    all_leave &= leaves(&arm.body) || in_another && !holds(&arm.body, at);
                }
                self.is_policy(on) && arms_without > 0 && all_leave
            }
            Kind::Try { body, handlers, .. } => {
                let loads = any_node(
                    body,
                    &|node| matches!(&node.kind, Kind::Call(call) if loads(self.program, call)),
                );
                loads
                    && !handlers.is_empty()
                    && handlers.iter().all(|handler| leaves(&handler.body))
            }
            Kind::Leave(Leaving::Assert, Some(condition)) => self.is_presence_test(condition),
            Kind::Call(call) => {
                let name = words(call.name());
                let requires = contains_any(&name, &REQUIRE_VERBS)
                    && (loads(self.program, call)
                        || call.positional().any(|it| self.is_policy(it)));
                let panics = ["unwrap", "expect"].contains(&call.name())
                    && call.receiver().is_some_and(|it| self.is_policy(it));
                requires || panics
            }
            _ => false,
        }
    }

    /// Returns true if a node is a policy, by its name or because it was loaded.
    fn is_policy(&self, node: &Node) -> bool {
        step();
        match &node.kind {
            Kind::Name(name) => {
                let is_loaded = |value: &&Node| {
                    any_node(
                        value,
                        &|node| matches!(&node.kind, Kind::Call(call) if loads(self.program, call)),
                    )
                };
                self.program.is_about(name, Subject::Policy)
                    || self.scope.bindings(name).iter().any(is_loaded)
            }
            Kind::Field(of, name) => {
                self.program.is_about(name, Subject::Policy) || self.is_policy(of)
            }
            Kind::Call(call) => {
                loads(self.program, call) || call.receiver().is_some_and(|it| self.is_policy(it))
            }
            Kind::Bind(bind) => self.is_policy(&bind.value) || self.is_policy(&bind.target),
            Kind::Question(inner) => self.is_policy(inner),
            _ => false,
        }
    }

    fn is_absence_test(&self, condition: &Node) -> bool {
        step();
        match &condition.kind {
            Kind::Not(inner) => self.is_presence_test(inner) || self.is_policy(inner),
            Kind::Compare(Comparison::Equal, left, right) => {
                is_nothing(right) && self.is_policy(left)
                    || is_nothing(left) && self.is_policy(right)
            }
            Kind::Or(left, right) => self.is_absence_test(left) || self.is_absence_test(right),
            // `policy is None and strict` does not guard if `strict` is false.
            Kind::And(left, right) => self.is_absence_test(left) && self.is_absence_test(right),
            Kind::Call(call) => {
                let name = words(call.name());
                let on_policy = call.receiver().is_some_and(|it| self.is_policy(it))
                    || contains_any(&name, &["policy"])
                    || call.positional().any(|it| self.is_policy(it));
                contains_any(&name, &ABSENT_WORDS) && on_policy
            }
            Kind::Name(name) => {
                contains_any(&words(name), &["policy"]) && contains_any(&words(name), &ABSENT_WORDS)
            }
            Kind::Field(of, name) => {
                contains_any(&words(name), &ABSENT_WORDS)
                    && (self.is_policy(of) || contains_any(&words(name), &["policy"]))
            }
            Kind::Fits(pattern, value) => {
                matches!(**pattern, Pattern::Absent | Pattern::Failed) && self.is_policy(value)
            }
            _ => false,
        }
    }

    fn is_presence_test(&self, condition: &Node) -> bool {
        step();
        match &condition.kind {
            Kind::Not(inner) => self.is_absence_test(inner),
            Kind::Name(_) | Kind::Bind(_) => self.is_policy(condition),
            Kind::Field(of, name) => {
                self.program.is_about(name, Subject::Policy)
                    || self.is_policy(of) && contains_any(&words(name), &PRESENT_WORDS)
            }
            Kind::Compare(Comparison::Unequal, left, right) => {
                is_nothing(right) && self.is_policy(left)
                    || is_nothing(left) && self.is_policy(right)
            }
            Kind::And(left, right) => self.is_presence_test(left) || self.is_presence_test(right),
            Kind::Call(call) => {
                let on_policy = call.receiver().is_some_and(|it| self.is_policy(it))
                    || call.positional().any(|it| self.is_policy(it));
                loads(self.program, call)
                    || on_policy && contains_any(&words(call.name()), &PRESENT_WORDS)
            }
            Kind::Fits(pattern, value) => {
                matches!(**pattern, Pattern::Present) && self.is_policy(value)
            }
            _ => false,
        }
    }
}

fn is_nothing(node: &Node) -> bool {
    matches!(node.kind, Kind::Nothing) || key_text(node).is_some_and(str::is_empty)
}

fn is_wild(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Other(values) if values.is_empty())
}

/// Returns true if every path through a node returns from the enclosing function, or leaves or
/// continues the enclosing loop.
pub(super) fn leaves(node: &Node) -> bool {
    step();
    match &node.kind {
        Kind::Leave(leaving, _) => !matches!(leaving, Leaving::Assert | Leaving::Yield),
        Kind::Block { nodes, .. } => nodes.iter().any(leaves),
        Kind::If {
            then, otherwise, ..
        } => leaves(then) && otherwise.as_deref().is_some_and(leaves),
        Kind::Match { arms, .. } => !arms.is_empty() && arms.iter().all(|arm| leaves(&arm.body)),
        Kind::Other(nodes) => nodes.iter().any(leaves),
        _ => false,
    }
}

/// Returns true if a node contains the node at this position.
pub(super) fn holds(node: &Node, at: At) -> bool {
    any_node(node, &|node| node.at == at)
}

pub(super) fn any_node(node: &Node, is: &impl Fn(&Node) -> bool) -> bool {
    is(node) || node.children().into_iter().any(|child| any_node(child, is))
}
