//! Checks 8 and 9: a file that emits an entry uses a policy, and skips if the policy is absent.

use super::{
    orders::{Order, order},
    routine::{Program, Routine},
    sinks::key_text,
};
use crate::{
    check::Check,
    evidence::Evidence,
    name_words::{any, words},
    tree::{Arm, At, Call, Comparison, Kind, Leaving, Node, Pattern},
    vocabulary::Subject,
};

const LOADS: [&str; 14] = [
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
const INSISTS: [&str; 5] = ["require", "must", "ensure", "demand", "insist"];
const GONE: [&str; 11] = [
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
const THERE: [&str; 7] = [
    "some",
    "ok",
    "valid",
    "force",
    "present",
    "available",
    "usable",
];

/// Check 9, for one function.
pub(super) fn examine<'a>(program: &Program<'a>, routine: &Routine<'a>, found: &mut Vec<Evidence>) {
    let rule = Rule { program, routine };
    if !rule.has_policy() {
        return;
    }
    for (node, call) in routine.calls() {
        if order(program, routine, call) == Some(Order::Entry) && !rule.is_guarded(node.at) {
            let why = format!(
                "`{}` emits an entry, but nothing before it leaves the function if the policy is absent",
                call.name()
            );
            found.push(Evidence {
                check: Check::AbsentPolicySkips,
                at: node.at,
                value: call.name().to_owned(),
                why,
            });
        }
    }
}

/// Check 8, for the whole file. Only the first entry is reported.
pub(super) fn examine_module(program: &Program<'_>, found: &mut Vec<Evidence>) {
    let entry = |routine: &Routine<'_>| -> Option<(At, String)> {
        let mut calls = routine.calls();
        calls.find_map(|(node, call)| {
            (order(program, routine, call) == Some(Order::Entry))
                .then(|| (node.at, call.name().to_owned()))
        })
    };
    let Some((at, name)) = program.routines.iter().filter_map(entry).min() else {
        return;
    };
    let asks = program.routines.iter().any(|routine| {
        routine.calls().any(|(_, call)| loads(program, call))
            || routine
                .parameters
                .iter()
                .any(|it| it.declared.as_deref().is_some_and(is_witness))
    });
    if !asks {
        let why = format!(
            "`{name}` emits an entry, but nothing in this file loads a policy or receives one as a parameter"
        );
        found.push(Evidence {
            check: Check::PolicyUsed,
            at,
            value: name,
            why,
        });
    }
}

/// Returns true if a type is a policy, or a value that can only be created under a policy.
fn is_witness(declared: &str) -> bool {
    declared
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|name| {
            let words = words(name);
            let is = |row: &[&str]| words.iter().map(String::as_str).eq(row.iter().copied());
            is(&["trade"])
                || is(&["in", "force"])
                || any(&words, &["decision", "ruling", "permit"])
                || is_policy_type(&words)
        })
}

fn is_policy_type(words: &[String]) -> bool {
    any(words, &["policy"])
        && !any(
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
    if program.speaks_of(name, Subject::Policy) {
        let its_words = words(name);
        let is_accessor = its_words.len() == 1 && !name.starts_with(char::is_uppercase);
        if is_accessor || any(&its_words, &LOADS) {
            return true;
        }
    }
    if STORE_READS.contains(&name) {
        let receiver = call
            .receiver()
            .and_then(Node::last_name)
            .map(words)
            .unwrap_or_default();
        let is_store =
            any(&receiver, &STORES) || receiver.last().is_some_and(|word| word == "policies");
        if is_store && any(&receiver, &["policy", "policies"]) {
            return true;
        }
    }
    let is_key = |node: &Node| match &node.kind {
        Kind::Text(text) => text.contains(':') && any(&words(text), &["policy"]),
        Kind::Name(name) | Kind::Field(_, name) => {
            any(&words(name), &["policy"]) && any(&words(name), &["key"])
        }
        _ => false,
    };
    KEY_READS.contains(&name) && call.positional().any(is_key)
}

/// The policy guards of a function.
pub(super) struct Rule<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) routine: &'p Routine<'a>,
}

impl Rule<'_, '_> {
    fn has_policy(&self) -> bool {
        let loaded = self
            .routine
            .calls()
            .any(|(_, call)| loads(self.program, call));
        let optional = self.routine.parameters.iter().any(|it| {
            let declared = it.declared.as_deref().unwrap_or_default();
            let may_be_none = ["Option", "None"]
                .iter()
                .any(|word| declared.contains(word));
            let is_none = it
                .default
                .as_ref()
                .is_some_and(|default| matches!(default.kind, Kind::Nothing));
            (may_be_none && is_witness(declared))
                || is_none && self.program.speaks_of(&it.name, Subject::Policy)
        });
        loaded || optional
    }

    /// Returns true if this position cannot be reached with an absent policy.
    pub(super) fn is_guarded(&self, at: At) -> bool {
        self.routine
            .nodes
            .iter()
            .filter(|node| node.at <= at)
            .any(|node| self.guards(node, at))
    }

