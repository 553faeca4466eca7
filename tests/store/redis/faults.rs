//! What happens when things go wrong.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use portcullis::{
    decide::{Engine, Reason},
    event::{Event, Scratch, read},
    exit::ExitOwnership,
    guardrails::{Guardrails, Halt},
    policy::{PolicyAbsence, PolicyFault, PolicyState},
    store::{
        LoadError, PolicyStore as _, PublishError, Reader, RedisStore, SequenceGuard, StoreError,
    },
};

use super::{
    Fixture as _, POLICY, Server, redis,
    server::{eventually, tell},
};
use crate::policies::{absence, ada, check_conflict, now, policy, publication, publish, with_hash};

#[test]
fn a_server_that_is_killed_in_the_middle_keeps_whole_publications() {
    let mut server = Server::start();
    let url = server.url();
    let publisher = RedisStore::open(&url).unwrap();
    let reader = RedisStore::open(&url).unwrap();
    for round in 1..=3 {
        let told = AtomicUsize::new(0);
        let before = reader
            .history(usize::MAX)
            .map_or(0, |entries| entries.len());
        thread::scope(|scope| {
            scope.spawn(|| {
                loop {
                    let seen = match publisher.current_hash() {
                        Ok(seen) => seen,
                        Err(StoreError::Unavailable { .. }) => break,
                        Err(error) => panic!("{error}"),
                    };
                    match publisher.publish(&publication("v", ""), seen) {
                        Ok(_) => told.fetch_add(1, Ordering::SeqCst),
                        Err(PublishError::Store(
                            StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. },
                        )) => break,
                        Err(error) => panic!("{error}"),
                    };
                }
            });
            eventually("ten publications", || {
                told.load(Ordering::SeqCst) >= 10 * round
            });
            server.kill();
        });
        assert_eq!(absence(reader.load()), "StoreUnavailable");
        server.restart();
        // The one whose answer was lost may have happened.
        let history = reader.history(usize::MAX).unwrap();
        let added = history.len() - before;
        let told = told.load(Ordering::SeqCst);
        assert!(added == told || added == told + 1, "{added} {told}");
        assert_eq!(Some(reader.load().unwrap().hash()), history[0].hash());
        let trail = reader.audit().unwrap();
        assert!(trail.is_whole(), "{:?}", trail.faults());
        assert_eq!(trail.entries().len(), history.len());
        let updates: usize = server.tell(&["XLEN", "quantum:stream:policy.update"]);
        assert_eq!(updates, history.len());
        // Nothing hinders the next one.
        publish(&publisher, "v");
    }
}

#[test]
fn another_kind_of_key_is_unreadable_and_not_overwritten() {
    let redis = redis();
    let (store, server) = (redis.open(), &redis.0);
    let _: String = server.tell(&["SET", POLICY, "{}"]);
    assert_eq!(
        store.load().unwrap_err().to_string(),
        "`quantum:policy:current`: `another kind of key` is not a hash; publish a whole one, or roll back"
    );
    assert_eq!(absence(store.load()), "POLICY_PARSE_ERROR");
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert!(
        matches!(refused, PublishError::Store(StoreError::Foreign { .. })),
        "{refused}"
    );
    let kept: String = server.tell(&["GET", POLICY]);
    assert_eq!(kept, "{}");
    let _: u64 = server.tell(&["DEL", POLICY]);

    // Where the step's other keys are, nothing at all is written.
    for key in [
        "policy:history",
        "stream:policy.update",
        "stream:policy.audit",
        "policy:head",
    ] {
        let key = format!("quantum:{key}");
        let _: String = server.tell(&["SET", &key, "x"]);
        let refused = store.publish(&publication("1", ""), None).unwrap_err();
        assert!(refused.to_string().contains(&key), "{refused}");
        let keys: Vec<String> = server.tell(&["KEYS", "*"]);
        assert_eq!(keys, [key.as_str()]);
        let _: u64 = server.tell(&["DEL", &key]);
    }
    publish(&*store, "1");

    let _: u64 = redis::cmd("HSET")
        .arg(POLICY)
        .arg("x")
        .arg(b"\xff")
        .query(&mut server.client())
        .unwrap();
    assert_eq!(absence(store.load()), "POLICY_PARSE_ERROR");
}

