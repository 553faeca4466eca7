//! Tests of policy sets: canary arms decide their share, shadow arms are only recorded, and exits do not depend on a set.

use portcullis_rollout::{Key, Role};
use portcullis_service::keys::{LAST_TRADES, OPENING, SHADOWS};
use portcullis_store::{RolloutStep, redis::keys::POLICY_SET};

use super::{
    process::{Bridge, Fields, POLICY, Redis, Server, eventually, rollout::Store, text},
    recording::Desk,
};

/// Leverages that differ from those of the live policy. SOLUSDT has the lowest bucket.
const OTHER: (&str, &str) = (
    "leverage_by_symbol",
    r#"{"BTCUSDT":3,"ETHUSDT":3,"SOLUSDT":3}"#,
);
const UNIVERSE: (&str, &str) = ("universe_symbols", r#"["BTCUSDT","ETHUSDT","SOLUSDT"]"#);

/// Sends an intent, and returns its plan or skip record.
fn answer(redis: &mut Redis, id: &str, symbol: &str) -> Fields {
    redis.intent(id, symbol);
    redis.await_answer(id);
    let is_it = |answer: &&Fields| text(answer, "intent_id") == id;
    redis.answers().iter().find(is_it).unwrap().clone()
}

fn wait_for(bridge: &Bridge, seq: u64) {
    bridge.await_log(&format!("POLICY_SET_LOADED: seq={seq} "));
}

#[test]
fn a_canary_decides_its_share_until_it_is_aborted() {
    let (server, desk) = (Server::start(), Desk::new());
    let (store, mut redis) = (Store::open(&server.url()), server.connect());
    let live = store.publish(&[UNIVERSE]).to_string();
    let bridge = Bridge::start(&server.url(), &[]);
    let before = answer(&mut redis, "before", "SOLUSDT");
    assert_eq!(text(&before, "policy_hash"), live);
    assert_eq!(before.get("arm_reason"), None);

    let arm = store.start(Role::Canary, 2500, &[UNIVERSE, OTHER]);
    wait_for(&bridge, 1);
    let sol = answer(&mut redis, "canary", "SOLUSDT");
    assert_eq!(text(&sol, "policy_hash"), arm.to_string());
    assert_eq!(text(&sol, "arm_reason"), "ARM_ASSIGNED");
    assert_eq!(text(&sol, "leverage"), "3");
    let btc = answer(&mut redis, "live", "BTCUSDT");
    assert_eq!(text(&btc, "policy_hash"), live);
    assert_eq!(text(&btc, "leverage"), "8");
    redis.exit("exit", "SOLUSDT");
    assert_eq!(redis.await_answer("exit"), "EXIT");

    store.roll(RolloutStep::Kill);
    wait_for(&bridge, 2);
    let killed = answer(&mut redis, "killed", "SOLUSDT");
    assert_eq!(text(&killed, "policy_hash"), live);
    assert_eq!(text(&killed, "arm_reason"), "ARM_KILLED");
    store.roll(RolloutStep::Unkill);
    wait_for(&bridge, 3);
    // A publication keeps the arm beside the new live policy.
    let renewed = store
        .publish(&[UNIVERSE, ("policy_version", "2")])
        .to_string();
    wait_for(&bridge, 4);
    let btc = answer(&mut redis, "renewed", "BTCUSDT");
    assert_eq!(text(&btc, "policy_hash"), renewed);
    let sol = answer(&mut redis, "still", "SOLUSDT");
    assert_eq!(text(&sol, "policy_hash"), arm.to_string());

    // The live policy is removed: no arm decides.
    redis.run(&["DEL", POLICY]);
    eventually("no policy", || {
        let found = answer(&mut redis, &format!("gone {}", redis_id()), "SOLUSDT");
        text(&found, "reason") == "POLICY_MISSING"
    });
    let last = redis.answers();
    let last = last
        .iter()
        .find(|it| text(it, "reason") == "POLICY_MISSING");
    assert_eq!(text(last.unwrap(), "arm_reason"), "ARM_WITHOUT_LIVE");
    redis.exit("exit without policy", "SOLUSDT");
    assert_eq!(redis.await_answer("exit without policy"), "EXIT");

    bridge.stop();
    // A replay of the recording gives the same answers, under the policy of each answer.
    desk.record_whole(&server);
    assert_eq!(desk.replay(&[]), desk.read("live"));
}

/// Returns a number that is different in each call.
fn redis_id() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::SeqCst)
}

