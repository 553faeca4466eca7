//! Faults: a server that is killed and restarted from its disk.

use std::{thread, time::Duration};

use portcullis::decide::SkipCode;
use portcullis_store::{PolicyStore as _, RedisStore};

use super::super::{
    keys,
    series::Series,
    server::{Server, eventually},
};
use crate::{
    policies::{absence, publication, publish},
    proxy::random,
    tally::Tally,
};

#[test]
fn during_publications_and_loads() {
    let mut server = Server::start();
    let series = Series::new(Tally::of(
        "server killed (-9) and restarted during publications and loads",
        5,
    ));
    series.run_with_faults(&server.url(), |_| {
        server.kill();
        let away = RedisStore::open(&server.url()).unwrap();
        assert_eq!(absence(away.load()), "StoreUnavailable");
        server.restart();
    });
    let store = RedisStore::open(&server.url()).unwrap();
    series.check_history(&store);
    let updates: usize = server.query(&["XLEN", keys::UPDATES]);
    assert_eq!(updates, store.history(usize::MAX).unwrap().len());
    series.tally.conclude_with_effect();
}

/// The server is killed when the change has arrived but is not applied, and the load has been sent
/// but is not answered.
#[test]
fn between_a_command_and_its_answer() {
    let mut server = Server::start();
    let url = server.url();
    let series = Series::new(Tally::of(
        "server killed (-9) between a change or a load and its answer",
        5,
    ));
    let store = RedisStore::open(&url).unwrap();
    for round in 0..series.tally.rounds() {
        assert!(series.publish(&store));
        series.load(&store).unwrap();
        let pause = if round % 2 == 0 { "WRITE" } else { "ALL" };
        let mut watcher = server.client();
        let _: String = server.query(&["CLIENT", "PAUSE", "60000", pause]);
        thread::scope(|scope| {
            if round % 2 == 0 {
                scope.spawn(|| assert!(!series.publish(&store)));
                eventually("the arrival of the change", || {
                    let info: String = redis::cmd("INFO")
                        .arg("clients")
                        .query(&mut watcher)
                        .unwrap();
                    info.contains("blocked_clients:1\r")
                });
            } else {
                scope.spawn(|| series.load(&store).unwrap_err());
                thread::sleep(Duration::from_micros(random() % 20_000));
            }
            server.kill();
        });
        server.restart();
        series.load(&store).unwrap();
    }
    series.check_history(&store);
    series.tally.conclude_with_effect();
}

#[test]
fn a_broken_idle_connection_is_reopened() {
    let mut server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let first = publish(&store, "1").hash();
    let _: u64 = server.query(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert_eq!(store.load().unwrap().hash(), first);
    server.kill();
    assert_eq!(absence(store.load()), "StoreUnavailable");
    let refused = store
        .publish(&publication("2", ""), Some(first))
        .unwrap_err();
    assert_eq!(refused.code(), Some(SkipCode::PolicyStoreUnavailable));
    server.restart();
    store.publish(&publication("2", ""), Some(first)).unwrap();
}
