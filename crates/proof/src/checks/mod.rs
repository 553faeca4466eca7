//! The checks. They depend on the syntax tree and the vocabulary, not on a language.

mod calls;
mod exits;
mod fallbacks;
mod measures;
mod named_values;
mod numbers;
mod orders;
mod policies;
mod scope;
mod symbols;
mod trace;

use scope::Program;

use crate::{tree::Node, violation::Violation, vocabulary::Vocabulary};

/// Returns the violations in a file, in source order, at most one for each position and check.
pub(crate) fn examine(root: &Node, vocabulary: &Vocabulary) -> Vec<Violation> {
    let program = Program::of(root, vocabulary);
    let mut found = Vec::new();
    for scope in &program.scopes {
        let named_values = named_values::named_values(&program, scope);
        numbers::examine(&program, scope, &named_values, &mut found);
        symbols::examine(&program, scope, &named_values, &mut found);
        measures::examine(&program, scope, &mut found);
        exits::examine(&program, scope, &named_values, &mut found);
        policies::examine(&program, scope, &mut found);
        fallbacks::examine(&program, scope, &named_values, &mut found);
    }
    policies::examine_module(&program, &mut found);
    found.sort_by_key(|it| (it.at, it.check));
    found.dedup_by_key(|it| (it.at, it.check));
    found
}
