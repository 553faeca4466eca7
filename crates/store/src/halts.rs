//! The halts of a store, as sets of symbol names.

use std::collections::BTreeSet;

use portcullis::{guardrails::Halt, types::Symbol};

/// A change of the halts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaltChange {
    /// These names are added to the halts; `*` means every symbol.
    Add(BTreeSet<String>),
    /// These names are removed from the halts.
    Remove(BTreeSet<String>),
    /// All halts are removed.
    Clear,
}

/// The name that means every symbol.
pub(super) const ALL: &str = "*";

/// Returns the halt that these names describe. A name that is not a symbol halts everything,
/// because its writer may have intended a halt.
pub(super) fn halt_of(names: &BTreeSet<String>) -> Halt {
    if names.is_empty() {
        return Halt::Nothing;
    }
    let symbols: Result<BTreeSet<Symbol>, _> = names.iter().map(|name| Symbol::new(name)).collect();
    match symbols {
        Ok(symbols) if !names.contains(ALL) => Halt::Symbols(symbols),
        Ok(_) | Err(_) => Halt::Everything,
    }
}

/// Returns the halt of both sets of names, and the part of it that is only in `recorded`: the names that were removed
/// without a resume.
#[cfg(feature = "redis")]
pub(super) fn halt_of_both(names: &BTreeSet<String>, recorded: &BTreeSet<String>) -> (Halt, Halt) {
    if names.contains(ALL) {
        return (Halt::Everything, Halt::Nothing);
    }
    let normal = |name: &String| Symbol::new(name).map_or_else(|_| name.clone(), |s| s.to_string());
    let present: BTreeSet<String> = names.iter().map(normal).collect();
    let lost = recorded
        .iter()
        .filter(|name| !present.contains(&normal(name)));
    let lost: BTreeSet<String> = lost.cloned().collect();
    let both: BTreeSet<String> = names.union(recorded).cloned().collect();
    (halt_of(&both), halt_of(&lost))
}

/// Applies a change to the names of the halts.
pub(super) fn apply(names: &mut BTreeSet<String>, change: &HaltChange) {
    match change {
        HaltChange::Add(more) => names.extend(more.iter().cloned()),
        // The names are compared as symbols, because another writer may have used lower case.
        HaltChange::Remove(fewer) => names.retain(|name| {
            let symbol = Symbol::new(name).map_or_else(|_| name.clone(), |s| s.to_string());
            !fewer.contains(&symbol)
        }),
        HaltChange::Clear => names.clear(),
    }
}
