//! Tests of lost answers and of error answers.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use portcullis_store::{PolicyStore as _, PublishError, RedisStore, StoreError};
use redis::Connection;

use super::{
    POLICY,
    server::{Server, free_port, query},
};
use crate::policies::{absence, publication, publish};

/// Starts a proxy that closes the connection at a change: before it reaches the server, or after it was applied.
/// Returns its address.
fn line_that_ends_at_a_step(server: u16, arrives: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            pass_on(client.unwrap(), server, arrives);
        }
    });
    format!("redis://127.0.0.1:{port}/")
}

fn pass_on(mut client: TcpStream, mut server: TcpStream, arrives: bool) {
    let is_step = Arc::new(AtomicBool::new(false));
    let is_lost = Arc::clone(&is_step);
    let (mut answers, mut asker) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        let mut bytes = [0; 16_384];
        while let Ok(count @ 1..) = answers.read(&mut bytes) {
            if is_lost.load(Ordering::SeqCst) || asker.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = asker.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let mut bytes = [0; 16_384];
        while let Ok(count @ 1..) = client.read(&mut bytes) {
            let is_a_step = bytes[..count].windows(4).any(|word| word == b"EVAL");
            is_step.fetch_or(is_a_step, Ordering::SeqCst);
            if is_a_step && !arrives || server.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
}

#[test]
fn a_change_with_a_lost_answer_is_found_in_the_store() {
    let server = Server::start();
    let store = RedisStore::open(&line_that_ends_at_a_step(server.port(), true)).unwrap();
    let hash = publish(&store, "1").hash();
    let direct = RedisStore::open(&server.url()).unwrap();
    assert_eq!(direct.load().unwrap().hash(), hash);
    assert_eq!(direct.history(9).unwrap().len(), 1);
    assert!(direct.audit().unwrap().is_whole());
}

#[test]
fn a_lost_change_has_an_unknown_outcome() {
    let server = Server::start();
    let store = RedisStore::open(&line_that_ends_at_a_step(server.port(), false)).unwrap();
    let lost = store.publish(&publication("1", ""), None).unwrap_err();
    assert!(
        matches!(lost, PublishError::Store(StoreError::OutcomeUnknown { .. })),
        "{lost}"
    );
    // The next read opens a new connection.
    assert_eq!(absence(store.load()), "NotFound");
}

#[test]
fn a_change_rejected_by_the_server_has_a_known_outcome() {
    let server = Server::start();
    let store = RedisStore::open(&server.url()).unwrap();
    let _: String = server.query(&["ACL", "SETUSER", "default", "-eval"]);
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    let PublishError::Store(StoreError::Unavailable { why, .. }) = &refused else {
        panic!("{refused}")
    };
    assert!(why.contains("eval"), "{why}");
}

#[test]
fn a_connection_is_reused_while_the_server_answers() {
    let server = Server::start();
    let mut watcher = server.client();
    publish(&RedisStore::open(&server.url()).unwrap(), "1");
    let store = RedisStore::open(&server.url()).unwrap();
    store.load().unwrap();
    let before = connections(&mut watcher);
    for _ in 0..3 {
        store.load().unwrap();
    }
    // An error reply is an answer as well.
    query::<String>(&mut watcher, &["SET", POLICY, "not a hash"]);
    for _ in 0..3 {
        assert_eq!(absence(store.load()), "POLICY_PARSE_ERROR");
    }
    assert_eq!(connections(&mut watcher), before);
}

/// Returns the number of connections that the server has ever received.
fn connections(watcher: &mut Connection) -> String {
    let info: String = query(watcher, &["INFO", "stats"]);
    let count = |line: &&str| line.starts_with("total_connections_received:");
    info.lines().find(count).unwrap().to_owned()
}

#[test]
fn the_halts_of_an_unreachable_server_are_an_error() {
    let store = RedisStore::open(&format!("redis://127.0.0.1:{}/", free_port())).unwrap();
    let halts = store.halts();
    assert!(
        matches!(halts, Err(StoreError::Unavailable { .. })),
        "{halts:?}"
    );
}
