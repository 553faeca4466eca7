//! One atomic change of a store, with the state before and after it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    FieldMap, HaltChange, Head, Operator, Publication, PublicationRefusal, PublishConditions,
    RolloutChange, RolloutRefusal, RolloutStep, Stored, StoredSet, UnmetCondition, audit,
    field_map::epoch_text,
    halts::ALL,
    history::{DERIVATION, GATE},
};
use portcullis::{
    guardrails::Halt,
    policy::{Policy, field},
    types::{PolicyHash, Symbol, Timestamp},
};

/// One atomic change, which is applied only to the store state for which it was planned.
///
/// Only the provided methods of [`PolicyStore`](super::PolicyStore) build a change, after all their
/// checks. There is no public constructor.
#[derive(Debug, Clone)]
pub struct Change {
    before: Head,
    after: Head,
    audit: FieldMap,
    publication: Option<PublicationChange>,
    update: Option<FieldMap>,
    set: Option<SetChange>,
    halt: Option<HaltChange>,
}

/// The part of a change that replaces the policy set. It applies only if the store still holds the replaced set.
#[derive(Debug, Clone)]
pub struct SetChange {
    replaced: Option<String>,
    text: String,
    started: Option<PolicyHash>,
}

#[derive(Debug, Clone)]
struct PublicationChange {
    replaced: Stored,
    fields: BTreeMap<String, String>,
    history: Option<FieldMap>,
    at: Timestamp,
    conditions: Option<PublishConditions>,
}

/// The outcome of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// The change was applied. Each text describes one repair that was made.
    Done(Vec<String>),
    /// The store is not in the state for which the change was planned; nothing was changed.
    Moved,
    /// A condition of the publication is not met; nothing was changed.
    Unmet(UnmetCondition),
}

impl Change {
    pub(super) fn publish(
        publication: &Publication,
        policy: &Policy,
        replaced: Stored,
        before: Head,
        set: Option<(SetChange, u64)>,
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
        history.set_if("promotion_of", publication.promotion_of());
        publication.operator().write_to(&mut history);
        let evidence = publication.evidence();
        history.set_if(DERIVATION, evidence.derivation.as_ref());
        history.set_if(GATE, evidence.gate.as_ref());
        let fields = policy.fields().clone();
        history.set(
            "policy",
            FieldMap::new(fields.iter().map(|(k, v)| (k.as_str(), v.as_str()))).to_json(),
        );
        let (set, set_seq) = set.unzip();
        let audit = audit::of_publication(publication, policy, &replaced, &before, set_seq);
        let update = FieldMap::new([
            ("event", "policy.updated"),
            ("version", policy.version()),
            ("timestamp", &at),
        ]);
        Self {
            after: before.after(&audit, policy.seq(), set_seq),
            publication: Some(PublicationChange {
                replaced,
                fields,
                history: Some(history),
                at: publication.at(),
                conditions: publication.conditions().cloned(),
            }),
            update: Some(update),
            set,
            ..Self::only_audit(audit, before)
        }
    }

    /// Returns the change that only appends an entry to the audit log.
    fn only_audit(audit: FieldMap, before: Head) -> Self {
        Self {
            after: before.after(&audit, None, None),
            before,
            audit,
            publication: None,
            update: None,
            set: None,
            halt: None,
        }
    }

    /// Returns the change that records a refused publication in the audit log.
    pub(super) fn refusal(refusal: &PublicationRefusal, before: Head) -> Self {
        Self::only_audit(audit::of_refusal(refusal, &before), before)
    }

    /// Returns the change that records a refused change of the policy set in the audit log.
    pub(super) fn rollout_refusal(refusal: &RolloutRefusal, before: Head) -> Self {
        Self::only_audit(audit::of_rollout_refusal(refusal, &before), before)
    }

