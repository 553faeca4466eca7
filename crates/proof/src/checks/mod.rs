//! The checks. They depend on the syntax tree and the vocabulary, not on a language.

mod calls;
mod exits;
mod fallbacks;
mod follow;
mod measures;
mod numbers;
mod orders;
mod policies;
mod routine;
mod sinks;
mod symbols;

use routine::Program;

use super::{evidence::Evidence, tree::Node, vocabulary::Vocabulary};

/// Returns the violations in a file, in source order, at most one for each position and check.
pub(crate) fn examine(root: &Node, vocabulary: &Vocabulary) -> Vec<Evidence> {
    let program = Program::of(root, vocabulary);
    let mut found = Vec::new();
    for routine in &program.routines {
        let sinks = sinks::sinks(&program, routine);
        numbers::examine(&program, routine, &sinks, &mut found);
        symbols::examine(&program, routine, &sinks, &mut found);
        measures::examine(&program, routine, &mut found);
        exits::examine(&program, routine, &sinks, &mut found);
        policies::examine(&program, routine, &mut found);
        fallbacks::examine(&program, routine, &sinks, &mut found);
    }
    policies::examine_module(&program, &mut found);
    found.sort_by_key(|it| (it.at, it.check));
    found.dedup_by_key(|it| (it.at, it.check));
    found
}
