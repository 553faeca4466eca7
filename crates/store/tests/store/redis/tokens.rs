//! The token of a read is equal to the token that a script on the server computes.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::guardrails::Halt;
use portcullis_store::{
    ContentToken, PolicyStore as _, RedisStore,
    redis::{
        Switches, TOKEN_FUNCTIONS,
        keys::{HALTS, POLICY, POLICY_SET, RECORDED_HALTS},
    },
};
use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
    test_runner::TestRunner,
};
use redis::Connection;

use super::server::Server;

/// The fields of a policy, the halts and the recorded halts.
type Content = (BTreeMap<Vec<u8>, Vec<u8>>, (Halts, Halts));
type Halts = BTreeSet<Vec<u8>>;

/// Returns the tokens that a script computes.
fn of_script(connection: &mut Connection) -> (String, String) {
    of_script_with(&[], connection)
}

fn of_script_with(switches: &[&str], connection: &mut Connection) -> (String, String) {
    let script = format!(
        "{TOKEN_FUNCTIONS} return {{policy_token(KEYS[1], KEYS[2]), halts_token(KEYS[3], KEYS[4], unpack(KEYS, 5))}}"
    );
    let mut call = redis::cmd("EVAL");
    call.arg(script)
        .arg(4 + switches.len())
        .arg(POLICY)
        .arg(POLICY_SET)
        .arg(HALTS)
        .arg(RECORDED_HALTS)
        .arg(switches);
    call.query(connection).unwrap()
}

/// Returns the token of a read, and checks it against the script.
#[track_caller]
fn checked(store: &RedisStore, connection: &mut Connection) -> ContentToken {
    let content = store.content().unwrap();
    let token = content.token();
    let own = (token.policy().to_owned(), token.halts().to_owned());
    assert_eq!(own, of_script(connection));
    assert_eq!(store.stored().unwrap(), *content.stored().unwrap());
    assert_eq!(store.halts().unwrap(), *content.halt().unwrap());
    token.clone()
}

#[test]
fn a_read_and_a_script_compute_the_same_token() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let mut connection = server.client();
    let bytes = || vec(any::<u8>(), 0..12);
    let fields = btree_map(bytes(), bytes(), 0..300);
    let halts = (btree_set(bytes(), 0..20), btree_set(bytes(), 0..4));
    let mut seen: BTreeMap<(String, String), Content> = BTreeMap::new();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let seen = std::cell::RefCell::new(&mut seen);
    let connection = std::cell::RefCell::new(&mut connection);
    runner
        .run(&(fields, halts), |(fields, halts)| {
            let mut connection = connection.borrow_mut();
            let mut step = redis::pipe();
            step.atomic()
                .cmd("DEL")
                .arg(POLICY)
                .arg(HALTS)
                .arg(RECORDED_HALTS);
            if !fields.is_empty() {
                let hash = step.cmd("HSET").arg(POLICY);
                for (name, value) in &fields {
                    hash.arg(name).arg(value);
                }
            }
            for (key, names) in [(HALTS, &halts.0), (RECORDED_HALTS, &halts.1)] {
                if !names.is_empty() {
                    let set = step.cmd("SADD").arg(key);
                    for name in names {
                        set.arg(name);
                    }
                }
            }
            step.exec(&mut **connection).unwrap();
            let token = checked(&store, &mut connection);
            let key = (token.policy().to_owned(), token.halts().to_owned());
            let content = (fields, halts);
            let before = seen.borrow_mut().insert(key, content.clone());
            prop_assert!(before.is_none_or(|before| before == content));
            Ok(())
        })
        .unwrap();
}

#[test]
fn keys_of_another_type_have_a_token() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let mut connection = server.client();
    let nothing = checked(&store, &mut connection);
    for key in [POLICY, HALTS, RECORDED_HALTS] {
        redis::cmd("SET")
            .arg(key)
            .arg("x")
            .exec(&mut connection)
            .unwrap();
        assert_ne!(checked(&store, &mut connection), nothing);
    }
    redis::cmd("FLUSHALL").exec(&mut connection).unwrap();
    redis::cmd("SADD")
        .arg(POLICY_SET)
        .arg("x")
        .exec(&mut connection)
        .unwrap();
    assert_ne!(checked(&store, &mut connection), nothing);
}

#[test]
fn the_policy_set_is_part_of_the_token_of_the_policy() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let mut connection = server.client();
    let mut seen = BTreeSet::from([checked(&store, &mut connection).policy().to_owned()]);
    for text in ["{}", "{ }", "\u{e9}\u{0}"] {
        let set = |to: &mut Connection| redis::cmd("SET").arg(POLICY_SET).arg(text).exec(to);
        set(&mut connection).unwrap();
        let token = checked(&store, &mut connection);
        assert!(seen.insert(token.policy().to_owned()), "{text}");
        assert_eq!(store.content().unwrap().halt().unwrap(), &Halt::Nothing);
    }
    let empty = |to: &mut Connection| redis::cmd("SET").arg(POLICY_SET).arg("").exec(to);
    empty(&mut connection).unwrap();
    let token = checked(&store, &mut connection);
    assert!(seen.contains(token.policy()));
}

#[test]
fn switches_halt_everything_and_are_part_of_the_token() {
    const KEYS: [&str; 2] = ["one", "other"];
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let without = checked(&store, &mut server.client());
    let store = store.with_switches(Switches::new(&KEYS, &["0", "no"]));
    let mut connection = server.client();
    let read = |halted: &[&str]| {
        let content = store.content().unwrap();
        let token = content.token();
        let own = (token.policy().to_owned(), token.halts().to_owned());
        assert_eq!(own, of_script_with(&KEYS, &mut server.client()));
        assert_eq!(content.switched(), halted);
        let halt = if halted.is_empty() {
            Halt::Nothing
        } else {
            Halt::Everything
        };
        assert_eq!(*content.halt().unwrap(), halt);
        assert_eq!(store.halts().unwrap(), halt);
        // A switch that is turned off again is not a halt that has disappeared.
        assert_eq!(*content.kept_halt(), Halt::Nothing);
        token.halts().to_owned()
    };
    let mut run = |words: &[&str]| {
        let (name, rest) = words.split_first().unwrap();
        redis::cmd(name).arg(rest).exec(&mut connection).unwrap();
    };
    let nothing = read(&[]);
    assert_ne!(nothing, without.halts());
    run(&["SET", "one", ""]);
    assert_eq!(read(&[]), nothing);
    run(&["SET", "one", "NO"]);
    let off = read(&[]);
    run(&["SET", "one", "yes"]);
    let on = read(&["`one` is `yes`"]);
    run(&["SET", "one", "0"]);
    run(&["SET", "other", "\u{1f6d1}"]);
    let other = read(&["`other` is `\u{1f6d1}`"]);
    run(&["DEL", "other"]);
    run(&["SADD", "other", "0"]);
    let wrong = read(&["`other` is a key of another type"]);
    let tokens = BTreeSet::from([nothing, off, on, other, wrong]);
    assert_eq!(tokens.len(), 5);
}
