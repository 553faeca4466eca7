//! Tests of the Redis keys, for readers and writers in other languages.

use std::collections::BTreeMap;

use portcullis::guardrails::Halt;
use portcullis_store::{FieldMap, StoreError, open, redis::keys::HALTS};

use super::{Fixture as _, POLICY, Server, redis, server::free_port};
use crate::policies::{absence, ada, now, publication, publish};

type Entries = Vec<(String, Vec<(String, String)>)>;

fn records(server: &Server, key: &str) -> Vec<FieldMap> {
    let entries: Entries = server.query(&["XRANGE", key, "-", "+"]);
    entries
        .into_iter()
        .map(|(_, pairs)| FieldMap::new(pairs))
        .collect()
}

#[test]
fn every_key_has_the_documented_content() {
    let redis = redis();
    let (store, server) = (redis.open(), &redis.0);
    let receipt = publish(&*store, "v1");
    let fields: BTreeMap<String, String> = server.query(&["HGETALL", POLICY]);
    assert_eq!(fields, *receipt.policy().fields());
    assert_eq!(fields["policy_hash"], receipt.hash().to_string());

    let updates = records(server, "quantum:stream:policy.update");
    let update = [
        ("event", "policy.updated"),
        ("version", "v1"),
        ("timestamp", "1766547134.500000"),
    ];
    assert_eq!(updates, [FieldMap::new(update)]);

    let audit = records(server, "quantum:stream:policy.audit");
    assert_eq!(audit[0], *store.audit().unwrap().entries()[0].record());
    for name in [
        "policy_version",
        "policy_hash",
        "valid_until_epoch",
        "created_at_epoch",
        "universe_count",
        "leverage_range",
        "previous",
    ] {
        assert!(audit[0].get(name).is_some(), "{name}");
    }
    let head: BTreeMap<String, String> = server.query(&["HGETALL", "quantum:policy:head"]);
    assert_eq!(head["last"], audit[0].digest());
    assert_eq!((head["entries"].as_str(), head["seq"].as_str()), ("1", "1"));

    store.halt(&Halt::Everything, &ada(), now()).unwrap();
    let members: Vec<String> = server.query(&["SMEMBERS", "quantum:halt"]);
    assert_eq!(members, ["*"]);
    let mut keys: Vec<String> = server.query(&["KEYS", "*"]);
    keys.sort();
    assert_eq!(
        keys,
        [
            "quantum:halt",
            "quantum:policy:current",
            "quantum:policy:halted",
            "quantum:policy:head",
            "quantum:policy:history",
            "quantum:stream:policy.audit",
            "quantum:stream:policy.update",
        ]
    );
}

#[test]
fn halts_of_other_writers_count() {
    let redis = redis();
    let (store, server) = (redis.open(), &redis.0);
    let symbols =
        |names: &[&str]| Halt::Symbols(names.iter().map(|name| name.parse().unwrap()).collect());
    let _: u64 = server.query(&["SADD", HALTS, "btcusdt", "ETHUSDT"]);
    assert_eq!(store.halts(), Ok(symbols(&["BTCUSDT", "ETHUSDT"])));
    let resumed = store.resume(&symbols(&["BTCUSDT"]), &ada(), now());
    assert_eq!(resumed, Ok(symbols(&["ETHUSDT"])));
    let _: u64 = server.query(&["SADD", HALTS, "not a symbol"]);
    assert_eq!(store.halts(), Ok(Halt::Everything));
    // The key has a string instead of a set.
    let _: String = server.query(&["SET", HALTS, "*"]);
    assert_eq!(store.halts(), Ok(Halt::Everything));
    let more = store.halt(&symbols(&["SOLUSDT"]), &ada(), now());
    assert_eq!(more, Ok(Halt::Everything));
    assert_eq!(
        store.resume(&symbols(&["SOLUSDT"]), &ada(), now()),
        Ok(Halt::Everything)
    );
    assert_eq!(
        store.resume(&Halt::Everything, &ada(), now()),
        Ok(Halt::Nothing)
    );
    // A halt works even if the policy key has another type.
    let _: String = server.query(&["SET", POLICY, "x"]);
    assert_eq!(
        store.halt(&Halt::Everything, &ada(), now()),
        Ok(Halt::Everything)
    );
}

#[test]
fn a_password_is_never_printed() {
    let server = Server::with(&["--requirepass", "s3cret-word"]);
    let url = |login: &str| format!("redis://{login}127.0.0.1:{}/0", server.port());
    let store = open(&url("default:s3cret-word@")).unwrap();
    publish(&*store, "1");
    assert_eq!(
        store.name(),
        format!("redis://127.0.0.1:{}/0", server.port())
    );

    let shown = portcullis_store::RedisStore::open(&url("default:s3cret-word@")).unwrap();
    assert_eq!(
        format!("{shown:?}"),
        format!("RedisStore({})", store.name())
    );

    let texts = |url: &str| {
        let store = open(url).unwrap();
        let load = store.load().unwrap_err();
        assert_eq!(absence(Err(load.clone())), "StoreUnavailable");
        let publish = store.publish(&publication("2", ""), None).unwrap_err();
        format!("{load} {load:?} {publish} {publish:?} {}", store.name())
    };
    let wrong = texts(&url("default:wr0ng-word@"));
    assert!(wrong.contains("wrong user or password"), "{wrong}");
    assert!(!wrong.contains("wr0ng"), "{wrong}");
    let none = texts(&url(""));
    assert!(none.contains("the server requires a password"), "{none}");
    let away = format!("redis://:s3cret-word@127.0.0.1:{}/", free_port());
    assert!(!texts(&away).contains("s3cret"));
    for odd in [
        "redis://:s3cret-word@",
        "redis://:s3cret-word@h:x/",
        "s3cret-word",
        "http://s3cret-word",
    ] {
        let Err(error) = open(odd) else {
            panic!("{odd}")
        };
        assert!(matches!(error, StoreError::Address(_)));
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
    let store = portcullis_store::RedisStore::open(&away).unwrap();
    assert!(!format!("{store:?}").contains("s3cret"));
}
