//! Tests of a feed on a server that stops and restarts.

use std::time::Duration;

use portcullis_store::{Feed, PolicyStore, RedisStore, SequenceGuard, VerifyingReader};

use super::{
    POLICY, keys,
    server::{Server, eventually},
};
use crate::policies::{now, publish};

fn follow(server: &Server) -> Feed {
    let store = RedisStore::open(&server.url()).unwrap();
    let feed = Feed::start(VerifyingReader::new(store, SequenceGuard::in_memory()), now).unwrap();
    assert!(feed.wait_for_change(0, Duration::from_secs(20)));
    feed
}

fn version(feed: &Feed) -> Option<String> {
    let snapshot = feed.snapshot();
    let policy = snapshot.policy().policy().ok();
    policy.map(|policy| policy.version().to_owned())
}

#[test]
fn a_restarted_server_is_followed_again() {
    let mut server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    publish(&store, "1");
    let feed = follow(&server);
    for round in 2..5 {
        server.kill();
        eventually("a lost connection", || !feed.health().is_connected());
        assert_eq!(version(&feed), Some((round - 1).to_string()));
        server.restart();
        publish(&store, &round.to_string());
        eventually("a restored connection", || {
            version(&feed) == Some(round.to_string())
        });
        assert!(feed.health().is_connected());
    }
}

#[test]
fn a_feed_waits_for_a_server_that_has_not_started() {
    let mut server = Server::start();
    server.kill();
    let store = RedisStore::open(&server.url()).unwrap();
    let reader = VerifyingReader::new(store, SequenceGuard::in_memory());
    let feed = Feed::start(reader, now).unwrap();
    eventually("an attempt", || feed.health().error().is_some());
    assert_eq!(feed.snapshot().number(), 0);
    server.restart();
    assert!(feed.wait_for_change(0, Duration::from_secs(20)));
}

#[test]
fn a_feed_works_without_update_notifications() {
    let server = Server::start();
    server.query::<()>(&["SET", keys::UPDATES, "something"]);
    let feed = follow(&server);
    let fields = crate::policies::with_hash(&crate::policies::policy("1", ""), None);
    for (name, value) in &fields {
        server.query::<()>(&["HSET", POLICY, name, value]);
    }
    eventually("a read", || version(&feed).is_some());
    assert!(feed.health().is_connected());
}

#[test]
fn waiting_for_an_update_does_not_block_a_publication() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let before = store.last_update().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.wait_for_update(&before, Duration::from_secs(20)));
        eventually("a reader that waits", || {
            let clients: String = server.query(&["CLIENT", "LIST"]);
            clients.contains("cmd=xread")
        });
        publish(&store, "1");
        let after = waiting.join().unwrap().unwrap();
        assert_ne!(after, before);
        assert_eq!(after, store.last_update().unwrap());
    });
}
