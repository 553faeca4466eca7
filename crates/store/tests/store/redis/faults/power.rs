//! Faults: a power failure of the server, after which its log ends at an arbitrary byte.
//!
//! Acknowledged changes may be lost, depending on the disk. The recovered state is the complete
//! state at one earlier time, and a reader that remembers its sequence accepts no older policy.

use std::fs;

use portcullis_store::{
    HistoryEntry, PolicyStore as _, RedisStore, SequenceGuard, VerifyingReader,
};

use super::super::{
    series::Series,
    server::{Server, eventually},
};
use crate::{proxy::random, tally::Tally};

/// Publishes three policies, and then makes the server lose an arbitrary number of bytes at the end of its log. Returns
/// the history before and after the loss.
fn lose(series: &Series, server: &mut Server, store: &RedisStore) -> [Vec<HistoryEntry>; 2] {
    for _ in 0..3 {
        assert!(series.publish(store));
    }
    let reader = VerifyingReader::new(store, SequenceGuard::in_memory());
    let seen = reader.load().unwrap();
    let before = store.history(usize::MAX).unwrap();
    server.kill();
    let log = server.log_of_steps();
    let bytes = fs::read(&log).unwrap();
    let missing = usize::try_from(random()).unwrap() % 15_000;
    fs::write(&log, &bytes[..bytes.len().saturating_sub(missing)]).unwrap();
    server.restart();

    series.check(0, &store.load());
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
fn the_recovered_state_is_a_complete_earlier_state() {
    let mut server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let series = Series::new(Tally::of(
        "power lost: the log of the server ends at any byte",
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
        // A rewrite removes an incomplete change from the log.
        let _: String = server.query(&["BGREWRITEAOF"]);
        eventually("the rewritten log", || {
            let info: String = server.query(&["INFO", "persistence"]);
            info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
        });
        // After the restart, changes succeed again.
        assert!(series.publish(&store));
        series.load(&store).unwrap();
    }
    series.tally.conclude_with_effect();
}

/// A server ignores an incomplete change at the end of its log. But Redis 7.0 does not remove the incomplete change
/// from the log: when the server is restarted for the second time, it applies the incomplete change as a part of the
/// next change. This never makes a policy incomplete, and the audit log reports it.
#[test]
fn an_incomplete_change_applied_at_the_second_start_is_detected_by_the_audit_log() {
    let mut server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let series = Series::new(Tally::of(
        "power lost, then restarted twice with the rest of the log",
        20,
    ));
    for _ in 0..series.tally.rounds() {
        let _: String = server.query(&["FLUSHALL"]);
        lose(&series, &mut server, &store);
        assert!(series.publish(&store));
        let latest = store.load().unwrap();
        let before = hashes(&store.history(usize::MAX).unwrap());
        server.kill();
        server.restart();
        let loaded = store.load();
        series.check(0, &loaded);
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
        // Lost entries cannot be recovered, so the next round starts with an empty store.
        let _: String = server.query(&["FLUSHALL"]);
    }
    series.tally.conclude_with_effect();
}