#[test]
fn a_stream_that_takes_nothing_more_leaves_nothing_behind() {
    let redis = redis();
    let (store, server) = (redis.open(), &redis.0);
    let first = publish(&*store, "1").hash();
    // The last id that there is.
    let last = "18446744073709551615-18446744073709551615";
    let _: String = server.tell(&["XADD", "quantum:stream:policy.update", last, "event", "x"]);
    let refused = store
        .publish(&publication("2", ""), Some(first))
        .unwrap_err();
    assert!(
        matches!(refused, PublishError::Store(StoreError::Unavailable { .. })),
        "{refused}"
    );
    assert_eq!(store.load().unwrap().version(), "1");
    assert_eq!(store.history(10).unwrap().len(), 1);
    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    assert_eq!(trail.entries().len(), 1);
}

#[test]
fn a_torn_write_of_another_writer_is_never_a_policy() {
    let redis = redis();
    let long = r#""limits": {"max_leverage": 15}, "generator": "long","#;
    let kinds = [
        with_hash(&policy("long", long), None),
        with_hash(&policy("short", ""), None),
    ];
    let hashes: Vec<_> = kinds
        .iter()
        .map(|fields| {
            fields
                .iter()
                .find(|(name, _)| name == "policy_hash")
                .unwrap()
                .1
                .clone()
        })
        .collect();
    redis.put(&kinds[1]);
    let done = AtomicBool::new(false);
    let torn = AtomicUsize::new(0);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let store = redis.open();
            while !done.load(Ordering::SeqCst) {
                match store.load() {
                    Ok(policy) => assert!(hashes.contains(&policy.hash().to_string())),
                    Err(LoadError::Absent(PolicyAbsence::Refused(refusal))) => {
                        let fault = refusal.fault();
                        let expected = [PolicyFault::HashMismatch, PolicyFault::MissingField];
                        assert!(expected.contains(&fault), "{refusal}");
                        torn.fetch_add(1, Ordering::SeqCst);
                    }
                    Err(LoadError::Absent(PolicyAbsence::NotFound)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let mut writer = redis.0.client();
        let mut round = 0;
        while torn.load(Ordering::SeqCst) < 200 && !reader.is_finished() {
            // The hash first, in the middle, or last, over the old fields; first, after their removal.
            let mut fields = kinds[round % 2].clone();
            if round % 3 == 0 {
                let _: u64 = tell(&mut writer, &["DEL", POLICY]);
                fields.sort_by_key(|(name, _)| name != "policy_hash");
            } else {
                let length = fields.len();
                fields.rotate_left(round % length);
            }
            for (name, value) in &fields {
                let _: u64 = tell(&mut writer, &["HSET", POLICY, name, value]);
            }
            if round % 2 == 1 {
                let _: u64 = tell(&mut writer, &["HDEL", POLICY, "limits", "generator"]);
            }
            round += 1;
        }
        done.store(true, Ordering::SeqCst);
    });
}

/// Before its hash is there, part of a policy may look like one that never had a hash. That is what the
/// guardrail is for.
#[test]
fn a_torn_write_whose_hash_comes_last_is_seen_by_who_requires_one() {
    let redis = redis();
    let whole = with_hash(&policy("1", r#""limits": {"max_leverage": 15},"#), None);
    let part: Vec<_> = whole
        .into_iter()
        .filter(|(name, _)| name != "policy_hash" && name != "limits")
        .collect();
    redis.put(&part);
    let policy = redis.open().load().unwrap();
    assert!(!policy.states_hash());
    let guardrails = Guardrails::none().with_required_policy_hash();
    let engine = Engine::new(guardrails, ExitOwnership::new("owner", [""; 0]).unwrap());
    let text = r#"{"symbol": "BTCUSDT", "side": "BUY", "source": "s", "position_size_usd": 100}"#;
    let mut scratch = Scratch::default();
    let Event::Intent(intent) = read(text, &mut scratch) else {
        panic!("no intent");
    };
    let decision = engine.decide(PolicyState::present(&policy), &intent, now());
    assert_eq!(decision.reason(), Some(Reason::PolicyConstraintViolation));
}

#[test]
fn a_publication_does_not_run_over_a_writer_in_between() {
    let redis = redis();
    let store = redis.open();
    let seen = publish(&*store, "1").hash();
    let _: u64 = redis
        .0
        .tell(&["HSET", POLICY, "valid_until_epoch", "1866550734"]);
    assert_eq!(absence(store.load()), "POLICY_HASH_MISMATCH");
    let found = store.current_hash().unwrap();
    assert_ne!(found, Some(seen));
    check_conflict(
        store.publish(&publication("2", ""), Some(seen)),
        Some(seen),
        found,
    );
    // Whoever has seen it puts it right.
    store.publish(&publication("2", ""), found).unwrap();
    assert_eq!(store.load().unwrap().version(), "2");
}

#[test]
fn a_server_that_forgets_everything_fools_no_reader() {
    let redis = redis();
    let store = redis.open();
    let reader = Reader::new(redis.open(), SequenceGuard::in_memory());
    publish(&*store, "1");
    publish(&*store, "2");
    assert_eq!(absence(reader.load()), "a policy: 2");
    let _: String = redis.0.tell(&["FLUSHALL"]);
    assert_eq!(absence(reader.load()), "NotFound");
    // The store begins anew; the reader does not.
    assert_eq!(publish(&*store, "3").seq(), 1);
    assert!(store.audit().unwrap().is_whole());
    assert_eq!(
        absence(reader.load()),
        "RolledBack { seen: 2, offered: Some(1) }"
    );
    let higher = publication("4", r#""policy_seq": 3,"#);
    store
        .publish(&higher, store.current_hash().unwrap())
        .unwrap();
    assert_eq!(absence(reader.load()), "a policy: 4");
}

#[test]
fn a_replica_is_read_and_takes_no_writes() {
    let redis = redis();
    let first = publish(&*redis.open(), "1").hash();
    let port = redis.0.port().to_string();
    let replica = Server::with(&[
        "--replicaof",
        "127.0.0.1",
        &port,
        "--repl-diskless-sync-delay",
        "0",
    ]);
    let store = RedisStore::open(&replica.url()).unwrap();
    eventually("the replica has the policy", || store.load().is_ok());
    assert_eq!(store.load().unwrap().hash(), first);
    let refused = store
        .publish(&publication("2", ""), Some(first))
        .unwrap_err();
    assert!(
        matches!(refused, PublishError::Store(StoreError::ReadOnly { .. })),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("write to the primary"),
        "{refused}"
    );
    let halted = store.halt(&Halt::Everything, &ada(), now()).unwrap_err();
    assert!(matches!(halted, StoreError::ReadOnly { .. }), "{halted}");
    assert_eq!(redis.open().load().unwrap().version(), "1");
    publish(&*redis.open(), "2");
    eventually("the replica follows", || {
        store.load().unwrap().version() == "2"
    });
    assert!(store.audit().unwrap().is_whole());
}

#[test]
fn a_connection_that_broke_unused_is_made_anew() {
    let mut server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let first = publish(&store, "1").hash();
    let _: u64 = server.tell(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert_eq!(store.load().unwrap().hash(), first);
    server.kill();
    assert_eq!(absence(store.load()), "StoreUnavailable");
    let refused = store
        .publish(&publication("2", ""), Some(first))
        .unwrap_err();
    assert_eq!(refused.code(), Some("POLICY_STORE_UNAVAILABLE"));
    server.restart();
    store.publish(&publication("2", ""), Some(first)).unwrap();
}
