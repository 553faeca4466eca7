//! Tests of the profile `quantum-trader`, with an apply layer that is written from the description of its services.

use super::{
    consumers::apply,
    process::{
        BTC, Fields, Harvester, POLICY, Redis, STREAM, Server, ago, eventually, market_key,
        position_key, proposal_key, risk_key, since_epoch, text,
    },
};

const PROFILE: [&str; 4] = ["--profile", "quantum-trader", "--as", "harvest_brain"];

impl Redis {
    /// Writes a position, its market and its stop distance as the services of the profile write them.
    fn hold(&mut self, price: &str, opening: &[(&str, &str)]) {
        let now = since_epoch().as_secs().to_string();
        let position = [
            ("symbol", BTC),
            ("position_amt", "0.5"),
            ("side", "LONG"),
            ("quantity", "0.5"),
            ("entry_price", "100"),
            ("mark_price", price),
            ("current_price", price),
            ("unrealized_pnl", "1"),
            ("leverage", "5"),
            ("ts_epoch", &now),
            ("source", "venue"),
        ];
        self.calm(BTC);
        self.set(&market_key(BTC), &[("ts_timestamp", &now)]);
        self.set(&risk_key(BTC), &[("stop_dist_pct", "0.02")]);
        self.set(&position_key(BTC), &[&position[..], opening].concat());
    }

    /// Waits until the apply layer takes this action. Returns the proposal.
    fn await_applied(&mut self, action: &str) -> Fields {
        let mut proposal = Fields::new();
        eventually(action, || {
            proposal = self.proposal(BTC);
            apply(&proposal).unwrap().as_deref() == Some(action)
        });
        proposal
    }
}

#[test]
fn a_proposal_has_the_names_of_the_profile() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.hold("103.8", &[("created_at", &ago(3600))]);
    let harvester = Harvester::start(&server.url(), &PROFILE);
    let proposal = redis.await_applied("PARTIAL_25");
    let reasons = "harvest_partial_25,profit_lock,age_penalty";
    for (name, value) in [
        ("harvest_action", "PARTIAL_25"),
        ("reason_codes", reasons),
        ("k_regime_flip", "0"),
        ("source", "harvest_brain"),
        ("exit_rule", "delegate"),
    ] {
        assert_eq!(text(&proposal, name), value, "{name}");
    }
    let number = |name| text(&proposal, name).parse::<f64>().unwrap();
    assert!((number("R_net") - 1.84).abs() < 1e-12);
    assert!((number("new_sl_proposed") - 100.3).abs() < 1e-12);
    assert!((number("k_age_penalty") - 0.05).abs() < 1e-4);
    for own in ["action", "reasons", "stop_proposed", "r_net"] {
        assert_eq!(proposal.get(own), None, "{own}");
    }
    let entries: Vec<(String, Vec<String>)> = redis::cmd("XRANGE")
        .arg(STREAM)
        .arg("-")
        .arg("+")
        .query(&mut redis.0)
        .unwrap();
    let [(_, items)] = entries.as_slice() else {
        panic!("{entries:?}");
    };
    assert_eq!(items[..2], ["symbol", BTC]);
    assert!(items.contains(&"harvest_action".to_owned()));

    // The end of a position removes the proposal, and the entry on the stream has no action.
    redis.set(
        &position_key(BTC),
        &[("side", "FLAT"), ("position_amt", "0"), ("quantity", "0")],
    );
    eventually("the end", || redis.proposal(BTC).is_empty());
    let last = redis.records(STREAM).pop().unwrap();
    assert_eq!(apply(&last).unwrap().as_deref(), Some("NONE"));
    harvester.stop();
}

