//! A server that takes its time.

use std::{thread, time::Duration};

use portcullis::store::RedisStore;

use super::super::{
    series::Series,
    server::{Server, eventually},
};
use crate::{proxy::Proxy, tally::Tally};

/// What had arrived is done when it thaws, whether anybody still waits for it or not.
#[test]
fn a_server_that_freezes() {
    let server = Server::start();
    let series = Series::under(Tally::of(
        "server frozen for longer than a store waits (SIGSTOP)",
        2,
    ));
    series.amid(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        server.signal("-STOP");
        eventually("a store waits no longer", || {
            series.tally.refusals.get() > refusals
        });
        server.signal("-CONT");
    });
    series.settle(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_felt();
}

/// A late answer is nobody's: the next question is not taken to be answered by it.
#[test]
fn answers_that_come_late_and_in_pieces() {
    let server = Server::start();
    let proxy = Proxy::before(server.port());
    let series = Series::under(Tally::of(
        "answers in pieces, some later than a store waits",
        2,
    ));
    proxy.pieces_of(1500);
    proxy.delay(Duration::from_millis(4000), 60);
    series.amid(&proxy.url(), |_| {
        // A store waits for half of the longest delay.
        let late = proxy.late();
        eventually("one that is too late", || proxy.late() > late);
    });
    series.settle(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude();
}

#[test]
fn writes_that_wait() {
    let server = Server::start();
    let series = Series::under(Tally::of(
        "steps held up for longer than a store waits (CLIENT PAUSE WRITE)",
        2,
    ));
    series.amid(&server.url(), |_| {
        let refusals = series.tally.refusals.get();
        let _: String = server.tell(&["CLIENT", "PAUSE", "60000", "WRITE"]);
        eventually("a store waits no longer", || {
            series.tally.refusals.get() > refusals
        });
        let _: String = server.tell(&["CLIENT", "UNPAUSE"]);
        thread::yield_now();
    });
    series.settle(&RedisStore::open(&server.url()).unwrap());
    series.tally.conclude_felt();
}
