//! Tests of the contents and times of proposals.

use super::process::{
    BTC, Fields, HALTS, Harvester, OWNER, Redis, STREAM, Server, ago, eventually, market_key,
    position_key, proposal_key, risk_key, text,
};

fn number(proposal: &Fields, name: &str) -> f64 {
    text(proposal, name).parse().unwrap()
}

#[track_caller]
fn near(proposal: &Fields, name: &str, expected: f64) {
    let found = number(proposal, name);
    // The age of the position increases during the test.
    let tolerance = if name.starts_with('k') { 1e-4 } else { 1e-12 };
    assert!((found - expected).abs() < tolerance, "{name}: {found}");
}

#[test]
fn a_proposal_has_all_values_and_their_sources() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let opened_at = redis.open(BTC, "103.8");
    let _harvester = Harvester::start(&server.url(), &[]);
    let mut proposal = redis.await_action(BTC, "PARTIAL_25");
    near(&proposal, "r_net", 1.84);
    near(&proposal, "risk_unit", 2.0);
    near(&proposal, "cost", 0.12);
    near(&proposal, "stop_proposed", 100.3);
    near(&proposal, "kill_score", 0.502_499_979_166_874_9);
    near(&proposal, "k_age_penalty", 0.05);
    let millis: f64 = opened_at.parse::<f64>().unwrap() * 1e3;
    assert!((number(&proposal, "opened_at") - millis).abs() <= 1.0);
    for (name, value) in [
        ("symbol", BTC),
        ("side", "LONG"),
        ("close_quantity", "0.125"),
        ("close_fraction", "0.25"),
        ("peak_quantity", "0.5"),
        ("stop_source", "risk:stop_dist_pct"),
        ("k_regime_flip", "0"),
        ("k_sigma_spike", "0"),
        ("k_ts_drop", "0"),
        ("reasons", "harvest_partial_25,profit_lock,age_penalty"),
        ("harvested", "NONE"),
        ("policy_version", "1.0.0-ai-sample"),
        ("source", OWNER),
        ("exit_rule", "owner"),
    ] {
        assert_eq!(text(&proposal, name), value, "{name}");
    }
    assert_eq!(text(&proposal, "policy_hash").len(), 64);
    assert_eq!(redis.records(STREAM), [proposal.clone()]);

    // Fields that the next proposal does not have are removed.
    redis.set(&position_key(BTC), &[("current_sl", "100.3")]);
    proposal = redis.await_action(BTC, "NONE");
    assert_eq!(text(&proposal, "harvested"), "PARTIAL_25");
    for name in ["close_quantity", "close_fraction", "stop_proposed"] {
        assert_eq!(proposal.get(name), None, "{name}");
    }
}

#[test]
fn proposals_have_the_reference_values() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let _harvester = Harvester::start(&server.url(), &[]);
    let k = 0.502_499_979_166_874_9;
    for (n, (fields, market, r_net, kill, action, stop)) in [
        (
            &[("current_price", "101")][..],
            &[][..],
            0.44,
            k,
            "NONE",
            None,
        ),
        (
            &[("current_price", "103")],
            &[],
            1.44,
            k,
            "NONE",
            Some(100.3),
        ),
        (
            &[("current_price", "107.2")],
            &[],
            3.54,
            k,
            "PARTIAL_50",
            Some(100.3),
        ),
        (
            &[("current_price", "111.8")],
            &[],
            5.84,
            k,
            "PARTIAL_75",
            Some(100.3),
        ),
        (
            &[
                ("side", "SHORT"),
                ("current_price", "96"),
                ("current_sl", "101"),
            ],
            &[],
            1.94,
            k,
            "PARTIAL_25",
            Some(99.7),
        ),
        (
            &[("current_price", "103")],
            &[("p_trend", "0.1"), ("p_mr", "0.3"), ("p_chop", "0.6")],
            1.44,
            0.692_109_504_301_788_2,
            "FULL_CLOSE_PROPOSED",
            Some(100.3),
        ),
        (
            &[("current_price", "103")],
            &[("sigma", "0.03")],
            1.44,
            0.713_000_162_752_281_6,
            "FULL_CLOSE_PROPOSED",
            Some(100.3),
        ),
        (
            &[("current_price", "103"), ("opened_at", &ago(100_000))],
            &[],
            1.44,
            0.549_833_997_312_478,
            "NONE",
            Some(100.3),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let symbol = format!("CASE{n}");
        redis.publish(3600);
        stage(&mut redis, &symbol, fields, market);
        let proposal = redis.await_action(&symbol, action);
        near(&proposal, "r_net", r_net);
        near(&proposal, "kill_score", kill);
        match stop {
            Some(stop) => near(&proposal, "stop_proposed", stop),
            None => assert_eq!(proposal.get("stop_proposed"), None),
        }
    }
}

