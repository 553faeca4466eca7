//! Faults: a slow server.

use std::{thread, time::Duration};

use portcullis_store::RedisStore;

use super::super::{
    series::Series,
    server::{Server, eventually},
};
use crate::{proxy::Proxy, tally::Tally};

/// When a frozen server resumes, it executes the commands that it has received, even if the client
/// has given up.
#[test]
fn a_frozen_server() {
    let server = Server::start();
    let series = Series::new(Tally::of(
        "server frozen for longer than the timeout of a store (SIGSTOP)",
        2,
    ));
    series.run_with_faults(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        server.signal("-STOP");
        eventually("a timeout of a store", || {
            series.tally.refusals.get() > refusals
        });
        server.signal("-CONT");
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_with_effect();
}

/// A late answer is discarded and never used as the answer of the next command.
#[test]
fn answers_arrive_late_and_in_pieces() {
    let server = Server::start();
    let proxy = Proxy::in_front_of(server.port());
    let series = Series::new(Tally::of(
        "answers in pieces, some later than the timeout of a store",
        2,
    ));
    proxy.pieces_of(1500);
    proxy.delay(Duration::from_millis(4000), 60);
    series.run_with_faults(&proxy.url(), |_| {
        // The timeout of a store is half of the longest delay.
        let late = proxy.late();
        eventually("a late answer", || proxy.late() > late);
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude();
}

#[test]
fn delayed_writes() {
    let server = Server::start();
    let series = Series::new(Tally::of(
        "changes delayed for longer than the timeout of a store (CLIENT PAUSE WRITE)",
        2,
    ));
    series.run_with_faults(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        let _: String = server.query(&["CLIENT", "PAUSE", "60000", "WRITE"]);
        eventually("a timeout of a store", || {
            series.tally.refusals.get() > refusals
        });
        let _: String = server.query(&["CLIENT", "UNPAUSE"]);
        thread::yield_now();
    });
    series.check_history(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_with_effect();
}
