//! Check 7: every exit has an owner, and a missing `reduce_only` is never replaced by a default.

use super::{
    orders::{Order, order},
    routine::{Program, Routine},
    sinks::{Sink, Way},
};
use crate::{
    check::Check,
    evidence::Evidence,
    tree::{At, Call, Kind, Node},
    vocabulary::Subject,
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
    routine: &Routine<'a>,
    sinks: &[Sink<'a>],
    found: &mut Vec<Evidence>,
) {
    for (node, call) in routine.calls() {
        if order(program, routine, call) == Some(Order::Exit)
            && !is_owned(program, routine, node.at)
        {
            let why = format!(
                "`{}` emits an exit, but nothing before it in this function checks the exit owner",
                call.name()
            );
            found.push(Evidence {
                check: Check::ExitOwnership,
                at: node.at,
                value: call.name().to_owned(),
                why,
            });
        }
    }
    for sink in sinks {
        let name = sink
            .names
            .iter()
            .rev()
            .find(|name| program.speaks_of(name, Subject::ReduceOnly));
        let value = match &sink.value.kind {
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
            sink.way.is_default() || is_of_default(routine, sink),
        ) {
            let why = format!(
                "{value} {} `{name}`: an exit without this flag must be rejected, not given a default",
                sink.way.told()
            );
            found.push(Evidence {
                check: Check::ExitOwnership,
                at: sink.value.at,
                value,
                why,
            });
        }
    }
    for (_, call) in routine.calls() {
        let defaults = call.name() == "unwrap_or_default"
            && call.receiver().is_some_and(|it| {
                super::sinks::names(it)
                    .into_iter()
                    .any(|name| program.speaks_of(name, Subject::ReduceOnly))
            });
        if defaults {
            let why =
                "a missing `reduce_only` becomes `false`; reject the order instead".to_owned();
            found.push(Evidence {
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

/// Returns true if the sink is a field that an `impl Default` sets.
fn is_of_default(routine: &Routine<'_>, sink: &Sink<'_>) -> bool {
    let of_default = routine
        .class
        .is_some_and(|class| class.of.iter().any(|of| of == "Default"));
    sink.way == Way::Entry && of_default && routine.name == "default"
}

/// Returns true if a parameter, or a call, comparison or condition before this position, refers to the exit owner.
fn is_owned(program: &Program<'_>, routine: &Routine<'_>, at: At) -> bool {
    let speaks = |name: &str| program.speaks_of(name, Subject::Owner);
    let parameter = routine
        .parameters
        .iter()
        .any(|it| speaks(&it.name) || it.declared.as_deref().is_some_and(speaks));
    let before = routine
        .nodes
        .iter()
        .filter(|node| node.at < at)
        .any(|node| match &node.kind {
            Kind::Call(call) => {
                speaks(call.name())
                    || !COPIES.contains(&call.name())
                        && call.receiver().is_some_and(|it| names_owner(it, &speaks))
            }
            Kind::Compare(_, left, right) => {
                names_owner(left, &speaks) || names_owner(right, &speaks)
            }
            Kind::If { condition, .. } => names_owner(condition, &speaks),
            Kind::Fits(_, value) => names_owner(value, &speaks),
            _ => false,
        });
    parameter || before
}

fn names_owner(node: &Node, speaks: &impl Fn(&str) -> bool) -> bool {
    let itself = match &node.kind {
        Kind::Name(name) | Kind::Field(_, name) | Kind::Text(name) => speaks(name),
        _ => false,
    };
    itself
        || node
            .children()
            .into_iter()
            .any(|child| names_owner(child, speaks))
}