/// Writes a position and its market to the server in one step.
fn stage(redis: &mut Redis, symbol: &str, fields: &[(&str, &str)], market: &[(&str, &str)]) {
    redis.open("DRAFT", "101");
    redis.set(&market_key("DRAFT"), &[("sigma", "0.01")]);
    redis.calm(symbol);
    if !market.is_empty() {
        redis.set(&market_key(symbol), market);
    }
    redis.set(&risk_key(symbol), &[("stop_dist_pct", "0.02")]);
    let draft = position_key("DRAFT");
    redis.run(&["RENAME", &draft, "draft"]);
    redis.set("draft", &[("symbol", symbol)]);
    redis.set("draft", fields);
    redis.run(&["RENAME", "draft", &position_key(symbol)]);
}

#[test]
fn only_changes_are_proposed() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let opened_at = redis.open(BTC, "101");
    let harvester = Harvester::start(&server.url(), &[]);
    redis.await_action(BTC, "NONE");
    // These prices lead to the same result.
    for price in ["101.1", "100.5", "99", "101"] {
        redis.price(BTC, price);
        redis.settle();
    }
    assert_eq!(redis.actions(BTC), ["NONE"]);
    redis.price(BTC, "103.8");
    redis.await_action(BTC, "PARTIAL_25");
    redis.price(BTC, "104");
    redis.settle();
    assert_eq!(redis.actions(BTC), ["NONE", "PARTIAL_25"]);
    redis.set(&market_key(BTC), &[("sigma", "0.03")]);
    redis.await_action(BTC, "FULL_CLOSE_PROPOSED");
    redis.settle();
    redis.set(&market_key(BTC), &[("sigma", "0.01")]);
    let last = redis.await_action(BTC, "NONE");
    assert_eq!(text(&last, "harvested"), "PARTIAL_25");
    redis.settle();
    let actions = ["NONE", "PARTIAL_25", "FULL_CLOSE_PROPOSED", "NONE"];
    assert_eq!(redis.actions(BTC), actions);
    let log = harvester.stop();
    assert_eq!(log.matches("HARVEST BTCUSDT ").count(), 4, "{log}");
    assert!(
        log.ends_with("stopped: all proposals are complete\n"),
        "{log}"
    );
    assert!(!opened_at.is_empty());
}

#[test]
fn a_stage_is_remembered_across_restarts_for_its_position_only() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let opened_at = redis.open(BTC, "103.8");
    let start = || Harvester::start(&server.url(), &[]);
    let harvester = start();
    redis.await_action(BTC, "PARTIAL_25");
    harvester.stop();
    let harvester = start();
    redis.settle();
    redis.price(BTC, "101");
    redis.await_action(BTC, "NONE");
    harvester.kill();
    // The price returns and the harvester restarts; the stage is remembered even without the last proposal.
    redis.price(BTC, "103.8");
    redis.run(&["DEL", &proposal_key(BTC)]);
    let harvester = start();
    let last = redis.await_action(BTC, "NONE");
    assert_eq!(text(&last, "harvested"), "PARTIAL_25");
    redis.price(BTC, "107.2");
    redis.await_action(BTC, "PARTIAL_50");

    // The key is deleted and written again for the same position.
    redis.run(&["DEL", &position_key(BTC)]);
    eventually("the end", || redis.proposal(BTC).is_empty());
    redis.reopen(BTC, "107.2", &opened_at);
    let last = redis.await_action(BTC, "NONE");
    assert_eq!(text(&last, "harvested"), "PARTIAL_50");

    redis.reopen(BTC, "103.8", &ago(60));
    let first = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(text(&first, "harvested"), "NONE");
    harvester.stop();
}

#[test]
fn a_climb_closes_whole_lots_of_the_largest_quantity() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "101");
    redis.set(&position_key(BTC), &[("quantity", "0.010")]);
    let start = || Harvester::start(&server.url(), &["--lot", "BTCUSDT=0.001"]);
    let harvester = start();
    redis.await_action(BTC, "NONE");
    for (quantity, price, action, closes, fraction) in [
        ("0.010", "103.8", "PARTIAL_25", "0.002", "0.2"),
        ("0.008", "107.2", "PARTIAL_50", "0.003", "0.375"),
    ] {
        let fields = [("quantity", quantity), ("current_price", price)];
        redis.set(&position_key(BTC), &fields);
        let proposal = redis.await_action(BTC, action);
        assert_eq!(text(&proposal, "close_quantity"), closes);
        assert_eq!(text(&proposal, "close_fraction"), fraction);
        assert_eq!(text(&proposal, "peak_quantity"), "0.01");
    }
    // The largest quantity is remembered across a restart.
    harvester.stop();
    redis.set(
        &position_key(BTC),
        &[("quantity", "0.005"), ("current_price", "111.8")],
    );
    let harvester = start();
    let proposal = redis.await_action(BTC, "PARTIAL_75");
    assert_eq!(text(&proposal, "close_quantity"), "0.002");
    let log = harvester.stop();
    assert!(
        log.contains("HARVEST BTCUSDT PARTIAL_75, close 0.002"),
        "{log}"
    );
}

