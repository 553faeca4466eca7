//! Tests of the bridge while the server is unreachable.

use super::process::{Bridge, Server, eventually, free_port};

#[test]
fn the_bridge_reconnects_to_an_unreachable_server() {
    let port = free_port();
    let bridge = Bridge::start(&format!("redis://127.0.0.1:{port}"), &[]);
    eventually("the first outage", || bridge.outages() == 1);
    {
        let server = Server::start_at(port);
        let mut redis = server.connect();
        redis.publish(3600);
        redis.intent("first", "BTCUSDT");
        assert_eq!(redis.await_answer("first"), "TRADE");
        bridge.await_log("is reachable again");
    }
    eventually("the second outage", || bridge.outages() == 2);
    let server = Server::start_at(port);
    assert_eq!(server.port(), port);
    let mut redis = server.connect();
    // The server lost all keys and the group. The bridge's last policy is still valid, but its key does not exist.
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
fn the_bridge_stops_while_the_server_is_unreachable() {
    let bridge = Bridge::start(&format!("redis://127.0.0.1:{}", free_port()), &[]);
    bridge.await_log("retrying");
    bridge.stop();
}
