//! Checks 3 and 4 for thresholds without a name: `if r_net >= 2.0: close_partial(…)`.

use std::collections::BTreeSet;

use super::{
    follow::{Follow, Wanted},
    routine::{Program, Routine},
};
use crate::{
    check::Check,
    evidence::Evidence,
    name_words::{any, words},
    tree::{At, Comparison, Kind, Leaving, Node},
    vocabulary::Subject,
};

/// Words for the display or classification of a value.
const LOOKS: [&str; 10] = [
    "colour", "color", "bucket", "label", "style", "css", "tag", "badge", "emoji", "severity",
];
const LADDER: [&str; 8] = [
    "harvest", "partial", "ladder", "profit", "multiple", "stage", "close", "trail",
];

pub(super) fn examine<'a>(program: &Program<'a>, routine: &Routine<'a>, found: &mut Vec<Evidence>) {
    let validated = validated(routine);
    for node in &routine.nodes {
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
            let Some((check, name)) = measured(program, routine, measure) else {
                continue;
            };
            for it in (Follow {
                program,
                routine,
                wanted: &Threshold { program },
                to_unit: false,
            })
            .all(threshold)
            {
                let why = format!(
                    "`{name}` is compared with {}, which does not come from a policy",
                    it.value
                );
                found.push(Evidence {
                    check,
                    at: it.node.at,
                    value: it.value,
                    why,
                });
            }
        }
    }
}

/// Returns the measure, and the check that covers its thresholds.
fn measured<'a>(
    program: &Program<'a>,
    routine: &Routine<'a>,
    node: &'a Node,
) -> Option<(Check, &'a str)> {
    let name = match &node.kind {
        Kind::Index(_, key) => super::sinks::key_text(key)?,
        Kind::Call(call) => match call.positional().find_map(super::sinks::key_text) {
            Some(text) => text,
            None => call.callee.last_name()?,
        },
        Kind::Name(_) | Kind::Field(..) => node.last_name()?,
        _ => return None,
    };
    let in_ladder = || name == "r" && any(&words(routine.name), &LADDER);
    if program.speaks_of(name, Subject::RMeasure) || in_ladder() {
        return Some((Check::HarvestThreshold, name));
    }
    program
        .speaks_of(name, Subject::KillMeasure)
        .then_some((Check::KillScore, name))
}

/// Returns the comparisons that cannot cause a trade: in assertions, in conditions that only raise an error, and in
/// display code.
fn validated(routine: &Routine<'_>) -> BTreeSet<At> {
    let mut all = BTreeSet::new();
    for node in &routine.nodes {
        match &node.kind {
            Kind::Leave(Leaving::Assert, Some(condition)) => within(condition, &mut all),
            Kind::If {
                condition, then, ..
            } if refuses(then) => within(condition, &mut all),
            // A comparison that selects a display style has no effect on trading.
            Kind::Bind(bind)
                if bind
                    .target
                    .last_name()
                    .is_some_and(|name| any(&words(name), &LOOKS)) =>
            {
                within(&bind.value, &mut all)
            }
            // Counting has no effect on trading.
            Kind::Each { made, over } if matches!(made.kind, Kind::Number(_)) => {
                within(over, &mut all)
            }
            _ => {}
        }
    }
    all
}

fn within(node: &Node, all: &mut BTreeSet<At>) {
    if let Kind::Compare(..) = node.kind {
        all.insert(node.at);
    }
    node.children()
        .into_iter()
        .for_each(|child| within(child, all));
}

fn refuses(then: &Node) -> bool {
    match &then.kind {
        Kind::Block { nodes, .. } => nodes.last().is_some_and(refuses),
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

impl Wanted for Threshold<'_, '_> {
    fn leaf(&self, node: &Node) -> Option<String> {
        match node.kind {
            Kind::Number(number) if number != 0.0 && number.is_finite() => Some(number.to_string()),
            _ => None,
        }
    }

    /// A named threshold is reported at its binding.
    fn is_known(&self, name: &str) -> bool {
        [Subject::Threshold, Subject::KillScore]
            .into_iter()
            .any(|subject| self.program.speaks_of(name, subject))
    }
}
