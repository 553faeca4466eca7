//! A store in memory, for tests and for services that get their policy from another source.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    AuditLog, AuditRecord, Change, Commit, FieldMap, Head, PolicyStore, SetChange, StoreError,
    Stored,
    halts::{apply, halt_of},
};
use portcullis::guardrails::Halt;

/// A store that keeps everything in memory until it is dropped.
#[derive(Debug)]
pub struct MemoryStore(Mutex<Content>);

#[derive(Debug)]
struct Content {
    stored: Stored,
    set: Option<String>,
    head: Head,
    history: Vec<FieldMap>,
    audit: Vec<FieldMap>,
    halted: BTreeSet<String>,
    lease: Option<String>,
    updater_state: Option<String>,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a store is created explicitly")]
    pub fn new() -> Self {
        Self(Mutex::new(Content {
            stored: Stored::Nothing,
            set: None,
            head: Head::start(),
            history: Vec::new(),
            audit: Vec::new(),
            halted: BTreeSet::new(),
            lease: None,
            updater_state: None,
        }))
    }

    /// Replaces the stored policy without a publication, as a program that does not use this
    /// library would do.
    pub fn put(&self, stored: Stored) {
        self.content().stored = stored;
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        // No method below can panic between two writes, so the content is consistent after a poisoned lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PolicyStore for MemoryStore {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        Ok(self.content().stored.clone())
    }

    fn stored_set(&self) -> Result<Option<String>, StoreError> {
        Ok(self.content().set.clone())
    }

    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.content().head.clone())
    }

    fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError> {
        let content = self.content();
        Ok(content.history.iter().rev().take(newest).cloned().collect())
    }

    fn audit_log(&self) -> Result<AuditLog, StoreError> {
        let content = self.content();
        Ok(AuditLog {
            records: AuditRecord::numbered(content.audit.iter().cloned()),
            head: content.head.clone(),
            unreadable: Vec::new(),
            may_be_trimmed: false,
        })
    }

    fn halts(&self) -> Result<Halt, StoreError> {
        Ok(halt_of(&self.content().halted))
    }

    fn acquire_lease(&self, token: &str, _: Duration) -> Result<bool, StoreError> {
        let mut content = self.content();
        let holder = content.lease.get_or_insert_with(|| token.to_owned());
        Ok(holder == token)
    }

    fn release_lease(&self, token: &str) -> Result<(), StoreError> {
        self.content().lease.take_if(|holder| holder == token);
        Ok(())
    }

    fn updater_state(&self) -> Result<Option<String>, StoreError> {
        Ok(self.content().updater_state.clone())
    }

    fn save_updater_state(&self, token: &str, state: &str) -> Result<bool, StoreError> {
        let mut content = self.content();
        let is_held = content.lease.as_deref() == Some(token);
        if is_held {
            content.updater_state = Some(state.to_owned());
        }
        Ok(is_held)
    }

    fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
        let mut content = self.content();
        let moved = change
            .replaced()
            .is_some_and(|seen| *seen != content.stored);
        let set_moved = |set: &SetChange| set.replaced() != content.set.as_deref();
        if moved || change.set().is_some_and(set_moved) || content.head != *change.before() {
            return Ok(Commit::Moved);
        }
        if let Err(unmet) = change.check_conditions(|token| content.lease.as_deref() == Some(token))
        {
            return Ok(Commit::Unmet(unmet));
        }
        if let Some(fields) = change.fields() {
            let pairs = fields.iter().map(|(k, v)| (k.clone(), v.clone()));
            let pairs: Vec<_> = pairs.collect();
            content.stored = if pairs.is_empty() {
                Stored::Nothing
            } else {
                Stored::Fields(pairs)
            };
        }
        if let Some(set) = change.set() {
            content.set = Some(set.text().to_owned());
        }
        if let Some(halts) = change.halts() {
            apply(&mut content.halted, halts);
        }
        content.history.extend(change.history().cloned());
        content.audit.push(change.audit().clone());
        content.head = change.after().clone();
        Ok(Commit::Done(Vec::new()))
    }
}
