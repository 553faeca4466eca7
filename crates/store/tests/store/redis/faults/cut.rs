//! Faults: connections that are cut.

use std::thread;

use portcullis_store::{PolicyStore as _, PublishError, RedisStore};

use super::super::{
    series::Series,
    server::{Server, eventually},
};
use crate::{linearizable, policies::publication, proxy::Proxy, tally::Tally};

#[test]
fn at_any_byte() {
    let server = Server::start();
    let proxy = Proxy::in_front_of(server.port());
    let series = Series::new(Tally::of(
        "connection cut at any byte, in either direction",
        100,
    ));
    proxy.cut_within(60_000);
    series.run_with_faults(&proxy.url(), |round| {
        let cuts = proxy.cuts();
        eventually("a cut", || proxy.cuts() > cuts);
        if round + 1 == series.tally.rounds() {
            // After the last round, no more connections are cut, so that the feed can receive the
            // last policy.
            proxy.cut_within(0);
        }
    });
    assert!(proxy.cuts() >= series.tally.rounds());
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_with_effect();
}

#[test]
fn by_the_server() {
    let server = Server::start();
    let series = Series::new(Tally::of(
        "connections cut by the server (CLIENT KILL)",
        100,
    ));
    series.run_with_faults(&server.url(), |_| {
        let _: u64 = server.query(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude();
}

/// After a lost answer, the writer can repeat the publication: if the first attempt was applied, the second one is a
/// conflict.
#[test]
fn a_publication_repeated_after_a_lost_answer_is_applied_once() {
    let server = Server::start();
    let proxy = Proxy::in_front_of(server.port());
    let direct = RedisStore::open(&server.url()).unwrap();
    let tally = Tally::of(
        "same publication repeated until an answer arrives, over a connection that is cut",
        50,
    );
    let mut seen = None;
    for n in 0..tally.rounds() {
        let version = format!("v{n}");
        let publication = publication(&version, "");
        proxy.cut_within(30_000);
        let store = RedisStore::open(&proxy.url()).unwrap();
        loop {
            match store.publish(&publication, seen) {
                Ok(_) => break,
                // An earlier attempt was applied, so the store already contains this publication.
                Err(PublishError::Conflict { .. }) => break,
                Err(PublishError::Store(_)) => tally.refusals.add(1),
                Err(error) => panic!("{error}"),
            }
            thread::yield_now();
        }
        proxy.cut_within(0);
        seen = direct.current_hash().unwrap();
        tally.answers.add(1);
        // The publication is among the newest entries.
        let history = direct.history(16).unwrap();
        let times = history
            .iter()
            .filter(|it| it.version() == Some(&version))
            .count();
        tally.lost.add(usize::from(times == 0));
        tally.doubled.add(usize::from(times > 1));
    }
    assert!(direct.audit().unwrap().is_whole());
    tally.conclude_with_effect();
}

/// Concurrent operations over connections that are cut are still linearizable.
#[test]
fn concurrent_operations_are_linearizable() {
    let server = Server::start();
    let proxy = Proxy::in_front_of(server.port());
    proxy.cut_within(60_000);
    let tally = Tally::of(
        "three concurrent writers and three readers over connections that are cut, linearizable",
        40,
    );
    let operations = linearizable::record(&tally, &|| {
        Box::new(RedisStore::open(&proxy.url()).unwrap())
    });
    let direct = RedisStore::open(&server.url()).unwrap();
    linearizable::check_history(&tally, &direct, &operations);
    assert!(proxy.cuts() > 0 && direct.audit().unwrap().is_whole());
    tally.conclude_with_effect();
}
