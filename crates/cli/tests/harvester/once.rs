//! Tests that each proposal is made once.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    thread,
    time::Duration,
};

use super::{
    process::{BTC, Fields, Harvester, Redis, STREAM, Server, ago, text},
    tally::Tally,
};

/// Returns how many records repeat the previous record of their symbol, plus how many stages were
/// proposed again for the same position.
fn doubled(redis: &mut Redis) -> usize {
    let mut again = 0;
    let mut last: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut stages: BTreeMap<[String; 3], usize> = BTreeMap::new();
    let of = |record: &Fields, name| text(record, name).to_owned();
    for record in redis.records(STREAM) {
        let values = ["action", "stop_proposed", "reasons", "opened_at", "reason"];
        let values: Vec<String> = values.iter().map(|name| of(&record, name)).collect();
        let before = last.insert(of(&record, "symbol"), values.clone());
        again += usize::from(before == Some(values));
        if text(&record, "action").starts_with("PARTIAL") {
            let stage = ["symbol", "opened_at", "action"].map(|name| of(&record, name));
            *stages.entry(stage).or_default() += 1;
        }
    }
    again + stages.into_values().map(|count| count - 1).sum::<usize>()
}

#[test]
fn a_killed_harvester_duplicates_no_proposal() {
    let tally = Tally::of("harvester killed (-9) at any moment", 10);
    let rounds = u64::try_from(tally.rounds()).unwrap();
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(36_000);
    let symbols: Vec<String> = (0..20).map(|n| format!("S{n:02}USDT")).collect();
    for symbol in &symbols {
        redis.open(symbol, "101");
    }
    for round in 0..rounds {
        let harvester = Harvester::start(&server.url(), &[]);
        let second = (round % 2 == 0).then(|| Harvester::start(&server.url(), &[]));
        let before = redis.length(STREAM);
        for price in ["103.8", "101", "107.2", "103", "111.8", "101"] {
            for symbol in &symbols {
                redis.price(symbol, price);
            }
            thread::sleep(Duration::from_micros(random() % 15_000));
        }
        // A slow harvester may not have evaluated any of these prices yet.
        for _ in 0..100 {
            if redis.length(STREAM) > before {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_micros(random() % 20_000));
        harvester.kill();
        drop(second);
        if round % 3 == 2 {
            for symbol in &symbols {
                redis.reopen(symbol, "101", &ago(3000 - round));
            }
        }
    }
    let harvester = Harvester::start(&server.url(), &[]);
    for symbol in &symbols {
        redis.price(symbol, "111.8");
    }
    redis.settle();
    tally.doubled.add(doubled(&mut redis));
    // The highest stage must have been proposed for the last opening.
    for symbol in &symbols {
        let opened_at = text(&redis.proposal(symbol), "opened_at").to_owned();
        let is_highest = |record: &Fields| {
            text(record, "symbol") == symbol
                && text(record, "opened_at") == opened_at
                && text(record, "action") == "PARTIAL_75"
        };
        let was_proposed = redis.records(STREAM).iter().any(is_highest);
        tally.lost.add(usize::from(!was_proposed));
    }
    harvester.stop();
    tally.answers.add(redis.length(STREAM));
    tally.conclude();
}

#[test]
fn several_instances_propose_like_one() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.open(BTC, "101");
    let harvesters = [(); 3].map(|()| Harvester::start(&server.url(), &[]));
    redis.await_action(BTC, "NONE");
    for (price, action) in [
        ("103.8", "PARTIAL_25"),
        ("101", "NONE"),
        ("107.2", "PARTIAL_50"),
        ("101", "NONE"),
        ("111.8", "PARTIAL_75"),
    ] {
        redis.price(BTC, price);
        redis.await_action(BTC, action);
    }
    redis.settle();
    assert_eq!(doubled(&mut redis), 0);
    let actions = redis.actions(BTC);
    assert_eq!(
        actions,
        [
            "NONE",
            "PARTIAL_25",
            "NONE",
            "PARTIAL_50",
            "NONE",
            "PARTIAL_75"
        ]
    );
    let logs = harvesters.map(Harvester::stop).concat();
    assert_eq!(logs.matches("HARVEST BTCUSDT ").count(), 6, "{logs}");
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
