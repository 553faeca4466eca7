//! Tests of missing and invalid data.

use std::time::Duration;

use super::process::{
    BTC, Harvester, STREAM, Server, eventually, market_key, position_key, proposal_key, risk_key,
    since_epoch, text,
};

#[test]
fn a_missing_market_disables_only_the_kill_score() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "103.8");
    redis.run(&["DEL", &market_key(BTC)]);
    let harvester = Harvester::start(&server.url(), &[]);
    let proposal = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(proposal.get("kill_score"), None);
    let reasons = "harvest_partial_25,profit_lock,kill_score_unavailable";
    assert_eq!(text(&proposal, "reasons"), reasons);
    harvester.await_log("the kill score is unavailable: `market` is absent, but must be an object");
    // A key of another type has the same effect and is logged.
    redis.run(&["SET", &market_key(BTC), "calm"]);
    harvester.await_log("BTCUSDT: the Redis key of its market state is not a hash, so the kill score is unavailable\n");
    assert_eq!(redis.length(STREAM), 1);
}

#[test]
fn a_missing_stop_disables_only_r() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "103.8");
    redis.run(&["DEL", &risk_key(BTC)]);
    redis.set(&market_key(BTC), &[("sigma", "0.03")]);
    let harvester = Harvester::start(&server.url(), &[]);
    let proposal = redis.await_action(BTC, "FULL_CLOSE_PROPOSED");
    for name in ["r_net", "risk_unit", "cost", "stop_source", "stop_proposed"] {
        assert_eq!(proposal.get(name), None, "{name}");
    }
    let reasons = "kill_score_triggered,sigma_spike,age_penalty,r_unavailable";
    assert_eq!(text(&proposal, "reasons"), reasons);

    // Without both, the position is skipped, which is logged once, and the previous proposal stays.
    redis.run(&["DEL", &market_key(BTC)]);
    let skip = "SKIP HARVEST_MISSING_STOP: BTCUSDT: the R multiple is unavailable: `stop_dist_pct` is absent";
    harvester.await_log(skip);
    redis.settle();
    assert_eq!(redis.proposal(BTC), proposal);
    redis.calm(BTC);
    harvester.await_log("BTCUSDT is no longer skipped");
    redis.await_action(BTC, "NONE");
    let log = harvester.stop();
    assert_eq!(log.matches(skip).count(), 1, "{log}");
}

#[test]
fn an_invalid_position_is_logged_once_and_does_not_affect_others() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&["SET", &position_key("AUSDT"), "{}"]);
    redis.open("BUSDT", "103.8");
    redis.set(&position_key("BUSDT"), &[("quantity", "-1")]);
    redis.open("CUSDT", "103.8");
    let other_case = [position_key("CUSDT"), position_key("cusdt")];
    redis.run(&["COPY", &other_case[0], &other_case[1]]);
    redis.open("DUSDT", "103.8");
    let (key, field) = (position_key("DUSDT"), "entry_price");
    let not_utf8: &[u8] = b"1\xff0";
    let mut command = redis::cmd("HSET");
    command.arg(&key).arg(field).arg(not_utf8);
    command.query::<()>(&mut redis.0).unwrap();
    let mut nameless = position_key("").into_bytes();
    nameless.extend(b"\xff\xfe");
    let mut command = redis::cmd("HSET");
    command.arg(nameless).arg("side").arg("LONG");
    command.query::<()>(&mut redis.0).unwrap();
    redis.open(BTC, "103.8");
    let harvester = Harvester::start(&server.url(), &[]);
    redis.await_action(BTC, "PARTIAL_25");
    let silent = redis.await_action("DUSDT", "NONE");
    assert!(text(&silent, "reasons").ends_with("r_unavailable"));
    redis.settle();
    for symbol in ["AUSDT", "BUSDT", "CUSDT"] {
        assert!(redis.proposal(symbol).is_empty(), "{symbol}");
    }
    let log = harvester.stop();
    for line in [
        "AUSDT: the Redis key of the position is not a hash\n",
        "BUSDT: `side` is LONG, but `quantity` is negative\n",
        "CUSDT: several Redis keys hold a position in this symbol; delete all but one\n",
        "quantum:state:positions:\u{fffd}\u{fffd}: the Redis key of a position must end with a symbol\n",
    ] {
        let line = format!("SKIP HARVEST_INVALID_INPUT: {line}");
        assert_eq!(log.matches(&line).count(), 1, "{line}\n{log}");
    }
    let line =
        "R is unavailable: `entry_price` is unreadable, but must be finite and greater than 0\n";
    assert_eq!(log.matches(line).count(), 1, "{log}");
}

#[test]
fn overwritten_proposals_and_memories() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "103.8");
    redis.run(&["SET", &proposal_key(BTC), "x"]);
    redis.open("ETHUSDT", "103.8");
    redis.run(&["LPUSH", "quantum:harvester:ETHUSDT", "x"]);
    let harvester = Harvester::start(&server.url(), &[]);
    eventually("the replacement by a hash", || {
        redis.run(&["TYPE", &proposal_key(BTC)]) == redis::Value::SimpleString("hash".to_owned())
    });
    redis.await_action(BTC, "PARTIAL_25");
    // The stage that was taken is unknown, so no stage is proposed; all other parts are proposed.
    let proposal = redis.await_action("ETHUSDT", "NONE");
    assert_eq!(
        text(&proposal, "reasons"),
        "profit_lock,age_penalty,ladder_unavailable"
    );
    assert_eq!(proposal.get("harvested"), None);
    redis.set(&market_key("ETHUSDT"), &[("sigma", "0.03")]);
    redis.await_action("ETHUSDT", "FULL_CLOSE_PROPOSED");
    harvester.await_log(
        "ETHUSDT: the memory of earlier proposals in Redis is unreadable, so no partial close is proposed\n",
    );
}

#[test]
fn an_opening_in_the_wrong_unit_gives_no_age() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "103.8");
    redis.set(&position_key(BTC), &[("opened_at", "1767571200000")]);
    let harvester = Harvester::start(&server.url(), &[]);
    let proposal = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(proposal.get("kill_score"), None);
    assert_eq!(proposal.get("opened_at"), None);
    harvester.await_log(
        "BTCUSDT: `opened_at` is outside the years 0 to 9999 (are these milliseconds instead of seconds?), so the kill score is unavailable",
    );
}

#[test]
fn a_stream_of_the_wrong_type_prevents_every_write() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&["SET", STREAM, "x"]);
    redis.open(BTC, "103.8");
    let harvester = Harvester::start(&server.url(), &[]);
    harvester.await_log("retrying");
    assert!(redis.proposal(BTC).is_empty());
    redis.run(&["DEL", STREAM]);
    redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(redis.actions(BTC), ["PARTIAL_25"]);
}

#[test]
fn a_future_opening_stops_all_stages_until_then() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.calm(BTC);
    redis.set(
        "quantum:risk:proposal:BTCUSDT",
        &[("stop_dist_pct", "0.02")],
    );
    let soon = since_epoch() + Duration::from_millis(1500);
    let soon = format!("{}.{:03}", soon.as_secs(), soon.subsec_millis());
    redis.reopen(BTC, "103.8", &soon);
    let harvester = Harvester::start(&server.url(), &[]);
    let early = redis.await_action(BTC, "NONE");
    assert!(text(&early, "reasons").contains("ladder_unavailable"));
    redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(redis.actions(BTC), ["NONE", "PARTIAL_25"]);
    harvester.await_log("BTCUSDT: its opening time is in the future");
}
