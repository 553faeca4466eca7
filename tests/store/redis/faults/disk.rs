//! A server with no room left.

use std::fs;

use portcullis::store::{PolicyStore as _, RedisStore};

use super::super::{
    series::Series,
    server::{Server, eventually},
};
use crate::{proxy::dice, tally::Tally};

/// A limit that the next steps reach, at any of their bytes.
fn soon(server: &Server) -> u64 {
    fs::metadata(server.log_of_steps()).unwrap().len() + dice() % 20_000
}

/// A server that waits for its disk ends when that is full, before it answers.
#[test]
fn full_at_any_byte_of_a_step() {
    let mut server = Server::on_small_disk(&[]);
    let series = Series::under(Tally::of(
        "disk full at any byte of a step (appendfsync always): the server ends",
        5,
    ));
    series.amid(&server.url(), |_| {
        server.fill_disk(Some(soon(&server)));
        server.await_end();
        server.restart();
    });
    series.settle(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_felt();
}

/// One that does not wait goes on without taking steps (MISCONF), and catches up when there is room.
#[test]
fn full_at_any_byte_behind_a_step() {
    let server = Server::on_small_disk(&["--appendfsync", "everysec"]);
    let series = Series::under(Tally::of(
        "disk full behind a step (appendfsync everysec): MISCONF",
        5,
    ));
    series.amid(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        server.fill_disk(Some(soon(&server)));
        eventually("steps are refused", || {
            series.tally.refusals.get() > refusals + 3
        });
        server.fill_disk(None);
    });
    series.settle(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_felt();
}

#[test]
fn full_when_everything_is_saved() {
    let options = ["--appendonly", "no", "--save", "3600 1"];
    let server = Server::on_small_disk(&options);
    let series = Series::under(Tally::of(
        "disk full under a snapshot (stop-writes-on-bgsave-error): MISCONF",
        5,
    ));
    let save = |status: &str| {
        let _: String = server.tell(&["BGSAVE"]);
        eventually(status, || {
            let info: String = server.tell(&["INFO", "persistence"]);
            info.contains("rdb_bgsave_in_progress:0")
                && info.contains(&format!("rdb_last_bgsave_status:{status}"))
        });
    };
    series.amid(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        server.fill_disk(Some(1));
        save("err");
        eventually("steps are refused", || {
            series.tally.refusals.get() > refusals + 3
        });
        server.fill_disk(None);
        save("ok");
    });
    series.settle(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_felt();
}

#[test]
fn out_of_memory() {
    let server = Server::start();
    let series = Series::under(Tally::of("server out of memory (OOM, noeviction)", 20));
    series.amid(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        let _: String = server.tell(&["CONFIG", "SET", "maxmemory", "1"]);
        eventually("steps are refused", || {
            series.tally.refusals.get() > refusals + 3
        });
        let _: String = server.tell(&["CONFIG", "SET", "maxmemory", "0"]);
    });
    series.settle(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_felt();
}

#[test]
fn a_stream_that_takes_nothing_more_leaves_nothing_behind() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let series = Series::under(Tally::of("a stream that takes nothing more", 10));
    // The last id that there is.
    let last = "18446744073709551615-18446744073709551615";
    let updates = "quantum:stream:policy.update";
    for round in 1..=series.tally.rounds() {
        assert!(series.publish(&store));
        let _: String = server.tell(&["XADD", updates, last, "event", "x"]);
        assert!(!series.publish(&store));
        series.load(&store).unwrap();
        assert_eq!(store.history(usize::MAX).unwrap().len(), round);
        let _: u64 = server.tell(&["DEL", updates]);
    }
    series.settle(&store);
    series.tally.conclude_felt();
}
