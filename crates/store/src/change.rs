//! One atomic change of a store, with the state before and after it.

use std::collections::{BTreeMap, BTreeSet};

use super::{FieldMap, Operator, Publication, Stored, audit, field_map::epoch_text};
use portcullis::{
    guardrails::Halt,
    policy::{Policy, field},
    types::{Symbol, Timestamp},
};

/// The end of the audit log, and the highest sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of entries that were written to the audit log.
    pub entries: u64,
    /// The digest of the last entry; 64 zeros before the first.
    pub last: String,
    /// The highest `policy_seq` published so far.
    pub seq: Option<u64>,
}

impl Head {
    /// Returns the head of an empty store.
    #[must_use]
    pub fn start() -> Self {
        Self {
            entries: 0,
            last: "0".repeat(64),
            seq: None,
        }
    }

    fn after(&self, audit: &FieldMap, seq: Option<u64>) -> Self {
        Self {
            entries: self.entries.saturating_add(1),
            last: audit.digest(),
            seq: seq.or(self.seq),
        }
    }
}

/// A change of the halts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaltChange {
    /// These names are halted in addition; `*` is every symbol.
    Add(BTreeSet<String>),
    /// These names are removed from the halts.
    Remove(BTreeSet<String>),
    /// All halts are removed.
    Clear,
}

/// One atomic change, which is applied only to the store state for which it was planned.
///
/// Only the provided methods of [`PolicyStore`](super::PolicyStore) build one, after all their checks: there is no
/// public constructor.
#[derive(Debug, Clone)]
pub struct Change {
    before: Head,
    after: Head,
    audit: FieldMap,
    publication: Option<PublicationChange>,
    halt: Option<HaltChange>,
}

#[derive(Debug, Clone)]
struct PublicationChange {
    replaced: Stored,
    fields: BTreeMap<String, String>,
    history: FieldMap,
    update: FieldMap,
}

/// The outcome of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// The change was applied. Each text describes one repair that was made.
    Done(Vec<String>),
    /// The store is not in the state for which the change was planned; nothing was changed.
    Moved,
}

impl Change {
    pub(super) fn publish(
        publication: &Publication,
        policy: &Policy,
        replaced: Stored,
        before: Head,
    ) -> Self {
        let at = epoch_text(publication.at());
        let hash = policy.hash().to_string();
        let mut history = FieldMap::new([
            (field::POLICY_VERSION, policy.version()),
            (field::POLICY_HASH, &hash),
            ("published_at_epoch", &at),
        ]);
        history.set_if(field::POLICY_SEQ, policy.seq());
        history.set_if("rollback_of", publication.rollback_of());
        set_operator(&mut history, publication.operator());
        let fields = policy.fields().clone();
        history.set(
            "policy",
            FieldMap::new(fields.iter().map(|(k, v)| (k.as_str(), v.as_str()))).to_json(),
        );
        let audit = audit::of_publication(publication, policy, &replaced, &before);
        let update = FieldMap::new([
            ("event", "policy.updated"),
            ("version", policy.version()),
            ("timestamp", &at),
        ]);
        Self {
            after: before.after(&audit, policy.seq()),
            before,
            audit,
            publication: Some(PublicationChange {
                replaced,
                fields,
                history,
                update,
            }),
            halt: None,
        }
    }

    pub(super) fn halt(
        event: &str,
        scope: &Halt,
        operator: &Operator,
        now: Timestamp,
        before: Head,
    ) -> Self {
        let stops = event == audit::HALTED;
        let names = |symbols: &BTreeSet<Symbol>| symbols.iter().map(Symbol::to_string).collect();
        let halt = match (scope, stops) {
            (Halt::Nothing, _) => None,
            (Halt::Symbols(symbols), true) => Some(HaltChange::Add(names(symbols))),
            (Halt::Symbols(symbols), false) => Some(HaltChange::Remove(names(symbols))),
            (Halt::Everything, true) => Some(HaltChange::Add(BTreeSet::from([ALL.to_owned()]))),
            (Halt::Everything, false) => Some(HaltChange::Clear),
        };
        let audit = audit::of_halt(event, scope, operator, now, &before);
        Self {
            after: before.after(&audit, None),
            before,
            audit,
            publication: None,
            halt,
        }
    }

    /// Returns the head that the store must have for the change to apply.
    #[must_use]
    pub const fn before(&self) -> &Head {
        &self.before
    }

    /// Returns the head of the store after the change.
    #[must_use]
    pub const fn after(&self) -> &Head {
        &self.after
    }

    /// Returns the entry that is appended to the audit log.
    #[must_use]
    pub const fn audit(&self) -> &FieldMap {
        &self.audit
    }

    /// Returns the content that the store must hold as its policy for the change to apply; `None` for a halt or
    /// resume.
    #[must_use]
    pub fn replaced(&self) -> Option<&Stored> {
        Some(&self.publication.as_ref()?.replaced)
    }

    /// Returns all fields of the new policy. They replace all fields of the old one.
    #[must_use]
    pub fn fields(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.publication.as_ref()?.fields)
    }

    /// Returns the entry that is appended to the history.
    #[must_use]
    pub fn history(&self) -> Option<&FieldMap> {
        Some(&self.publication.as_ref()?.history)
    }

    /// Returns the entry for readers that wait for a new policy.
    #[must_use]
    pub fn update(&self) -> Option<&FieldMap> {
        Some(&self.publication.as_ref()?.update)
    }

    /// Returns the change of the halts, if there is one.
    #[must_use]
    pub const fn halts(&self) -> Option<&HaltChange> {
        self.halt.as_ref()
    }
}

/// The name that means every symbol.
pub(super) const ALL: &str = "*";

/// Returns the halt that these names describe. A name that is not a symbol halts everything: its writer intended a
/// halt.
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

/// Applies a change to the names of the halts.
pub(super) fn apply(names: &mut BTreeSet<String>, change: &HaltChange) {
    match change {
        HaltChange::Add(more) => names.extend(more.iter().cloned()),
        // Compare as symbols: another writer may have used another case.
        HaltChange::Remove(fewer) => names.retain(|name| {
            let symbol = Symbol::new(name).map_or_else(|_| name.clone(), |s| s.to_string());
            !fewer.contains(&symbol)
        }),
        HaltChange::Clear => names.clear(),
    }
}

/// Adds the operator's name and reason to a record.
pub(super) fn set_operator(record: &mut FieldMap, operator: &Operator) {
    record.set("by", operator.name());
    record.set_if("reason", operator.reason());
}
