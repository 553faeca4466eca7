//! A search for the literals that a value can evaluate to. It follows fallbacks, casts, bounds, and
//! names that are bound once.

use super::{
    calls::{
        BOUND_KEYS, BOUNDS, COUNTS, DEFAULTS, FALLBACK_METHODS, FIELDS, LOOKUPS, PASS_ARGUMENT,
        PASS_RECEIVER, ROUNDING, UNITS,
    },
    scope::{Program, Scope},
};
use crate::{
    name_words::{contains_any, words},
    tree::{Call, Entry, Kind, Leaving, Node, Operator},
    vocabulary::Vocabulary,
    work::step,
};

/// Powers of ten by which one unit is converted into another.
const CONVERSIONS: [f64; 10] = [100.0, 1e3, 1e4, 1e6, 1e8, 1e9, 0.01, 1e-3, 1e-4, 1e-6];

/// Maximum length of a chain of names and calls that is followed.
const DEEPEST: usize = 6;

/// The literals that a search looks for.
pub(super) trait Search {
    /// If the search looks for nodes of this kind, returns the value of the node as a finding prints it.
    fn match_node(&self, node: &Node) -> Option<String>;
    /// Returns true if a name is not followed because its own binding is checked.
    fn skips_name(&self, name: &str) -> bool;
}

/// A value that the search looked for, and the node at which it is reported.
pub(super) struct Match<'a> {
    pub(super) node: &'a Node,
    pub(super) value: String,
}

/// A search that starts at a value.
pub(super) struct Trace<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) scope: &'p Scope<'a>,
    pub(super) search: &'p dyn Search,
    /// True if the target name contains a unit, as in `cost_bps = cost * 10_000`.
    pub(super) to_unit: bool,
}

impl<'p, 'a> Trace<'p, 'a> {
    pub(super) fn new(
        program: &'p Program<'a>,
        scope: &'p Scope<'a>,
        search: &'p dyn Search,
    ) -> Self {
        Self {
            program,
            scope,
            search,
            to_unit: false,
        }
    }

