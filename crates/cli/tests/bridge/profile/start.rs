//! Tests of the start of a bridge with the profile.

use super::{
    super::process::{INTENTS, PLANS, Server, command, error_line, eventually, text},
    Desk, PROFILE,
};

#[test]
fn the_guardrails_must_bound_the_distance_of_a_stop() {
    let refused = |guardrails: Option<&str>| {
        let desk = guardrails.map(Desk::with_guardrails);
        let path = desk.as_ref().map(|desk| desk.path("guardrails.json"));
        let mut start = command(&PROFILE);
        match &path {
            Some(path) => start.args(["--guardrails", path]),
            None => start.arg("--no-guardrails"),
        };
        error_line(&start.output().unwrap())
    };
    let rest = "; one of its services writes a percentage into `stop_loss`, and without this guardrail the percentage \
                would be used as the price of a stop";
    for (guardrails, found) in [
        (None, "but it is missing"),
        (Some("{}"), "but it is missing"),
        (Some(r#"{"max_stop_distance": 0.51}"#), "but it is 0.51"),
    ] {
        let expected = format!(
            "the profile `quantum-trader` requires a guardrail `max_stop_distance` of at most 0.5, {found}{rest}"
        );
        assert_eq!(refused(guardrails), expected);
    }
}

#[test]
fn options_of_the_profile_need_the_profile() {
    let unknown = command(&["--no-guardrails", "--profile", "quantum"])
        .output()
        .unwrap();
    let line = error_line(&unknown);
    assert!(line.contains("quantum-trader"), "{line}");
    let alone = command(&["--no-guardrails", "--mark-max-age", "5"])
        .output()
        .unwrap();
    let line = error_line(&alone);
    assert!(line.contains("--profile"), "{line}");
}

#[test]
fn the_first_line_names_the_delegates_and_the_bound_of_the_mark() {
    let server = Server::start();
    let mut redis = server.connect();
    let desk = Desk::new();
    let bridge = desk.start(
        &server,
        &["--exit-delegate", "my_closer", "--mark-max-age", "7"],
    );
    bridge.await_log("; profile quantum-trader, maximum age of a mark price 7 s");
    bridge.await_log(
        "exit owner exitbrain_v3_5, delegates my_closer, harvest_brain, manual_close, emergency_stop, reconcile_engine;",
    );
    // A delegate of the operator stays one.
    let exit = [
        ("symbol", "BTCUSDT"),
        ("action", "CLOSE"),
        ("side", "LONG"),
        ("quantity", "1"),
        ("source", "my_closer"),
    ];
    redis.add(INTENTS, &exit);
    eventually("the exit", || redis.length(PLANS) == 1);
    assert_eq!(text(&redis.last(PLANS), "intent_source"), "my_closer");
}