#[test]
fn an_open_position_keeps_its_policy_and_its_leverage() {
    let (server, desk) = (Server::start(), Desk::new());
    let (store, mut redis) = (Store::open(&server.url()), server.connect());
    let live = store.publish(&[UNIVERSE]);
    let arm = store.start(Role::Canary, 2500, &[UNIVERSE, OTHER]);
    let bridge = Bridge::start(&server.url(), &[]);
    wait_for(&bridge, 1);
    let opening = |policy: &str, leverage: &str| {
        format!(r#"{{"policy_hash":{policy},"leverage":{leverage},"opened_at":null}}"#)
    };
    let key = format!("{OPENING}SOLUSDT");
    let (under_live, under_arm) = (format!("\"{live}\""), format!("\"{arm}\""));
    let other = format!("\"{}\"", "0".repeat(64));
    for (n, (opening, policy, reason, leverage)) in [
        (opening(&under_live, "2"), live, "ARM_AFTER_FLAT", "2"),
        (opening(&under_live, "50"), live, "ARM_AFTER_FLAT", ""),
        (opening(&under_arm, "2"), arm, "ARM_PINNED", "2"),
        (opening(&under_arm, "null"), arm, "ARM_PINNED", "3"),
        (opening("null", "null"), live, "ARM_OPENING_UNKNOWN", ""),
        (opening(&other, "1.5"), live, "ARM_ENDED", "1.5"),
        ("!".to_owned(), live, "ARM_OPENING_UNKNOWN", ""),
    ]
    .into_iter()
    .enumerate()
    {
        redis.run(&["SET", &key, &opening]);
        let found = answer(&mut redis, &format!("{n}"), "SOLUSDT");
        assert_eq!(text(&found, "policy_hash"), policy.to_string(), "{opening}");
        assert_eq!(text(&found, "arm_reason"), reason, "{opening}");
        if !leverage.is_empty() {
            assert_eq!(text(&found, "leverage"), leverage, "{opening}");
        }
    }
    redis.run(&["DEL", &key]);
    let flat = answer(&mut redis, "flat", "SOLUSDT");
    assert_eq!(text(&flat, "arm_reason"), "ARM_ASSIGNED");
    let last: String = redis::cmd("HGET")
        .arg(LAST_TRADES)
        .arg("SOLUSDT")
        .query(&mut redis.0)
        .unwrap();
    assert_eq!(last, format!("{arm} 3"));
    bridge.stop();
    desk.record_whole(&server);
    assert!(desk.read("tape").contains(r#""position_leverage":1.5"#));
    assert_eq!(desk.replay(&[]), desk.read("live"));
}

#[test]
fn shadows_are_recorded_and_change_no_answer() {
    let (server, store) = (Server::start(), |server: &Server| {
        Store::open(&server.url())
    });
    let (store, mut redis) = (store(&server), server.connect());
    store.publish(&[UNIVERSE]);
    let arm = store.start(Role::Shadow(Key::Id), 10_000, &[UNIVERSE, OTHER]);
    let same = store.start(
        Role::Shadow(Key::Symbol),
        10_000,
        &[UNIVERSE, ("policy_version", "same numbers")],
    );
    let bridge = Bridge::start(&server.url(), &[]);
    wait_for(&bridge, 2);
    for n in 0..600 {
        let symbol = if n % 10 == 9 { "NOTLISTED" } else { "BTCUSDT" };
        redis.intent(&format!("{n}"), symbol);
    }
    redis.exit("exit", "BTCUSDT");
    let answers = redis.await_answers(601);
    assert!(
        answers
            .iter()
            .all(|answer| !answer.contains_key("arm_reason"))
    );
    eventually("the shadows", || redis.length(SHADOWS) >= 1200);
    assert_eq!(store.results(arm), (0, 600, 60));
    assert_eq!(store.results(same), (0, 600, 600));
    let records = redis.records(SHADOWS);
    assert_eq!(records.len(), 1200);
    for record in &records {
        let record: serde_json::Value = serde_json::from_str(text(record, "record")).unwrap();
        let is_arm = record["arm"] == arm.to_string();
        let is_skip = record["shadow_answer"]["decision"] == "SKIP";
        let expected = if is_arm && !is_skip {
            "other_numbers"
        } else {
            "same"
        };
        assert_eq!(record["agreement"], expected, "{record}");
        assert_eq!(record["set_seq"], 2);
    }
    // A stream that cannot be written is dropped.
    redis.run(&["DEL", SHADOWS]);
    redis.run(&["SET", SHADOWS, "x"]);
    assert_eq!(
        text(&answer(&mut redis, "more", "BTCUSDT"), "verdict"),
        "TRADE"
    );
    bridge.await_log("SHADOW_DROPPED");
    bridge.stop();
}

#[test]
fn an_answer_is_decided_again_if_the_set_has_changed() {
    let server = Server::start();
    let (store, mut redis) = (Store::open(&server.url()), server.connect());
    let live = store.publish(&[UNIVERSE]);
    let bridge = Bridge::start(&server.url(), &[]);
    bridge.await_log("POLICY_LOADED");
    // Without an update notification, the bridge knows the new set only after its next read.
    let arm = store.start(Role::Canary, 2500, &[UNIVERSE, OTHER]);
    let with_arm = redis.dump(POLICY_SET);
    for n in 0..20 {
        let is_set = n % 2 == 0;
        if is_set {
            redis.restore(POLICY_SET, &with_arm);
        } else {
            redis.run(&["DEL", POLICY_SET]);
        }
        let found = answer(&mut redis, &format!("{n}"), "SOLUSDT");
        let policy = if is_set { arm } else { live };
        assert_eq!(text(&found, "policy_hash"), policy.to_string(), "{n}");
    }
    bridge.stop();
}
