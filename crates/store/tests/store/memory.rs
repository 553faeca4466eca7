//! Tests of the store in memory.

use std::sync::{Arc, Mutex};

use portcullis::{
    guardrails::{ConstraintViolation, Halt},
    types::PolicyHash,
};
use portcullis_store::{
    AuditLog, AuditTrail, Change, Commit, FieldMap, Head, MemoryStore, PolicyStore, PublicationId,
    PublishError, StoreError, Stored,
};

use crate::{
    contract::{Fixture, contract},
    policies::{ada, fields_of, now, policy, publication, publish},
};

struct Memory(Arc<MemoryStore>);

fn memory() -> Memory {
    Memory(Arc::new(MemoryStore::new()))
}

impl Fixture for Memory {
    fn open(&self) -> Box<dyn PolicyStore> {
        Box::new(Arc::clone(&self.0))
    }

    fn put(&self, fields: &[(String, String)]) {
        self.0.put(match fields {
            [] => Stored::Nothing,
            fields => Stored::Fields(fields.to_vec()),
        });
    }
}

contract!(memory());

#[test]
fn the_name_of_the_store_is_memory() {
    assert_eq!(MemoryStore::new().name(), "memory");
}

#[test]
fn the_texts_of_publish_errors() {
    let store = MemoryStore::new();
    let hash = publish(&store, "1").hash();
    let conflict = store.publish(&publication("2", ""), None).unwrap_err();
    assert_eq!(
        conflict.to_string(),
        format!(
            "the store contains {hash}, but this publication was prepared against no policy; review the stored policy and publish again"
        )
    );
    let missing = |id: PublicationId| PublishError::NotInHistory(id).to_string();
    assert_eq!(
        missing(PublicationId::Seq(9)),
        "the history has no publication with the sequence 9; list the history and choose another"
    );
    let zeros: PolicyHash = "0".repeat(64).parse().unwrap();
    assert!(missing(PublicationId::Hash(zeros)).contains(&format!("with the hash {zeros};")));
    let violation = |found: Option<&str>| ConstraintViolation::Venue {
        found: found.map(str::to_owned),
        required: "binance".to_owned(),
    };
    assert_eq!(
        PublishError::ConstraintViolation(vec![violation(None), violation(Some("okx"))])
            .to_string(),
        "the policy violates the guardrails: the policy has no `venue`; the guardrails require `binance`; \
         the venue of the policy is `okx`; the guardrails require `binance`; change the policy or the guardrails"
    );
}

#[test]
fn audit_entries_beyond_the_saved_end_are_detected() {
    let store = MemoryStore::new();
    publish(&store, "1");
    let before = store.audit_log().unwrap().head;
    publish(&store, "2");
    let log = store.audit_log().unwrap();
    let trail = AuditTrail::of(AuditLog {
        head: before,
        ..log
    });
    let faults: Vec<_> = trail.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "entry 2 and all later entries were added after the last entry that the store recorded; find out who wrote them"
        ]
    );
}

/// A store into which another writer writes between the read and the write of a publication.
struct Meddled {
    store: MemoryStore,
    meddle: Mutex<Option<fn(&MemoryStore)>>,
}

impl PolicyStore for Meddled {
    fn name(&self) -> String {
        self.store.name()
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        self.store.stored()
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.store.head()
    }

    fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError> {
        self.store.history_records(newest)
    }

    fn audit_log(&self) -> Result<AuditLog, StoreError> {
        self.store.audit_log()
    }

    fn halts(&self) -> Result<Halt, StoreError> {
        self.store.halts()
    }

    fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
        if let Some(meddle) = self.meddle.lock().unwrap().take() {
            meddle(&self.store);
        }
        self.store.commit(change)
    }
}

#[test]
fn a_change_between_read_and_write_is_not_overwritten() {
    let meddled = |meddle| Meddled {
        store: MemoryStore::new(),
        meddle: Mutex::new(Some(meddle)),
    };
    // This writer publishes another policy without an entry in the audit log.
    let store = meddled(|store| store.put(Stored::Fields(fields_of(&policy("other", "")))));
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert!(
        matches!(refused, PublishError::Conflict { found: Some(_), .. }),
        "{refused}"
    );
    // A halt changes the audit log, but not the policy.
    let store = meddled(|store| {
        store.halt(&Halt::Everything, &ada(), now()).unwrap();
    });
    store.publish(&publication("1", ""), None).unwrap();
    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    assert_eq!(trail.entries().len(), 2);
    assert_eq!(store.halts(), Ok(Halt::Everything));
}
