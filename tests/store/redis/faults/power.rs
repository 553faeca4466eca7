//! A server that lost its power: the end of what is on its disk is missing, from any byte on.
//!
//! What it told before may be gone with it, and that is for the disk to answer; what is there is one moment,
//! whole, and whoever remembers what it has seen takes nothing older.

use std::fs;

use portcullis::store::{HistoryEntry, PolicyStore as _, Reader, RedisStore, SequenceGuard};

use super::super::{
    series::Series,
    server::{Server, eventually},
};
use crate::{proxy::dice, tally::Tally};

/// Publishes three times, and lets the server lose some of it. Gives the history before and after.
fn lose(series: &Series, server: &mut Server, store: &RedisStore) -> [Vec<HistoryEntry>; 2] {
    for _ in 0..3 {
        assert!(series.publish(store));
    }
    let reader = Reader::new(store, SequenceGuard::in_memory());
    let seen = reader.load().unwrap();
    let before = store.history(usize::MAX).unwrap();
    server.kill();
    let log = server.log_of_steps();
    let bytes = fs::read(&log).unwrap();
    let missing = usize::try_from(dice()).unwrap() % 15_000;
    fs::write(&log, &bytes[..bytes.len().saturating_sub(missing)]).unwrap();
    server.restart();

    series.judge(0, &store.load());
    match reader.load() {
        Ok(policy) if policy.hash() == seen.hash() => {}
        Ok(_) => series.tally.stale.add(1),
        Err(_) => series.tally.refusals.add(1),
    }
    [before, store.history(usize::MAX).unwrap()]
}

fn hashes(entries: &[HistoryEntry]) -> Vec<String> {
    let hashes = entries.iter().map(|entry| entry.hash().unwrap());
    hashes.map(|hash| hash.to_string()).collect()
}

#[test]
fn what_is_left_is_one_moment_whole() {
    let mut server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let series = Series::under(Tally::of(
        "power lost: the server's log ends at any byte",
        20,
    ));
    for _ in 0..series.tally.rounds() {
        let [before, after] = lose(&series, &mut server, &store).map(|it| hashes(&it));
        assert!(before.ends_with(&after));
        let here = store.current_hash().unwrap().map(|hash| hash.to_string());
        assert_eq!(here.as_ref(), after.first());
        let trail = store.audit().unwrap();
        assert!(trail.is_whole(), "{:?}", trail.faults());
        assert_eq!(trail.entries().len(), after.len());
        // Nothing of a step that is not whole stays in the log.
        let _: String = server.tell(&["BGREWRITEAOF"]);
        eventually("the log is written anew", || {
            let info: String = server.tell(&["INFO", "persistence"]);
            info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
        });
        // Steps go on from there.
        assert!(series.publish(&store));
        series.load(&store).unwrap();
    }
    series.tally.conclude_felt();
}

/// A server that finds part of a step at the end of its log does not take it; but Redis 7.0 leaves it in the log,
/// and a second start takes it as if it belonged to the step behind it. No policy is torn by it, and the audit
/// shows it.
#[test]
fn what_an_unwritten_log_brings_back_shows_in_the_audit() {
    let mut server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let series = Series::under(Tally::of(
        "power lost, and started again with what the log still holds",
        20,
    ));
    for _ in 0..series.tally.rounds() {
        let _: String = server.tell(&["FLUSHALL"]);
        lose(&series, &mut server, &store);
        assert!(series.publish(&store));
        let latest = store.load().unwrap();
        let before = hashes(&store.history(usize::MAX).unwrap());
        server.kill();
        server.restart();
        let loaded = store.load();
        series.judge(0, &loaded);
        if loaded.is_ok_and(|policy| policy.hash() != latest.hash()) {
            series.tally.stale.add(1);
        }
        let after = hashes(&store.history(usize::MAX).unwrap());
        let trail = store.audit().unwrap();
        if after == before && trail.is_whole() {
            continue;
        }
        series.tally.refusals.add(1);
        series.tally.doubled.add(usize::from(trail.is_whole()));
        // What is gone from the log does not come back.
        let _: String = server.tell(&["FLUSHALL"]);
    }
    series.tally.conclude_felt();
}
