//! Tests of the alarm for open positions without harvest parameters.

use std::time::{Duration, Instant as Tick};

use super::process::{BTC, Harvester, POLICY, STREAM, Server, position_key};

const ALARM: &str = "ALARM POSITIONS_WITHOUT_POLICY: ";

#[test]
fn open_positions_without_a_policy_raise_an_alarm_until_a_publication() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.open(BTC, "103.8");
    redis.open("ETHUSDT", "101");
    redis.open("SOLUSDT", "101");
    redis.set(&position_key("SOLUSDT"), &[("side", "FLAT")]);
    let harvester = Harvester::start(&server.url(), &[]);
    harvester.await_log(
        "ALARM POSITIONS_WITHOUT_POLICY: 2 open positions (BTCUSDT ETHUSDT) and no harvest \
         parameters in force: POLICY_MISSING: no policy [POLICY_MISSING_FIELD]\n",
    );
    harvester.await_log("SKIP POLICY_MISSING: BTCUSDT: no policy [POLICY_MISSING_FIELD]\n");
    assert_eq!(redis.length(STREAM), 0);
    redis.publish(3600);
    redis.await_action(BTC, "PARTIAL_25");
    harvester
        .await_log("ALARM_OVER POSITIONS_WITHOUT_POLICY: policy 1.0.0-ai-sample is in force\n");
    // The alarm is logged once, not in every scan.
    assert_eq!(harvester.log().matches(ALARM).count(), 1);

    redis.run(&["DEL", POLICY]);
    let withdrawn = Tick::now();
    super::process::eventually("another alarm", || {
        harvester.log().matches(ALARM).count() == 2
    });
    assert!(withdrawn.elapsed() < Duration::from_secs(1));
    // A changed set of positions is a new alarm; an empty set ends it.
    redis.run(&["DEL", &position_key("ETHUSDT")]);
    harvester.await_log("ALARM POSITIONS_WITHOUT_POLICY: 1 open position (BTCUSDT) and");
    redis.run(&["DEL", &position_key(BTC)]);
    harvester.await_log("ALARM_OVER POSITIONS_WITHOUT_POLICY: no position is open\n");
    harvester.stop();
}

#[test]
fn an_expired_policy_raises_the_alarm_while_the_server_is_unreachable() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(2);
    redis.open(BTC, "101");
    let harvester = Harvester::start(&server.url(), &[]);
    redis.await_action(BTC, "NONE");
    drop(server);
    harvester.await_log("retrying");
    harvester.await_log(
        "ALARM POSITIONS_WITHOUT_POLICY: 1 open position (BTCUSDT) and no harvest parameters in \
         force: POLICY_STALE: the harvest parameters of the policy expired at",
    );
    harvester.stop();
}

#[test]
fn a_policy_without_read_permission_raises_the_alarm() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "103.8");
    let user = ["ACL", "SETUSER", "blind", "on", ">secret", "+@all"];
    let keys = [
        "~quantum:state:*",
        "~quantum:market*",
        "~quantum:risk:*",
        "~quantum:harvest*",
    ];
    redis.run(&[&user[..], &keys].concat());
    let url = server.url().replace("redis://", "redis://blind:secret@");
    let harvester = Harvester::start(&url, &[]);
    harvester.await_log(
        "ALARM POSITIONS_WITHOUT_POLICY: 1 open position (BTCUSDT) and no harvest parameters in \
         force: POLICY_STORE_UNAVAILABLE: the policy store cannot be reached\n",
    );
    assert_eq!(redis.length(STREAM), 0);
    harvester.stop();
}
