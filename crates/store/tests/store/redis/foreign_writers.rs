//! Tests of other programs that write the policy, the audit log or the halts.

use std::time::Duration;

use portcullis::{guardrails::Halt, policy::PolicyUnavailable};
use portcullis_store::{
    Feed, LoadError, PolicyStore as _, RedisStore, ReleaseError, SequenceGuard, VerifyingReader,
    redis::keys::AUDIT,
};

use super::{
    POLICY,
    server::{Server, eventually},
};
use crate::policies::{absence, ada, fields_of, now, policy, publish};

/// Writes single fields, as a program does that does not support sequences.
fn hset(server: &Server, version: &str) {
    let mut command = redis::cmd("HSET");
    command.arg(POLICY);
    for (name, value) in fields_of(&policy(version, "")) {
        command.arg(name).arg(value);
    }
    command.exec(&mut server.client()).unwrap();
}

const NEXT: &str = "; the fields were written by another program after publication 1; publish again with \
                    `portcullis policy publish`, or leave the key to that program with `portcullis policy release`";

#[test]
fn a_policy_that_another_program_has_overwritten_is_explained_and_can_be_released() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let reader = VerifyingReader::new(&store, SequenceGuard::in_memory());
    hset(&server, "before");
    assert_eq!(store.foreign_write(&store.stored().unwrap()), Ok(None));
    publish(&store, "1");
    assert_eq!(store.foreign_write(&store.stored().unwrap()), Ok(None));
    assert_eq!(absence(reader.load()), "a policy: 1");

    // The sequence and the hash of the publication are still there.
    hset(&server, "foreign");
    assert_eq!(absence(store.load()), "POLICY_HASH_MISMATCH");
    let error = store.load().unwrap_err().to_string();
    assert!(error.ends_with(NEXT), "{error}");

    let feed = RedisStore::open(&server.url()).unwrap();
    let feed = VerifyingReader::new(feed, SequenceGuard::in_memory());
    let feed = Feed::start(feed, now).unwrap();
    assert!(feed.wait_for_change(0, Duration::from_secs(20)));
    let health = feed.health();
    let refused = health.refused().unwrap().to_string();
    assert!(refused.ends_with(NEXT), "{refused}");
    feed.stop();

    // Without a sequence, a reader that remembers one rejects the fields.
    let _: u64 = server.query(&["DEL", POLICY]);
    hset(&server, "foreign");
    assert_eq!(absence(store.load()), "a policy: foreign");
    let error = reader.load().unwrap_err();
    let LoadError::Absent(PolicyUnavailable::WrittenByOther {
        publication: 1,
        is_released: false,
        refusal,
    }) = &error
    else {
        panic!("{error:?}");
    };
    assert!(matches!(**refusal, PolicyUnavailable::RolledBack { .. }));
    assert!(error.to_string().ends_with(NEXT), "{error}");

    // A release needs the sequence of the last publication.
    for wrong in [0, 2] {
        assert_eq!(
            store.release(wrong, &ada(), now()),
            Err(ReleaseError::NotLast {
                given: wrong,
                highest: Some(1)
            })
        );
    }
    assert_eq!(store.release(1, &ada(), now()), Ok(Vec::new()));
    assert_eq!(absence(store.load()), "NotFound");
    hset(&server, "foreign");
    assert_eq!(absence(store.load()), "a policy: foreign");
    // A reader without a memory accepts it; the memory of the other one does not depend on the store.
    let restarted = VerifyingReader::new(&store, SequenceGuard::in_memory());
    assert_eq!(absence(restarted.load()), "a policy: foreign");
    let error = reader.load().unwrap_err().to_string();
    assert!(error.contains("the key was released"), "{error}");

    // The next publication replaces the content of the key.
    assert_eq!(publish(&store, "2").seq(), 2);
    assert!(!store.head().unwrap().is_released);
    assert_eq!(absence(reader.load()), "a policy: 2");
    let trail = store.audit().unwrap();
    let events: Vec<_> = trail.entries().iter().map(|e| e.event().unwrap()).collect();
    assert_eq!(
        events,
        ["policy.published", "policy.released", "policy.published"]
    );
    assert_eq!(trail.entries()[1].record().get("policy_seq"), Some("1"));
    assert!(trail.is_whole());
}

#[test]
fn a_shared_and_trimmed_audit_stream_is_verified() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    for version in ["1", "2", "3"] {
        let id: String = server.query(&["XADD", AUDIT, "*", "event", "bot.started"]);
        publish(&store, version);
        let trail = store.audit().unwrap();
        assert!(trail.is_whole());
        let last = trail.foreign().last().unwrap();
        assert_eq!(
            (last.id(), last.why()),
            (id.as_str(), "it has no field `entry`")
        );
    }
    let _: u64 = server.query(&["XTRIM", AUDIT, "MAXLEN", "3"]);
    let trail = store.audit().unwrap();
    assert_eq!(trail.faults(), []);
    assert_eq!((trail.trimmed(), trail.is_whole()), (1, false));
    assert_eq!((trail.entries().len(), trail.foreign().len()), (2, 1));
}

#[test]
fn halts_are_read_without_the_permission_to_read_the_policy() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    publish(&store, "1");
    let own = RedisStore::open(&server.url().replace("redis://", "redis://reader:word@")).unwrap();
    let _: String = server.query(&["ACL", "SETUSER", "reader", "on", ">word", "+@all", "~*"]);
    let reader = VerifyingReader::new(own, SequenceGuard::in_memory());
    let feed = Feed::start(reader, now).unwrap();
    let version = || {
        let snapshot = feed.snapshot();
        snapshot
            .policy()
            .policy()
            .map(|policy| policy.version().to_owned())
            .ok()
    };
    eventually("a policy", || version() == Some("1".to_owned()));
    let permit = |keys: &[&str]| {
        let words = [["ACL", "SETUSER", "reader", "resetkeys"].as_slice(), keys].concat();
        let _: String = server.query(&words);
    };
    permit(&[
        "~quantum:halt",
        "~quantum:policy:halted",
        "~quantum:stream:*",
    ]);
    eventually("an error", || feed.health().error().is_some());
    store.halt(&Halt::Everything, &ada(), now()).unwrap();
    eventually("a halt", || *feed.snapshot().halt() == Halt::Everything);
    assert_eq!(version(), Some("1".to_owned()));
    permit(&["~*"]);
    eventually("no error", || feed.health().error().is_none());
}
