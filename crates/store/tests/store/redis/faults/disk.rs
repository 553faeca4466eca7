//! Faults: a server without free disk space or memory.

use std::fs;

use portcullis_store::{PolicyStore as _, RedisStore};

use super::super::{
    keys,
    series::Series,
    server::{Server, eventually},
};
use crate::{proxy::random, tally::Tally};

/// Returns a file size limit that the next changes reach at a random byte.
fn soon(server: &Server) -> u64 {
    fs::metadata(server.log_of_steps()).unwrap().len() + random() % 20_000
}

/// A server with `appendfsync always` exits on a full disk, before it answers.
#[test]
fn full_at_any_byte_of_a_change() {
    let mut server = Server::on_small_disk(&[]);
    let series = Series::new(Tally::of(
        "disk full at any byte of a change (appendfsync always): the server exits",
        5,
    ));
    series.run_with_faults(&server.url(), |_| {
        server.fill_disk(Some(soon(&server)));
        server.await_end();
        server.restart();
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_with_effect();
}

/// A server with `appendfsync everysec` rejects changes (MISCONF) until there is free space.
#[test]
fn full_at_any_byte_after_a_change() {
    let server = Server::on_small_disk(&["--appendfsync", "everysec"]);
    let series = Series::new(Tally::of(
        "disk full after a change (appendfsync everysec): MISCONF",
        5,
    ));
    series.run_with_faults(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        server.fill_disk(Some(soon(&server)));
        eventually("rejected changes", || {
            series.tally.refusals.get() > refusals + 3
        });
        server.fill_disk(None);
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_with_effect();
}

#[test]
fn full_during_a_snapshot() {
    let options = ["--appendonly", "no", "--save", "3600 1"];
    let server = Server::on_small_disk(&options);
    let series = Series::new(Tally::of(
        "disk full during a snapshot (stop-writes-on-bgsave-error): MISCONF",
        5,
    ));
    let save = |status: &str| {
        let _: String = server.query(&["BGSAVE"]);
        eventually(status, || {
            let info: String = server.query(&["INFO", "persistence"]);
            info.contains("rdb_bgsave_in_progress:0")
                && info.contains(&format!("rdb_last_bgsave_status:{status}"))
        });
    };
    series.run_with_faults(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        server.fill_disk(Some(1));
        save("err");
        eventually("rejected changes", || {
            series.tally.refusals.get() > refusals + 3
        });
        server.fill_disk(None);
        save("ok");
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_with_effect();
}

#[test]
fn out_of_memory() {
    let server = Server::start();
    let series = Series::new(Tally::of("server out of memory (OOM, noeviction)", 20));
    series.run_with_faults(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        let _: String = server.query(&["CONFIG", "SET", "maxmemory", "1"]);
        eventually("rejected changes", || {
            series.tally.refusals.get() > refusals + 3
        });
        let _: String = server.query(&["CONFIG", "SET", "maxmemory", "0"]);
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_with_effect();
}

#[test]
fn a_full_stream_leaves_no_partial_change() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let series = Series::new(Tally::of("a stream that accepts no more entries", 10));
    // This is the highest possible id. The server accepts no entry after it.
    let last = "18446744073709551615-18446744073709551615";
    let updates = keys::UPDATES;
    for round in 1..=series.tally.rounds() {
        assert!(series.publish(&store));
        let _: String = server.query(&["XADD", updates, last, "event", "x"]);
        assert!(!series.publish(&store));
        series.load(&store).unwrap();
        assert_eq!(store.history(usize::MAX).unwrap().len(), round);
        let _: u64 = server.query(&["DEL", updates]);
    }
    series.check_history(&store);
    series.tally.conclude_with_effect();
}