#[test]
fn a_valid_proposal_is_renewed_without_an_entry_on_the_stream() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.hold("103.8", &[("opened_at", &ago(3600))]);
    let _harvester = Harvester::start(&server.url(), &PROFILE);
    let first = redis.await_applied("PARTIAL_25");
    // Another service adds these fields.
    redis.set(
        &proposal_key(BTC),
        &[
            ("calibrated", "0"),
            ("action", "FULL_CLOSE_PROPOSED"),
            ("stale", "1"),
        ],
    );
    let of = |proposal: &Fields, name: &str| text(proposal, name).to_owned();
    eventually("a later update", || {
        of(&redis.proposal(BTC), "last_update_epoch") > of(&first, "last_update_epoch")
    });
    let renewed = redis.await_applied("PARTIAL_25");
    assert_eq!(
        (of(&renewed, "calibrated"), of(&renewed, "action")),
        ("0".into(), "FULL_CLOSE_PROPOSED".into())
    );
    assert_eq!(renewed.get("stale"), None);
    assert_eq!(redis.length(STREAM), 1);
    // The numbers are renewed as well, although the action is the same.
    redis.set(
        &position_key(BTC),
        &[("current_price", "103.9"), ("mark_price", "103.9")],
    );
    eventually("the new number", || {
        let r: f64 = text(&redis.proposal(BTC), "R_net").parse().unwrap();
        (r - 1.89).abs() < 1e-12
    });
    // A number that is unavailable disappears.
    redis.run(&["DEL", &market_key(BTC)]);
    eventually("the end of the score", || {
        !redis.proposal(BTC).contains_key("kill_score")
    });
    apply(&redis.proposal(BTC)).unwrap();
}

#[test]
fn a_proposal_is_withdrawn_when_the_policy_ends() {
    for (ends, reason) in [(true, "POLICY_STALE"), (false, "POLICY_MISSING")] {
        let server = Server::start();
        let mut redis = server.connect();
        redis.publish(if ends { 3 } else { 3600 });
        redis.hold("103.8", &[("opened_at", &ago(3600))]);
        let harvester = Harvester::start(&server.url(), &PROFILE);
        redis.await_applied("PARTIAL_25");
        if !ends {
            redis.run(&["DEL", POLICY]);
        }
        let withdrawn = redis.await_applied("NONE");
        assert_eq!(text(&withdrawn, "reason_codes"), reason);
        for name in ["new_sl_proposed", "kill_score", "R_net", "policy_hash"] {
            assert_eq!(withdrawn.get(name), None, "{name}");
        }
        let last = redis.records(STREAM).pop().unwrap();
        assert_eq!(apply(&last).unwrap().as_deref(), Some("NONE"));
        harvester.await_log(&format!("HARVEST {BTC} proposal withdrawn: {reason}"));
        // It is withdrawn once, and the next policy makes the next proposal.
        let length = redis.length(STREAM);
        redis.settle_scans(&harvester);
        assert_eq!(redis.length(STREAM), length);
        redis.publish(3600);
        redis.set(
            &position_key(BTC),
            &[("current_price", "107.2"), ("mark_price", "107.2")],
        );
        redis.await_applied("PARTIAL_50");
        harvester.stop();
    }
}

impl Redis {
    /// Waits for some scans, by the log line about a key that is not a position.
    fn settle_scans(&mut self, harvester: &Harvester) {
        for n in 0..2 {
            let key = format!("a b {n}");
            self.set(&position_key(&key), &[("side", "LONG")]);
            harvester.await_log(&key);
        }
    }
}

#[test]
fn without_the_profile_a_proposal_is_neither_renewed_nor_withdrawn() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.hold("103.8", &[("opened_at", &ago(3600))]);
    let harvester = Harvester::start(&server.url(), &[]);
    let first = redis.await_action(BTC, "PARTIAL_25");
    redis.run(&["DEL", POLICY]);
    harvester.await_log("ALARM POSITIONS_WITHOUT_POLICY");
    redis.settle_scans(&harvester);
    assert_eq!(redis.proposal(BTC), first);
    assert_eq!(first.get("last_update_epoch"), None);
    assert_eq!(apply(&first).unwrap(), None);
}

#[test]
fn a_position_with_an_age_has_a_kill_score_and_no_second_stage() {
    let server = Server::start();
    let mut redis = server.connect();
    redis.publish(3600);
    redis.hold("103.8", &[("age_sec", "3600")]);
    let harvester = Harvester::start(&server.url(), &PROFILE);
    let proposal = redis.await_applied("PARTIAL_25");
    let age: f64 = text(&proposal, "k_age_penalty").parse().unwrap();
    assert!((age - 0.05).abs() < 1e-3, "{age}");
    harvester.await_log("it has an age and no opening time, so each stage is proposed only once");
    // The age grows with each report, which does not make it another position.
    redis.hold("103.8", &[("age_sec", "3700"), ("current_sl", "100.3")]);
    redis.await_applied("NONE");
    assert_eq!(redis.actions_of_profile(), ["PARTIAL_25", "NONE"]);
}

impl Redis {
    fn actions_of_profile(&mut self) -> Vec<String> {
        let records = self.records(STREAM);
        records
            .iter()
            .map(|record| text(record, "harvest_action").to_owned())
            .collect()
    }
}