    /// Returns a change of the policy set that does not change the policy.
    pub(super) fn rollout(
        change: &RolloutChange,
        (set, stored): (SetChange, &StoredSet),
        before: Head,
    ) -> Self {
        let audit = audit::of_rollout(change, stored.set(), &before);
        let at = epoch_text(change.at);
        Self {
            after: before.after(&audit, None, Some(stored.set().seq())),
            update: Some(FieldMap::new([("event", "policy.set"), ("timestamp", &at)])),
            set: Some(set),
            ..Self::only_audit(audit, before)
        }
    }

    /// Returns the change that removes the policy, so that other programs can write its key or file.
    pub(super) fn release(
        operator: &Operator,
        now: Timestamp,
        replaced: Stored,
        before: Head,
    ) -> Self {
        let audit = audit::of_release(operator, now, &replaced, &before);
        let update = FieldMap::new([("event", audit::RELEASED), ("timestamp", &epoch_text(now))]);
        Self {
            after: Head {
                is_released: true,
                ..before.after(&audit, None, None)
            },
            publication: Some(PublicationChange {
                replaced,
                fields: BTreeMap::new(),
                history: None,
                at: now,
                conditions: None,
            }),
            update: Some(update),
            ..Self::only_audit(audit, before)
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
            halt,
            ..Self::only_audit(audit, before)
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

    /// Returns the policy that the change replaces; `None` for a halt or a resume. The change applies only if the store
    /// still holds this policy.
    #[must_use]
    pub fn replaced(&self) -> Option<&Stored> {
        Some(&self.publication.as_ref()?.replaced)
    }

    /// Returns the conditions of a publication.
    #[must_use]
    pub fn conditions(&self) -> Option<&PublishConditions> {
        self.publication.as_ref()?.conditions.as_ref()
    }

    /// Checks the conditions of a publication at the time of the publication. `is_held` receives the token of a lease
    /// and returns true if the lease is held.
    pub(super) fn check_conditions(
        &self,
        is_held: impl FnOnce(&str) -> bool,
    ) -> Result<(), UnmetCondition> {
        match &self.publication {
            Some(PublicationChange {
                conditions: Some(conditions),
                at,
                ..
            }) => conditions.check(is_held(&conditions.lease), *at),
            Some(_) | None => Ok(()),
        }
    }

    /// Returns all fields of the new policy, which replace all fields of the old policy. The map is empty if the policy
    /// is removed. Returns `None` for a halt or a resume.
    #[must_use]
    pub fn fields(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.publication.as_ref()?.fields)
    }

    /// Returns the entry that is appended to the history; `None` for a release, a halt or a resume.
    #[must_use]
    pub fn history(&self) -> Option<&FieldMap> {
        self.publication.as_ref()?.history.as_ref()
    }

    /// Returns the update notification for readers that wait for a new policy or policy set; `None` for a halt or
    /// resume.
    #[must_use]
    pub const fn update(&self) -> Option<&FieldMap> {
        self.update.as_ref()
    }

    /// Returns the change of the policy set, if there is one.
    #[must_use]
    pub const fn set(&self) -> Option<&SetChange> {
        self.set.as_ref()
    }

    /// Returns the change of the halts, if there is one.
    #[must_use]
    pub const fn halts(&self) -> Option<&HaltChange> {
        self.halt.as_ref()
    }
}

impl SetChange {
    pub(super) fn new(replaced: Option<String>, stored: &StoredSet) -> Self {
        Self {
            replaced,
            text: stored.to_json(),
            started: None,
        }
    }

    /// Also removes earlier results of the arm if the step starts one.
    pub(super) fn with_started(mut self, step: &RolloutStep) -> Self {
        if let RolloutStep::Start(start) = step {
            self.started = Some(start.arm.hash());
        }
        self
    }

    /// Returns the text that the store must still hold as its policy set; `None` if it must hold none.
    #[must_use]
    pub fn replaced(&self) -> Option<&str> {
        self.replaced.as_deref()
    }

    /// Returns the new text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the hash of the arm that is started, whose earlier results are removed.
    #[must_use]
    pub const fn started(&self) -> Option<PolicyHash> {
        self.started
    }
}
