//! One step of a store: what it is taken from, and what it makes of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Operator, Publication, Record, Stored, audit, record::epoch_text};
use crate::{
    domain::{Instant, Symbol},
    guardrails::Halt,
    policy::{Policy, field},
};

/// How far the audit and the sequence have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many entries the audit has had.
    pub entries: u64,
    /// The digest of the last one; 64 zeros before the first.
    pub last: String,
    /// The highest `policy_seq` published so far.
    pub seq: Option<u64>,
}

impl Head {
    /// Before anything was done.
    #[must_use]
    pub fn start() -> Self {
        Self {
            entries: 0,
            last: "0".repeat(64),
            seq: None,
        }
    }

    fn after(&self, audit: &Record, seq: Option<u64>) -> Self {
        Self {
            entries: self.entries.saturating_add(1),
            last: audit.digest(),
            seq: seq.or(self.seq),
        }
    }
}

/// What becomes of the halts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaltChange {
    /// These are stopped too; `*` is everything.
    Add(BTreeSet<String>),
    /// These are stopped no longer by name.
    Remove(BTreeSet<String>),
    /// Nothing is stopped any longer.
    Clear,
}

/// One step, to be taken whole or not at all, and only from where it was planned.
///
/// [`PolicyStore`](super::PolicyStore) alone makes one, when every rule holds: there is no public constructor.
#[derive(Debug, Clone)]
pub struct Change {
    before: Head,
    after: Head,
    audit: Record,
    publication: Option<PublicationChange>,
    halt: Option<HaltChange>,
}

#[derive(Debug, Clone)]
struct PublicationChange {
    replaced: Stored,
    fields: BTreeMap<String, String>,
    history: Record,
    update: Record,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// It was taken. What had to be repaired first is told, a line each.
    Done(Vec<String>),
    /// The store is not where the step was planned from: nothing was done.
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
        let mut history = Record::new([
            (field::POLICY_VERSION, policy.version()),
            (field::POLICY_HASH, &hash),
            ("published_at_epoch", &at),
        ]);
        history.set_if(field::POLICY_SEQ, policy.seq());
        history.set_if("rollback_of", publication.rollback_of());
        sign_off(&mut history, publication.operator());
        let fields = policy.fields().clone();
        history.set(
            "policy",
            Record::new(fields.iter().map(|(k, v)| (k.as_str(), v.as_str()))).to_json(),
        );
        let audit = audit::of_publication(publication, policy, &replaced, &before);
        let update = Record::new([
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
        now: Instant,
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

    /// Where the store must stand for the step to be taken.
    #[must_use]
    pub const fn before(&self) -> &Head {
        &self.before
    }

    /// Where it stands afterwards.
    #[must_use]
    pub const fn after(&self) -> &Head {
        &self.after
    }

    /// The entry that the audit gets.
    #[must_use]
    pub const fn audit(&self) -> &Record {
        &self.audit
    }

    /// What must lie in the policy's place for the step to be taken; only of a publication.
    #[must_use]
    pub fn replaced(&self) -> Option<&Stored> {
        Some(&self.publication.as_ref()?.replaced)
    }

    /// All fields of the policy: none of the last stays beside them.
    #[must_use]
    pub fn fields(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.publication.as_ref()?.fields)
    }

    /// The entry that the history gets.
    #[must_use]
    pub fn history(&self) -> Option<&Record> {
        Some(&self.publication.as_ref()?.history)
    }

    /// What those are told who wait for a new policy.
    #[must_use]
    pub fn update(&self) -> Option<&Record> {
        Some(&self.publication.as_ref()?.update)
    }

    /// What becomes of the halts.
    #[must_use]
    pub const fn halts(&self) -> Option<&HaltChange> {
        self.halt.as_ref()
    }
}

/// The name that stands for every symbol.
pub(super) const ALL: &str = "*";

/// What the names of a halt stop. A name that is no symbol stops everything: somebody wanted to stop something.
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

/// The names of the halts after a change.
pub(super) fn apply(names: &mut BTreeSet<String>, change: &HaltChange) {
    match change {
        HaltChange::Add(more) => names.extend(more.iter().cloned()),
        // By symbol: a foreign writer may have written it in another case.
        HaltChange::Remove(fewer) => names.retain(|name| {
            let symbol = Symbol::new(name).map_or_else(|_| name.clone(), |s| s.to_string());
            !fewer.contains(&symbol)
        }),
        HaltChange::Clear => names.clear(),
    }
}

/// Who did it, and why.
pub(super) fn sign_off(record: &mut Record, operator: &Operator) {
    record.set("by", operator.name());
    record.set_if("reason", operator.reason());
}