#[test]
fn without_an_opening_the_largest_quantity_ends_with_the_key() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "101");
    redis.run(&["DEL", &position_key(BTC)]);
    let _harvester = Harvester::start(&server.url(), &["--lot", "BTCUSDT=0.001"]);
    let key = position_key(BTC);
    let position = |quantity, price| {
        [
            ("side", "LONG"),
            ("quantity", quantity),
            ("entry_price", "100"),
            ("current_price", price),
        ]
    };
    redis.set(&key, &position("0.010", "101"));
    redis.await_action(BTC, "NONE");
    redis.run(&["DEL", &key]);
    eventually("the end", || redis.proposal(BTC).is_empty());
    redis.set(&key, &position("0.004", "103.8"));
    let proposal = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(text(&proposal, "close_quantity"), "0.001");
    assert_eq!(text(&proposal, "peak_quantity"), "0.004");
}

#[test]
fn without_an_opening_a_stage_is_proposed_once_until_flat() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let harvester = Harvester::start(&server.url(), &[]);
    let position = [
        ("side", "LONG"),
        ("qty", "1"),
        ("entry_price", "100"),
        ("mark_price", "103.8"),
        ("stop_dist_pct", "0.02"),
    ];
    let key = position_key(BTC);
    redis.set(&key, &position);
    let first = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(first.get("opened_at"), None);
    assert_eq!(first.get("kill_score"), None);
    assert_eq!(text(&first, "stop_source"), "position:stop_dist_pct");
    // The key is deleted and written again; the new key may be for the same position.
    redis.run(&["DEL", &key]);
    eventually("the end", || redis.proposal(BTC).is_empty());
    redis.set(&key, &position);
    redis.await_action(BTC, "NONE");
    redis.settle();
    // The position becomes flat.
    redis.set(&key, &[("qty", "0")]);
    eventually("the end", || redis.proposal(BTC).is_empty());
    redis.set(&key, &position);
    redis.await_action(BTC, "PARTIAL_25");
    let log = harvester.stop();
    let note = "BTCUSDT: it has no opening time, so the kill score is unavailable, and \
                each stage is proposed only once until the position is FLAT\n";
    assert!(log.contains(note), "{log}");
}

#[test]
fn the_proposal_of_a_flat_position_is_removed() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    let harvester = Harvester::start(&server.url(), &[]);
    for (field, value) in [("side", "FLAT"), ("quantity", "0"), ("quantity", "-0.0")] {
        redis.open(BTC, "101");
        redis.await_action(BTC, "NONE");
        redis.set(&position_key(BTC), &[(field, value)]);
        eventually("the end", || redis.proposal(BTC).is_empty());
        let last = redis.records(STREAM).pop().unwrap();
        assert_eq!(text(&last, "reason"), "HARVEST_NO_POSITION");
        assert_eq!(text(&last, "exit_rule"), "owner");
    }
    let length = redis.length(STREAM);
    redis.run(&["DEL", &position_key(BTC)]);
    redis.settle();
    let log = harvester.stop();
    assert_eq!(redis.actions(BTC).len(), 6);
    assert!(length >= 6);
    let removed = "HARVEST BTCUSDT proposal removed: HARVEST_NO_POSITION\n";
    assert_eq!(log.matches(removed).count(), 3, "{log}");
}

#[test]
fn a_position_that_ended_between_runs_is_detected() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "101");
    let harvester = Harvester::start(&server.url(), &[]);
    redis.await_action(BTC, "NONE");
    harvester.stop();
    redis.run(&["DEL", &position_key(BTC)]);
    let _harvester = Harvester::start(&server.url(), &[]);
    eventually("the end", || redis.proposal(BTC).is_empty());
}

#[test]
fn a_delegate_proposes_during_a_halt() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.run(&["SADD", HALTS, "*"]);
    redis.open(BTC, "103.8");
    let options = ["--as", "helper", "--exit-delegate", "helper"];
    let _harvester = Harvester::start(&server.url(), &options);
    let proposal = redis.await_action(BTC, "PARTIAL_25");
    assert_eq!(text(&proposal, "source"), "helper");
    assert_eq!(text(&proposal, "exit_rule"), "delegate");
}
