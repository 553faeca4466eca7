//! Tests of positions that were opened under an arm of a policy set.

use portcullis_rollout::Role;
use portcullis_service::keys::{LAST_TRADES, OPENING};
use portcullis_store::RolloutStep;

use super::process::{
    BTC, Harvester, Redis, Server, eventually, position_key, rollout::Store, text,
};

/// Harvest parameters that take profits later than those of the live policy.
const LATER: &str = r#"{"T1_R":3,"T2_R":4,"T3_R":6,"lock_R":1.5,"be_plus_pct":0.002,"cost_bps":12,"k_regime_flip":1,"k_sigma_spike":0.5,"k_ts_drop":0.5,"k_age_penalty":0.3,"kill_threshold":0.6}"#;

fn opening(redis: &mut Redis, symbol: &str) -> Option<String> {
    redis::cmd("GET")
        .arg(format!("{OPENING}{symbol}"))
        .query(&mut redis.0)
        .unwrap()
}

#[test]
fn a_position_keeps_the_ladder_of_its_arm_until_it_is_flat() {
    let server = Server::start();
    let (store, mut redis) = (Store::open(&server.url()), server.connect());
    let live = store.publish(&[]).to_string();
    let later = ("harvest_params", LATER);
    let arm = store.start(Role::Canary, 10_000, &[later]);
    let trade = format!("{arm} 8");
    redis.run(&["HSET", LAST_TRADES, BTC, &trade]);
    redis.open(BTC, "103.8");
    let harvester = Harvester::start(&server.url(), &[]);
    let proposal = redis.await_action(BTC, "NONE");
    assert_eq!(text(&proposal, "policy_hash"), arm.to_string());
    assert!(opening(&mut redis, BTC).unwrap().contains(&arm.to_string()));
    // A later trade in the symbol, or the kill switch, does not change the policy of the position.
    redis.run(&["HSET", LAST_TRADES, BTC, &format!("{live} 8")]);
    store.roll(RolloutStep::Kill);
    harvester.await_log("no arm decides, because the kill switch is on");
    redis.price(BTC, "107");
    let proposal = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(text(&proposal, "policy_hash"), arm.to_string());

    // The position ends: its trade is counted for the arm.
    assert_eq!(store.results(arm), (0, 0, 0));
    redis.set(&position_key(BTC), &[("quantity", "0")]);
    eventually("the end of the opening", || {
        opening(&mut redis, BTC).is_none()
    });
    assert_eq!(store.results(arm), (1, 0, 0));
    redis.open(BTC, "103.8");
    let proposal = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(text(&proposal, "policy_hash"), live);
    // A position under the live policy is not counted for the arm.
    redis.run(&["DEL", &position_key(BTC)]);
    eventually("the end of the opening", || {
        opening(&mut redis, BTC).is_none()
    });
    assert_eq!(store.results(arm), (1, 0, 0));
    harvester.stop();
}

#[test]
fn a_position_falls_back_to_the_live_policy_if_its_arm_is_aborted() {
    let server = Server::start();
    let (store, mut redis) = (Store::open(&server.url()), server.connect());
    let live = store.publish(&[]).to_string();
    let arm = store.start(Role::Canary, 10_000, &[("harvest_params", LATER)]);
    redis.run(&["HSET", LAST_TRADES, BTC, &format!("{arm} 8")]);
    redis.open(BTC, "103.8");
    let harvester = Harvester::start(&server.url(), &[]);
    let proposal = redis.await_action(BTC, "NONE");
    assert_eq!(text(&proposal, "policy_hash"), arm.to_string());
    store.roll(RolloutStep::Abort { arm });
    let proposal = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(text(&proposal, "policy_hash"), live);
    harvester.stop();
}
