//! Tests of the switches of the profile.

use super::{
    super::process::{EXITS, INTENTS, PLANS, SKIPS, Server, eventually, text},
    Desk,
    intents::prepare,
};

const SWITCHES: [&str; 3] = [
    "quantum:kill",
    "quantum:global:kill_switch",
    "quantum:system:mode",
];
const ENTRY: [(&str, &str); 4] = [
    ("symbol", "BTCUSDT"),
    ("side", "BUY"),
    ("entry_price", "50000"),
    ("position_size_usd", "250"),
];
const EXIT: [(&str, &str); 3] = [
    ("symbol", "BTCUSDT"),
    ("action", "FULL_CLOSE"),
    ("source", "manual_close"),
];

#[test]
fn every_value_but_the_known_ones_halts_entries_and_no_exit() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    prepare(&mut redis);
    let desk = Desk::new();
    let bridge = desk.start(&server, &[]);
    let mut exits = 0;
    for (n, key) in SWITCHES.into_iter().enumerate() {
        for value in ["1", "true", "YES", "LOCKDOWN", "NORMAL", "off", " 0"] {
            redis.run(&["SET", key, value]);
            // No time passes between the switch and the entry: the commit step compares the switches itself.
            let entry = redis.add(INTENTS, &ENTRY);
            let stream = if n % 2 == 0 { EXITS } else { INTENTS };
            redis.add(stream, &EXIT);
            exits += 1;
            eventually("the skip", || {
                redis
                    .records(SKIPS)
                    .iter()
                    .any(|skip| text(skip, "entry") == entry)
            });
            assert_eq!(
                text(&redis.last(SKIPS), "reason"),
                "TRADING_HALTED",
                "{key} {value}"
            );
            eventually("the exit", || redis.length(PLANS) == exits);
        }
        let last = format!("`{key}` is ` 0`");
        bridge.await_log(&last);
        for value in ["0", "false", "False", "no", "NO", ""] {
            redis.run(&["SET", key, value]);
            redis.add(INTENTS, &ENTRY);
            exits += 1;
            eventually("the trade", || redis.length(PLANS) == exits);
            assert_eq!(
                text(&redis.last(PLANS), "verdict"),
                "TRADE",
                "{key} {value:?}"
            );
        }
        redis.run(&["DEL", key]);
        redis.run(&["SADD", key, "0"]);
        redis.add(INTENTS, &ENTRY);
        eventually("the skip", || {
            text(&redis.last(SKIPS), "reason") == "TRADING_HALTED" && redis.pending(INTENTS) == 0
        });
        redis.run(&["DEL", key]);
    }
    let log = bridge.stop();
    assert!(
        log.contains("SWITCH_ON: all entries are halted by "),
        "{log}"
    );
    assert!(log.contains("reset the switch to end this halt"), "{log}");
}

#[test]
fn without_the_profile_a_switch_is_another_key() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    for key in SWITCHES {
        redis.run(&["SET", key, "1"]);
    }
    let _bridge = super::Bridge::start(&server.url(), &[]);
    redis.add(INTENTS, &ENTRY);
    eventually("the trade", || redis.length(PLANS) == 1);
    let plan = redis.last(PLANS);
    assert!(!plan.contains_key("action") && !plan.contains_key("signature"));
    assert_eq!(redis.plan_and_permit_ids().1, Vec::<String>::new());
}
