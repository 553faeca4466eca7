//! Tests that a recording of a bridge with the profile is decided again in the same way.

use std::fs;

use super::{
    super::process::{INTENTS, PLANS, SKIPS, Server, eventually, program, text},
    Desk, PROFILE,
    intents::{KINDS, prepare},
};

#[test]
fn a_replay_of_a_recording_gives_the_same_answers() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    prepare(&mut redis);
    let desk = Desk::new();
    let bridge = desk.start(&server, &["--mark-max-age", "3600"]);
    for (fields, _) in KINDS {
        redis.add(INTENTS, fields);
    }
    eventually("the answers", || {
        redis.length(PLANS) + redis.length(SKIPS) == KINDS.len()
    });
    redis.run(&["SET", "quantum:kill", "1"]);
    redis.add(INTENTS, KINDS[0].0);
    eventually("the halt", || {
        redis.length(PLANS) + redis.length(SKIPS) == KINDS.len() + 1
    });
    assert_eq!(text(&redis.last(SKIPS), "reason"), "TRADING_HALTED");
    bridge.stop();

    let (tape, live, again) = (desk.path("tape"), desk.path("live"), desk.path("again"));
    let recorded = program(&["record", "--once", "--redis", &server.url()])
        .args(PROFILE)
        .args(["--out", &tape, "--answers", &live])
        .output()
        .unwrap();
    assert_eq!(recorded.status.code(), Some(0), "{recorded:?}");
    let delegates = "harvest_brain,manual_close,emergency_stop,reconcile_engine";
    let replayed = program(&[
        "replay",
        &tape,
        "--guardrails",
        &desk.path("guardrails.json"),
    ])
    .args(["--exit-delegate", delegates, "--out", &again])
    .output()
    .unwrap();
    assert_eq!(replayed.status.code(), Some(0), "{replayed:?}");
    let (live, again) = (
        fs::read_to_string(live).unwrap(),
        fs::read_to_string(again).unwrap(),
    );
    // The first record is the policy.
    assert_eq!(live.lines().count(), KINDS.len() + 2);
    assert_eq!(live, again);
}
