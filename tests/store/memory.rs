//! The store in memory.

use std::sync::{Arc, Mutex};

use portcullis::{
    domain::PolicyHash,
    guardrails::Halt,
    store::{
        AuditLog, AuditTrail, Breach, Change, Commit, Head, MemoryStore, PolicyStore, PublishError,
        Record, StoreError, Stored, Which,
    },
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
fn a_store_is_called_by_its_name() {
    assert_eq!(MemoryStore::new().name(), "memory");
}

#[test]
fn what_a_publisher_is_told() {
    let store = MemoryStore::new();
    let hash = publish(&store, "1").hash();
    let conflict = store.publish(&publication("2", ""), None).unwrap_err();
    assert_eq!(
        conflict.to_string(),
        format!(
            "the store holds {hash}, and the writer saw no policy; look at it and publish again"
        )
    );
    let missing = |which: Which| PublishError::NotInHistory(which).to_string();
    assert_eq!(
        missing(Which::Seq(9)),
        "no publication with the sequence 9 is in the history; list it and choose another"
    );
    let zeros: PolicyHash = PolicyHash::parse(&"0".repeat(64)).unwrap();
    assert!(missing(Which::Hash(zeros)).contains(&format!("with the hash {zeros} is")));
    let breach = |found: Option<&str>| Breach::Venue {
        found: found.map(str::to_owned),
        required: "binance".to_owned(),
    };
    assert_eq!(
        PublishError::Constraint(vec![breach(None), breach(Some("okx"))]).to_string(),
        "the guardrails do not permit the policy: `venue`: nothing, required `binance`; \
         `venue`: `okx`, required `binance`; change the policy, or the guardrails"
    );
}

#[test]
fn entries_behind_the_end_of_an_audit_show() {
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
        ["the store remembers nothing of the entries from 2 on"]
    );
}

/// A store into which somebody else writes between the look of a writer and the writing.
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

    fn history_records(&self, newest: usize) -> Result<Vec<Record>, StoreError> {
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
fn nothing_is_written_over_what_a_writer_has_not_seen() {
    let meddled = |meddle| Meddled {
        store: MemoryStore::new(),
        meddle: Mutex::new(Some(meddle)),
    };
    // A policy, by a writer that keeps no audit.
    let store = meddled(|store| store.put(Stored::Fields(fields_of(&policy("other", "")))));
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert!(
        matches!(refused, PublishError::Conflict { found: Some(_), .. }),
        "{refused}"
    );
    // A halt: the policy is as it was, and the audit is not.
    let store = meddled(|store| {
        store.halt(&Halt::Everything, &ada(), now()).unwrap();
    });
    store.publish(&publication("1", ""), None).unwrap();
    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    assert_eq!(trail.entries().len(), 2);
    assert_eq!(store.halts(), Ok(Halt::Everything));
}
