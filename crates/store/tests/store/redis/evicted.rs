//! Tests of a server that evicts keys: a halt stays in effect until it is resumed.

use std::time::Duration;

use portcullis::{guardrails::Halt, policy::PolicyUnavailable};
use portcullis_store::{
    Eviction, Feed, PolicyStore as _, RedisStore, SequenceGuard, VerifyingReader,
    redis::keys::{HALTS, RECORDED_HALTS},
};

use super::server::{Server, eventually};
use crate::policies::{ada, now, publish};

fn halt_of(names: &[&str]) -> Halt {
    Halt::Symbols(names.iter().map(|name| name.parse().unwrap()).collect())
}

#[test]
fn a_halt_that_disappears_stays_in_effect_until_it_is_resumed() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let both = halt_of(&["BTCUSDT", "ETHUSDT"]);
    store.halt(&both, &ada(), now()).unwrap();
    let present = store.content().unwrap();
    assert_eq!(present.kept_halt(), &Halt::Nothing);

    // The whole key is evicted, or another program removes one name.
    for lost in [["DEL", HALTS].as_slice(), &["SREM", HALTS, "BTCUSDT"]] {
        let _: u64 = server.query(lost);
        let content = store.content().unwrap();
        assert_eq!(content.halt(), Ok(&both));
        assert_ne!(content.token(), present.token());
        let kept = if lost.len() == 2 {
            &both
        } else {
            &halt_of(&["BTCUSDT"])
        };
        assert_eq!(content.kept_halt(), kept);
        assert_eq!(store.halts(), Ok(both.clone()));
        // The next change restores the names that are missing.
        store.halt(&halt_of(&["ETHUSDT"]), &ada(), now()).unwrap();
        assert_eq!(store.content().unwrap().token(), present.token());
    }
    let _: u64 = server.query(&["DEL", HALTS]);
    let resumed = store.resume(&halt_of(&["BTCUSDT"]), &ada(), now());
    assert_eq!(resumed, Ok(halt_of(&["ETHUSDT"])));
    assert_eq!(store.content().unwrap().kept_halt(), &Halt::Nothing);

    store.halt(&Halt::Everything, &ada(), now()).unwrap();
    let _: u64 = server.query(&["DEL", HALTS]);
    assert_eq!(store.halts(), Ok(Halt::Everything));
    assert_eq!(
        store.resume(&Halt::Everything, &ada(), now()),
        Ok(Halt::Nothing)
    );
    // If the record is lost instead, the halt is still there.
    store.halt(&both, &ada(), now()).unwrap();
    let _: u64 = server.query(&["DEL", RECORDED_HALTS]);
    assert_eq!(store.halts(), Ok(both.clone()));
    let _: String = server.query(&["SET", RECORDED_HALTS, "x"]);
    assert_eq!(store.halts(), Ok(Halt::Everything));
    assert_eq!(
        store.resume(&Halt::Everything, &ada(), now()),
        Ok(Halt::Nothing)
    );
    // A program that halts without this library also ends its halt.
    let _: u64 = server.query(&["SADD", HALTS, "BTCUSDT"]);
    assert_eq!(store.halts(), Ok(halt_of(&["BTCUSDT"])));
    let _: u64 = server.query(&["SREM", HALTS, "BTCUSDT"]);
    assert_eq!(store.halts(), Ok(Halt::Nothing));
}

#[test]
fn a_server_that_runs_out_of_memory_evicts_no_halt() {
    let server = Server::with(&["--maxmemory-policy", "allkeys-random"]);
    let store = RedisStore::open(&server.url()).unwrap();
    let mut runs = 0;
    while runs < 5 {
        store.halt(&Halt::Everything, &ada(), now()).unwrap();
        let _: String = server.query(&["CONFIG", "SET", "maxmemory", "3mb"]);
        for n in 0..400 {
            let (key, value) = (format!("filler:{runs}:{n}"), "x".repeat(8_192));
            let set = redis::cmd("SET")
                .arg(key)
                .arg(value)
                .exec(&mut server.client());
            let _ = set;
            match server.query::<u64>(&["EXISTS", HALTS, RECORDED_HALTS]) {
                2 => {}
                1 => assert_eq!(store.halts(), Ok(Halt::Everything)),
                _ => break,
            }
        }
        let _: String = server.query(&["CONFIG", "SET", "maxmemory", "0"]);
        let _: String = server.query(&["FLUSHALL"]);
        runs += 1;
    }
}

#[test]
fn the_setting_of_the_server_is_checked_and_can_be_required() {
    let server = Server::with(&["--maxmemory-policy", "allkeys-random"]);
    let store = RedisStore::open(&server.url()).unwrap();
    publish(&store, "1");
    let eviction = Eviction::Possible("`maxmemory-policy` is `allkeys-random`".to_owned());
    assert_eq!(store.eviction(), Ok(eviction.clone()));

    let follow = |is_required: bool| {
        let store = RedisStore::open(&server.url()).unwrap();
        let mut reader = VerifyingReader::new(store, SequenceGuard::in_memory());
        if is_required {
            reader = reader.with_required_noeviction();
        }
        let feed = Feed::start(reader, now).unwrap();
        assert!(feed.wait_for_change(0, Duration::from_secs(20)));
        feed
    };
    assert!(follow(false).snapshot().policy().policy().is_ok());
    let feed = follow(true);
    let why = eviction.warning().unwrap();
    let refusal = PolicyUnavailable::StoreUnsafe { why };
    assert_eq!(feed.snapshot().policy().policy().err(), Some(&refusal));
    assert_eq!(feed.health().refused(), Some(&refusal));
    let set = |policy| -> String { server.query(&["CONFIG", "SET", "maxmemory-policy", policy]) };
    let has_policy = || feed.snapshot().policy().policy().is_ok();
    set("noeviction");
    eventually("a policy", has_policy);
    set("volatile-lru");
    eventually("no policy", || !has_policy());
    // A server that does not permit the command may evict keys.
    let user = ["ACL", "SETUSER", "default", "-info"];
    let _: String = server.query(&user);
    let Ok(Eviction::Unknown(why)) = store.eviction() else {
        panic!("the setting is known");
    };
    assert!(why.contains("info"), "{why}");
}