    fn guards(&self, node: &Node, at: At) -> bool {
        match &node.kind {
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                let inside = |node: &Node| holds(node, at);
                let gone = self.is_gone(condition);
                let leaves_then = gone && leaves(then) && !inside(then);
                let in_else = gone && otherwise.as_deref().is_some_and(inside);
                let there = self.is_there(condition)
                    && (inside(then) || otherwise.as_deref().is_some_and(leaves));
                leaves_then || in_else || there
            }
            Kind::Question(inner) => self.is_policy(inner),
            Kind::Bind(bind) => {
                bind.otherwise.as_deref().is_some_and(leaves) && self.is_policy(&bind.value)
            }
            Kind::Match { on, arms } => {
                // Without an arm for the absent policy, the wildcard arm handles it.
                let says_none =
                    |arm: &&Arm| matches!(arm.pattern, Pattern::Absent | Pattern::Failed);
                let any_says = arms.iter().any(|arm| says_none(&arm));
                let without = arms
                    .iter()
                    .filter(|arm| says_none(arm) || !any_says && is_wild(&arm.pattern));
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
            Kind::Leave(Leaving::Assert, Some(condition)) => self.is_there(condition),
            Kind::Call(call) => {
                let name = words(call.name());
                let insists = any(&name, &INSISTS)
                    && (loads(self.program, call)
                        || call.positional().any(|it| self.is_policy(it)));
                let panics = ["unwrap", "expect"].contains(&call.name())
                    && call.receiver().is_some_and(|it| self.is_policy(it));
                insists || panics
            }
            _ => false,
        }
    }

    /// Returns true if a node is a policy, by its name or because it was loaded.
    fn is_policy(&self, node: &Node) -> bool {
        match &node.kind {
            Kind::Name(name) => {
                let is_loaded = |value: &&Node| {
                    any_node(
                        value,
                        &|node| matches!(&node.kind, Kind::Call(call) if loads(self.program, call)),
                    )
                };
                self.program.speaks_of(name, Subject::Policy)
                    || self.routine.bindings(name).iter().any(is_loaded)
            }
            Kind::Field(of, name) => {
                self.program.speaks_of(name, Subject::Policy) || self.is_policy(of)
            }
            Kind::Call(call) => {
                loads(self.program, call) || call.receiver().is_some_and(|it| self.is_policy(it))
            }
            Kind::Bind(bind) => self.is_policy(&bind.value) || self.is_policy(&bind.target),
            Kind::Question(inner) => self.is_policy(inner),
            _ => false,
        }
    }

    fn is_gone(&self, condition: &Node) -> bool {
        match &condition.kind {
            Kind::Not(inner) => self.is_there(inner) || self.is_policy(inner),
            Kind::Compare(Comparison::Equal, left, right) => {
                is_nothing(right) && self.is_policy(left)
                    || is_nothing(left) && self.is_policy(right)
            }
            Kind::Or(left, right) => self.is_gone(left) || self.is_gone(right),
            // `policy is None and strict` does not guard if `strict` is false.
            Kind::And(left, right) => self.is_gone(left) && self.is_gone(right),
            Kind::Call(call) => {
                let name = words(call.name());
                let on_policy = call.receiver().is_some_and(|it| self.is_policy(it))
                    || any(&name, &["policy"])
                    || call.positional().any(|it| self.is_policy(it));
                any(&name, &GONE) && on_policy
            }
            Kind::Name(name) => any(&words(name), &["policy"]) && any(&words(name), &GONE),
            Kind::Field(of, name) => {
                any(&words(name), &GONE) && (self.is_policy(of) || any(&words(name), &["policy"]))
            }
            Kind::Fits(pattern, value) => {
                matches!(**pattern, Pattern::Absent | Pattern::Failed) && self.is_policy(value)
            }
            _ => false,
        }
    }

    fn is_there(&self, condition: &Node) -> bool {
        match &condition.kind {
            Kind::Not(inner) => self.is_gone(inner),
            Kind::Name(_) | Kind::Bind(_) => self.is_policy(condition),
            Kind::Field(of, name) => {
                self.program.speaks_of(name, Subject::Policy)
                    || self.is_policy(of) && any(&words(name), &THERE)
            }
            Kind::Compare(Comparison::Unequal, left, right) => {
                is_nothing(right) && self.is_policy(left)
                    || is_nothing(left) && self.is_policy(right)
            }
            Kind::And(left, right) => self.is_there(left) || self.is_there(right),
            Kind::Call(call) => {
                let on_policy = call.receiver().is_some_and(|it| self.is_policy(it))
                    || call.positional().any(|it| self.is_policy(it));
                loads(self.program, call) || on_policy && any(&words(call.name()), &THERE)
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

/// Returns true if every path through a node leaves the enclosing function or loop.
pub(super) fn leaves(node: &Node) -> bool {
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
