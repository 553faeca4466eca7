//! Tests of the harvester while the server is unreachable.

use super::process::{BTC, Harvester, Server, eventually, free_port, text};

#[test]
fn the_harvester_reconnects_to_an_unreachable_server() {
    let port = free_port();
    let harvester = Harvester::start(&format!("redis://127.0.0.1:{port}"), &[]);
    eventually("the first outage", || harvester.outages() == 1);
    {
        let server = Server::start_at(port);
        let mut redis = server.connect();
        redis.publish(3600);
        redis.open(BTC, "103.8");
        redis.await_action(BTC, "PARTIAL_25");
        harvester.await_log("is reachable again");
    }
    eventually("the second outage", || harvester.outages() == 2);
    // The server lost all keys, including the proposals.
    let server = Server::start_at(port);
    assert_eq!(server.port(), port);
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "107.2");
    let proposal = redis.await_action(BTC, "PARTIAL_50");
    assert_eq!(text(&proposal, "harvested"), "NONE");
    harvester.stop();
}

#[test]
fn the_harvester_stops_while_the_server_is_unreachable() {
    let harvester = Harvester::start(&format!("redis://127.0.0.1:{}", free_port()), &[]);
    harvester.await_log("retrying");
    harvester.stop();
}