    /// Returns every match that the value can evaluate to.
    pub(super) fn matches(&self, value: &'a Node) -> Vec<Match<'a>> {
        let mut found = Vec::new();
        self.trace(value, 0, &mut found);
        found
    }

    fn trace(&self, node: &'a Node, depth: usize, found: &mut Vec<Match<'a>>) {
        step();
        if depth > DEEPEST {
            return;
        }
        if let Some(value) = self.search.match_node(node) {
            found.push(Match { node, value });
            return;
        }
        let mut on = |node: &'a Node| self.trace(node, depth, found);
        match &node.kind {
            Kind::Name(_) | Kind::Field(..) => self.name(node, depth, found),
            Kind::Call(call) => self.call(call, depth, found),
            Kind::Index(of, _) => self.table(of, depth, found),
            Kind::If {
                then, otherwise, ..
            } => {
                on(then);
                if let Some(otherwise) = otherwise {
                    on(otherwise);
                }
            }
            Kind::Match { arms, .. } => arms.iter().for_each(|arm| on(&arm.body)),
            Kind::Block {
                nodes,
                has_value: true,
            } => {
                if let Some(last) = nodes.last() {
                    on(last);
                }
            }
            Kind::Or(left, right) => {
                on(left);
                on(right);
            }
            Kind::Arithmetic(operator, left, right) => {
                self.arithmetic(*operator, left, right, depth, found)
            }
            Kind::List(nodes) => nodes.iter().for_each(on),
            Kind::Record { entries, .. } => {
                let values = entries.iter().filter(|entry| !is_bound(entry));
                values.for_each(|entry| on(&entry.value));
            }
            Kind::Comprehension { element, .. } => on(element),
            Kind::Question(inner) => on(inner),
            Kind::Bind(bind) => on(&bind.value),
            Kind::Leave(Leaving::Yield, Some(value)) => on(value),
            Kind::Function(closure) => on(&closure.body),
            _ => {}
        }
    }

    /// Follows a name if it is bound exactly once and its value is a literal.
    fn name(&self, node: &'a Node, depth: usize, found: &mut Vec<Match<'a>>) {
        // The name of a bound or of a count is not followed.
        let stays = |name: &str| {
            self.search.skips_name(name)
                || Vocabulary::is_bound(name)
                || contains_any(&words(name), COUNTS)
        };
        if node.last_name().is_some_and(stays) {
            return;
        }
        if let Some(value) = self.program.single_value(node, self.scope)
            && is_literal(value)
        {
            let mut inner = Vec::new();
            self.trace(value, depth + 1, &mut inner);
            // Report the use, not the binding: only the use gives the number its meaning.
            found.extend(inner.into_iter().take(1).map(|it| Match { node, ..it }));
        }
    }

    /// Follows the table of a lookup such as `TABLE[key]`.
    fn table(&self, of: &'a Node, depth: usize, found: &mut Vec<Match<'a>>) {
        match &of.kind {
            Kind::Name(_) | Kind::Field(..) => self.name(of, depth, found),
            Kind::Record { .. } | Kind::List(_) => self.trace(of, depth, found),
            Kind::Call(call) => self.call(call, depth, found),
            _ => {}
        }
    }

    fn call(&self, call: &'a Call, depth: usize, found: &mut Vec<Match<'a>>) {
        let name = call.name();
        let is = |list: &[&str]| list.contains(&name);
        let mut on = |node: &'a Node| self.trace(node, depth + 1, found);
        if is(FIELDS) {
            call.keywords()
                .filter(|(name, _)| DEFAULTS.contains(name))
                .for_each(|(_, value)| on(value));
            call.positional().take(1).for_each(on);
        } else if is(FALLBACK_METHODS) && call.receiver().is_some() {
            call.receiver().into_iter().for_each(&mut on);
            call.positional().take(1).for_each(on);
        } else if is(BOUNDS) {
            call.receiver()
                .into_iter()
                .filter(|it| !matches!(it.kind, Kind::Name(_)))
                .for_each(&mut on);
            call.positional().for_each(on);
        } else if call.positional().count() >= 2 && is(LOOKUPS) {
            call.positional().last().into_iter().for_each(&mut on);
            if let Some(receiver) = call.receiver() {
                self.table(receiver, depth + 1, found);
            }
        } else if let Some((_, default)) = call.keywords().find(|(name, _)| DEFAULTS.contains(name))
        {
            on(default);
        } else if is(LOOKUPS) && call.receiver().is_some() {
            if let Some(receiver) = call.receiver() {
                self.table(receiver, depth + 1, found);
            }
        } else if (is(PASS_RECEIVER) || is(ROUNDING) && !of_library(call))
            && call.receiver().is_some()
        {
            call.receiver().into_iter().for_each(on);
        } else if is(PASS_ARGUMENT)
            || name.starts_with(char::is_uppercase) && call.arguments.len() == 1
        {
            call.positional()
                .take(if call.is_macro { usize::MAX } else { 1 })
                .for_each(on);
        } else if !self.search.skips_name(name) {
            self.program
                .returned_by(call)
                .iter()
                .filter(|it| is_literal(it))
                .for_each(|it| on(it));
        }
    }

    fn arithmetic(
        &self,
        operator: Operator,
        left: &'a Node,
        right: &'a Node,
        depth: usize,
        found: &mut Vec<Match<'a>>,
    ) {
        match operator {
            Operator::Another => {}
            Operator::Add | Operator::Subtract => {
                for side in [left, right] {
                    if !is_one(side) {
                        self.trace(side, depth, found);
                    }
                }
            }
            Operator::Multiply | Operator::Divide => {
                for (side, other) in [(left, right), (right, left)] {
                    let to_unit = self.to_unit
                        && matches!(side.kind, Kind::Number(factor) if CONVERSIONS.contains(&factor));
                    if !is_one(side) && !is_conversion(side, other) && !to_unit {
                        self.trace(side, depth, found);
                    }
                }
            }
        }
    }
}

/// Returns true for a library function such as `np.round(x, 3)`, which rounds its argument; `x.round(3)` rounds its
/// receiver.
fn of_library(call: &Call) -> bool {
    matches!(call.receiver().map(|it| &it.kind), Some(Kind::Name(name)) if ["np", "numpy", "math", "pd"].contains(&name.as_str()))
}

fn is_bound(entry: &Entry) -> bool {
    entry
        .name
        .as_deref()
        .is_some_and(|name| BOUND_KEYS.contains(&name))
}

fn is_one(node: &Node) -> bool {
    matches!(node.kind, Kind::Number(number) if number.abs() == 1.0)
}

/// Returns true if a node is a power of ten that is combined with a name that contains a unit, or
/// with a rounding.
fn is_conversion(node: &Node, other: &Node) -> bool {
    let Kind::Number(number) = node.kind else {
        return false;
    };
    CONVERSIONS.contains(&number) && (mentions_unit(other) || rounds(other))
}

/// Returns true if a name contains a unit.
pub(super) fn has_unit(name: &str) -> bool {
    contains_any(&words(name), UNITS)
}

fn mentions_unit(node: &Node) -> bool {
    let named = match &node.kind {
        Kind::Name(name) | Kind::Field(_, name) | Kind::Text(name) => has_unit(name),
        _ => false,
    };
    named || node.children().into_iter().any(mentions_unit)
}

fn rounds(node: &Node) -> bool {
    step();
    match &node.kind {
        Kind::Call(call) => ROUNDING.contains(&call.name()) || call.receiver().is_some_and(rounds),
        _ => false,
    }
}

/// Returns true if a node is a literal, or a container, cast or constructor of literals.
pub(super) fn is_literal(node: &Node) -> bool {
    step();
    match &node.kind {
        Kind::Number(_) | Kind::Text(_) | Kind::Truth(_) | Kind::Nothing => true,
        Kind::List(nodes) => nodes.iter().all(is_literal),
        Kind::Record { entries, .. } => entries.iter().all(|entry| is_literal(&entry.value)),
        Kind::Call(call) => {
            let name = call.name();
            let passes_argument = PASS_ARGUMENT.contains(&name)
                || FIELDS.contains(&name)
                || name.starts_with(char::is_uppercase);
            let itself = PASS_RECEIVER.contains(&name) && call.receiver().is_some_and(is_literal);
            (passes_argument || itself) && call.arguments.iter().all(|it| is_literal(&it.value))
        }
        Kind::Block {
            nodes,
            has_value: true,
        } => matches!(nodes.as_slice(), [one] if is_literal(one)),
        Kind::Function(closure) => closure.parameters.is_empty() && is_literal(&closure.body),
        Kind::Arithmetic(_, left, right) => is_literal(left) && is_literal(right),
        _ => false,
    }
}
