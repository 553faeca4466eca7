//! Check 7: ownership is checked before every exit, and a missing `reduce_only` is never replaced by a default.

use super::{
    named_values::{NamedBy, NamedValue},
    orders::{OrderKind, order_kind},
    scope::{Program, Scope},
};
use crate::{
    check::Check,
    tree::{At, Call, Kind, Node},
    violation::Violation,
    vocabulary::Subject,
    work::step,
};

/// Methods that read or copy an owner without checking it.
const COPIES: [&str; 7] = [
    "clone",
    "copy",
    "to_string",
    "to_owned",
    "get",
    "strip",
    "format",
];

pub(super) fn examine<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    named_values: &[NamedValue<'a>],
    found: &mut Vec<Violation>,
) {
    for (node, call) in scope.calls() {
        if order_kind(program, scope, call) == Some(OrderKind::Exit)
            && !is_owned(program, scope, node.at)
        {
            let why = format!(
                "`{}` emits an exit, but nothing before it in this function checks the exit owner",
                call.name()
            );
            found.push(Violation {
                check: Check::ExitOwnership,
                at: node.at,
                value: call.name().to_owned(),
                why,
            });
        }
    }
    for named in named_values {
        let name = named
            .names
            .iter()
            .rev()
            .find(|name| program.is_about(name, Subject::ReduceOnly));
        let value = match &named.value.kind {
            Kind::Truth(yes) => Some(yes.to_string()),
            Kind::Text(text) if ["true", "false"].contains(&text.to_lowercase().as_str()) => {
                Some(format!("\"{text}\""))
            }
            Kind::Call(call) if is_field_of(call) => Some("a default".to_owned()),
            _ => None,
        };
        if let (Some(name), Some(value), true) = (
            name,
            value,
            named.by.is_default() || is_of_default(scope, named),
        ) {
            let why = format!(
                "{value} {} `{name}`: an exit without this flag must be rejected, not given a default",
                named.by.describe()
            );
            found.push(Violation {
                check: Check::ExitOwnership,
                at: named.value.at,
                value,
                why,
            });
        }
    }
    for (_, call) in scope.calls() {
        let defaults = call.name() == "unwrap_or_default"
            && call.receiver().is_some_and(|it| {
                super::named_values::names(it)
                    .into_iter()
                    .any(|name| program.is_about(name, Subject::ReduceOnly))
            });
        if defaults {
            let why =
                "a missing `reduce_only` becomes `false`; reject the order instead".to_owned();
            found.push(Violation {
                check: Check::ExitOwnership,
                at: call.callee.at,
                value: call.name().to_owned(),
                why,
            });
        }
    }
}

/// Returns true for a call that declares a default: `Field(False)`, `field(default=False)`, `Default::default()`.
fn is_field_of(call: &Call) -> bool {
    let is_truth = |node: &Node| matches!(node.kind, Kind::Truth(_));
    let is_default = matches!(&call.callee.kind, Kind::Name(name) if name == "Default::default" || name == "bool::default");
    is_default
        || call.arguments.iter().any(|it| {
            is_truth(&it.value) && it.name.as_deref().is_none_or(|name| name == "default")
        })
}

/// Returns true if the value is a field that an `impl Default` sets.
fn is_of_default(scope: &Scope<'_>, named: &NamedValue<'_>) -> bool {
    let of_default = scope
        .class
        .is_some_and(|class| class.of.iter().any(|of| of == "Default"));
    named.by == NamedBy::Entry && of_default && scope.name == "default"
}

/// Returns true if a parameter, or a call, comparison or condition before this position, refers to the exit owner.
fn is_owned(program: &Program<'_>, scope: &Scope<'_>, at: At) -> bool {
    let is_about = |name: &str| program.is_about(name, Subject::Owner);
    let parameter = scope
        .parameters
        .iter()
        .any(|it| is_about(&it.name) || it.declared.as_deref().is_some_and(is_about));
    let before = scope
        .nodes
        .iter()
        .inspect(|_| step())
        .filter(|node| node.at < at)
        .any(|node| match &node.kind {
            Kind::Call(call) => {
                is_about(call.name())
                    || !COPIES.contains(&call.name())
                        && call.receiver().is_some_and(|it| names_owner(it, &is_about))
            }
            Kind::Compare(_, left, right) => {
                names_owner(left, &is_about) || names_owner(right, &is_about)
            }
            Kind::If { condition, .. } => names_owner(condition, &is_about),
            Kind::Fits(_, value) => names_owner(value, &is_about),
            _ => false,
        });
    parameter || before
}

fn names_owner(node: &Node, is_about: &impl Fn(&str) -> bool) -> bool {
    let itself = match &node.kind {
        Kind::Name(name) | Kind::Field(_, name) | Kind::Text(name) => is_about(name),
        _ => false,
    };
    itself
        || node
            .children()
            .into_iter()
            .any(|child| names_owner(child, is_about))
}
