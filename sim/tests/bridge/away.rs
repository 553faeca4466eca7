//! A server that is not there.

use super::support::{Bridge, Server, eventually, free_port};

#[test]
fn a_server_that_is_away_is_waited_for() {
    let port = free_port();
    let bridge = Bridge::start(&format!("redis://127.0.0.1:{port}"), &[]);
    bridge.await_log("trying again");
    {
        let server = Server::start_at(port);
        let mut redis = server.connect();
        redis.publish(3600);
        redis.intent("first", "BTCUSDT");
        assert_eq!(redis.await_answer("first"), "TRADE");
        bridge.await_log("is back");
    }
    eventually("the second farewell", || {
        let log = bridge.log();
        let farewells = log
            .lines()
            .filter(|line| line.starts_with("portcullis: Redis at"));
        farewells
            .filter(|line| line.ends_with("trying again"))
            .count()
            == 2
    });
    let server = Server::start_at(port);
    assert_eq!(server.port(), port);
    let mut redis = server.connect();
    // The server lost everything, the group too; the last policy is still valid, and its key is gone.
    redis.intent("second", "BTCUSDT");
    assert_eq!(redis.await_answer("second"), "POLICY_MISSING");
    redis.exit("third", "BTCUSDT");
    assert_eq!(redis.await_answer("third"), "EXIT");
    redis.run(&["FLUSHALL"]);
    redis.publish(3600);
    redis.intent("fourth", "BTCUSDT");
    let answer = redis.await_answer("fourth");
    assert!(answer == "TRADE" || answer == "POLICY_MISSING", "{answer}");
    bridge.stop();
}

#[test]
fn it_ends_while_the_server_is_away() {
    let bridge = Bridge::start(&format!("redis://127.0.0.1:{}", free_port()), &[]);
    bridge.await_log("trying again");
    bridge.stop();
}
