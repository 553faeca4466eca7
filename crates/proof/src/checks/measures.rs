//! Checks 3 and 4 for numbers that are compared with R or with the kill score directly: `if r_net
//! >= 2.0: close_partial(…)`.

use std::collections::BTreeSet;

use super::{
    scope::{Program, Scope},
    trace::{Search, Trace},
};
use crate::{
    check::Check,
    name_words::{contains_any, words},
    tree::{At, Comparison, Kind, Leaving, Node},
    violation::Violation,
    vocabulary::Subject,
};

/// Words for the display or classification of a value.
const DISPLAY_WORDS: [&str; 10] = [
    "colour", "color", "bucket", "label", "style", "css", "tag", "badge", "emoji", "severity",
];
const LADDER_WORDS: [&str; 8] = [
    "harvest", "partial", "ladder", "profit", "multiple", "stage", "close", "trail",
];

pub(super) fn examine<'a>(program: &Program<'a>, scope: &Scope<'a>, found: &mut Vec<Violation>) {
    let validated = validated(scope);
    for node in &scope.nodes {
        let Kind::Compare(comparison, left, right) = &node.kind else {
            continue;
        };
        let orders = matches!(
            comparison,
            Comparison::Less
                | Comparison::LessOrEqual
                | Comparison::Greater
                | Comparison::GreaterOrEqual
        );
        if !orders || validated.contains(&node.at) {
            continue;
        }
        for (measure, threshold) in [(left, right), (right, left)] {
            let Some((check, name)) = measured(program, scope, measure) else {
                continue;
            };
            for it in Trace::new(program, scope, &Threshold { program }).matches(threshold) {
                let why = format!(
                    "`{name}` is compared with {}, which does not come from a policy",
                    it.value
                );
                found.push(Violation {
                    check,
                    at: it.node.at,
                    value: it.value,
                    why,
                });
            }
        }
    }
}

/// Returns the name of the measure that a node reads (R or the kill score), and the check that
/// covers its thresholds.
fn measured<'a>(
    program: &Program<'a>,
    scope: &Scope<'a>,
    node: &'a Node,
) -> Option<(Check, &'a str)> {
    let name = match &node.kind {
        Kind::Index(_, key) => super::named_values::key_text(key)?,
        Kind::Call(call) => match call.positional().find_map(super::named_values::key_text) {
            Some(text) => text,
            None => call.callee.last_name()?,
        },
        Kind::Name(_) | Kind::Field(..) => node.last_name()?,
        _ => return None,
    };
    let in_ladder = || name == "r" && contains_any(&words(scope.name), &LADDER_WORDS);
    if program.is_about(name, Subject::RMeasure) || in_ladder() {
        return Some((Check::HarvestThreshold, name));
    }
    program
        .is_about(name, Subject::KillMeasure)
        .then_some((Check::KillScore, name))
}

/// Returns the positions of the comparisons that cannot cause a trade: in assertions, in conditions
/// that only raise an error, in display code, and in counts.
fn validated(scope: &Scope<'_>) -> BTreeSet<At> {
    let mut all = BTreeSet::new();
    for node in &scope.nodes {
        match &node.kind {
            Kind::Leave(Leaving::Assert, Some(condition)) => {
                collect_comparisons(condition, &mut all)
            }
            Kind::If {
                condition, then, ..
            } if only_raises(then) => collect_comparisons(condition, &mut all),
            // A comparison that selects a display style has no effect on trading.
            Kind::Bind(bind)
                if bind
                    .target
                    .last_name()
                    .is_some_and(|name| contains_any(&words(name), &DISPLAY_WORDS)) =>
            {
                collect_comparisons(&bind.value, &mut all)
            }
            // Counting has no effect on trading.
            Kind::Comprehension { element, over } if matches!(element.kind, Kind::Number(_)) => {
                collect_comparisons(over, &mut all)
            }
            _ => {}
        }
    }
    all
}

fn collect_comparisons(node: &Node, all: &mut BTreeSet<At>) {
    if let Kind::Compare(..) = node.kind {
        all.insert(node.at);
    }
    node.children()
        .into_iter()
        .for_each(|child| collect_comparisons(child, all));
}

fn only_raises(then: &Node) -> bool {
    match &then.kind {
        Kind::Block { nodes, .. } => nodes.last().is_some_and(only_raises),
        Kind::Leave(Leaving::Raise, _) => true,
        Kind::Leave(Leaving::Return, Some(value)) => is_error(value),
        Kind::Call(_) => is_error(then),
        _ => false,
    }
}

fn is_error(node: &Node) -> bool {
    matches!(&node.kind, Kind::Call(call) if call.name() == "Err")
}

struct Threshold<'p, 'a> {
    program: &'p Program<'a>,
}

impl Search for Threshold<'_, '_> {
    fn match_node(&self, node: &Node) -> Option<String> {
        match node.kind {
            Kind::Number(number) if number != 0.0 && number.is_finite() => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns true if the name refers to a threshold, because a named threshold is reported at its
    /// binding.
    fn skips_name(&self, name: &str) -> bool {
        [Subject::Threshold, Subject::KillScore]
            .into_iter()
            .any(|subject| self.program.is_about(name, subject))
    }
}
