//! A server that is not there.

use super::support::{BTC, Harvester, Server, eventually, free_port, text};

#[test]
fn a_server_that_is_away_is_waited_for() {
    let port = free_port();
    let harvester = Harvester::start(&format!("redis://127.0.0.1:{port}"), &[]);
    harvester.await_log("trying again");
    {
        let server = Server::start_at(port);
        let mut redis = server.connect();
        redis.publish(3600);
        redis.open(BTC, "103.8");
        redis.await_action(BTC, "PARTIAL_25");
        harvester.await_log("is back");
    }
    eventually("the second farewell", || {
        harvester.log().matches("trying again").count() == 2
    });
    // It lost everything, what was proposed too.
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
fn it_ends_while_the_server_is_away() {
    let harvester = Harvester::start(&format!("redis://127.0.0.1:{}", free_port()), &[]);
    harvester.await_log("trying again");
    harvester.stop();
}
