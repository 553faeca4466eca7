//! Tests that a replay of a recording gives the same answers as the bridge, byte for byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::{Command, Output, Stdio},
};

use portcullis::policy::Policy;
use serde_json::Value;

use super::{
    clocks::wrong_clock,
    process::{
        BRIDGE, Bridge, INTENTS, PLANS, POLICY, Redis, SKIPS, Server, error_line, eventually,
        free_port, program, since_epoch, text,
    },
    recording::{Desk, live_day},
};

#[test]
fn a_replay_of_a_recording_gives_the_same_answers() {
    let (server, desk) = (Server::start(), Desk::new());
    let answers = live_day(&server, &desk);
    desk.record_whole(&server);
    let (tape, live) = (desk.read("tape"), desk.read("live"));
    assert_eq!(tape.lines().count(), live.lines().count());
    let records: Vec<Value> = tape
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let policies = records
        .iter()
        .filter(|it| it["event_type"] == "policy.updated")
        .count();
    assert_eq!(
        policies, 5,
        "the sample, the foreign policy twice, the third, the short one"
    );
    assert_eq!(records.len(), answers.len() + policies);
    let reasons: BTreeSet<&str> = answers.iter().map(String::as_str).collect();
    for reason in [
        "TRADE",
        "EXIT",
        "INTENT_UNREADABLE",
        "INTENT_INVALID",
        "INTENT_AMBIGUOUS",
        "INTENT_NOT_ACTIONABLE",
        "DENY_NOT_EXIT_OWNER",
        "TRADING_HALTED",
        "POLICY_MISSING",
        "POLICY_PARSE_ERROR",
        "POLICY_STALE",
        "POLICY_UNIVERSE_FILTER",
        "POLICY_MISSING_LEVERAGE",
        "POLICY_MISSING_SIZE",
        "POLICY_LIMIT_EXCEEDED",
        "INTENT_DUPLICATE",
        "INTENT_SUPERSEDED",
    ] {
        assert!(
            reasons.contains(reason),
            "{reason} is not among {reasons:?}"
        );
    }
    for threads in ["1", "3"] {
        let again = desk.replay(&["--threads", threads]);
        for (live, again) in live.lines().zip(again.lines()) {
            assert_eq!(live, again);
        }
        assert_eq!(live, again);
    }

    // Verifies the comparison by planted changes: a number of a policy, a number of an entry, a removed denial and a
    // time.
    for (from, to) in [
        (r#"\"BTCUSDT\":8"#, r#"\"BTCUSDT\":9"#),
        (r#""size":"250""#, r#""size":"251""#),
        (r#""objection""#, r#""objected""#),
        (r#""decided_at":1"#, r#""decided_at":2"#),
    ] {
        assert!(tape.contains(from), "{from}");
        let differs = desk.replay_text(&tape.replace(from, to)) != live;
        assert!(differs, "{from}");
    }
    // A denial has no effect on an exit.
    let objection = r#","objection":{"reason":"TRADING_HALTED","detail":"forged"},"entry":{"#;
    let forged: Vec<String> = tape
        .lines()
        .zip(live.lines())
        .map(
            |(record, answer)| match answer.contains(r#""decision":"EXIT""#) {
                true => record.replacen(r#","entry":{"#, objection, 1),
                false => record.to_owned(),
            },
        )
        .collect();
    assert!(forged.join("\n").contains("forged"));
    assert!(desk.replay_text(&forged.join("\n")) == live);
}

#[test]
fn denials_by_differing_clocks_are_recorded() {
    let (server, desk) = (Server::start(), Desk::new());
    let mut redis = server.connect();
    redis.publish(3600);
    let entry = |at| {
        [
            "XADD", INTENTS, at, "symbol", "BTCUSDT", "side", "BUY", "size", "1",
        ]
    };
    // This entry is too old by any clock.
    redis.run(&entry("1000-0"));
    let url = format!("redis://127.0.0.1:{}", wrong_clock(server.port(), 60));
    let guardrails = desk.name("guardrails.json");
    let bridge = Bridge::start(&url, &["--guardrails", &guardrails]);
    redis.intent("entry", "BTCUSDT");
    redis.intent("no symbol of it", "XRPUSDT");
    redis.exit("exit", "ETHUSDT");
    // This entry is too far ahead of any clock.
    let ahead = (since_epoch().as_secs() + 3600) * 1000;
    redis.run(&entry(&format!("{ahead}-0")));
    redis.await_answers(5);
    bridge.stop();
    desk.record_whole(&server);
    let live = desk.read("live");
    assert_eq!(live.matches("CLOCK_UNTRUSTED").count(), 3, "{live}");
    assert_eq!(live.matches("INTENT_STALE").count(), 1, "{live}");
    assert_eq!(desk.replay(&[]), live);
}

#[test]
fn policies_with_and_without_a_stated_hash_are_distinguished() {
    for states_first in [true, false] {
        let (server, desk) = (Server::start(), Desk::new());
        let guardrails =
            r#"{"require_policy_hash": true, "max_validity_sec": 5000, "max_plan_age_sec": 30}"#;
        fs::write(desk.path("guardrails.json"), guardrails).unwrap();
        let mut redis = server.connect();
        redis.publish(3600);
        let fields = redis::cmd("HGETALL").arg(POLICY).query(&mut redis.0);
        let fields: BTreeMap<String, String> = fields.unwrap();
        let hash = Policy::from_fields(fields).unwrap().hash().to_string();
        let guardrails = desk.name("guardrails.json");
        let bridge = Bridge::start(&server.url(), &["--guardrails", &guardrails]);
        for (n, is_stated) in [states_first, !states_first, states_first]
            .iter()
            .enumerate()
        {
            let change = ["HSET", POLICY, "policy_hash", &hash];
            redis.run(if *is_stated {
                &change
            } else {
                &["HDEL", POLICY, "policy_hash"]
            });
            let expected = if *is_stated {
                "TRADE"
            } else {
                "POLICY_CONSTRAINT_VIOLATION"
            };
            let mut tries = 0;
            eventually(expected, || {
                tries += 1;
                let id = format!("{n}.{tries}");
                redis.intent(&id, "BTCUSDT");
                redis.await_answer(&id) == expected
            });
        }
        redis.publish(9000);
        let mut tries = 0;
        eventually("a policy that is valid for too long", || {
            tries += 1;
            redis.intent(&format!("long {tries}"), "BTCUSDT");
            redis
                .answers()
                .iter()
                .any(|it| text(it, "detail").contains("valid for"))
        });
        bridge.stop();
        desk.record_whole(&server);
        assert!(desk.replay(&[]) == desk.read("live"));
    }
}

#[test]
fn answers_of_several_instances_make_one_recording() {
    let (server, desk) = (Server::start(), Desk::new());
    let mut redis = server.connect();
    redis.publish(3600);
    let guardrails = desk.name("guardrails.json");
    let bridges = [(); 2].map(|()| {
        Bridge::start(
            &server.url(),
            &["--guardrails", &guardrails, "--batch", "5"],
        )
    });
    for half in 0..2 {
        for n in 0..100 {
            let id = format!("{half}.{n}");
            redis.intent(&id, "BTCUSDT");
            redis.intent(&id, "ETHUSDT");
            redis.intent(&format!("other {id}"), "XRPUSDT");
            redis.exit(&format!("exit {id}"), "SOLUSDT");
        }
        redis.await_answers(400 * (half + 1));
        redis.publish_with(3600, &[("policy_version", "two")]);
        for bridge in &bridges {
            bridge.await_log("version=two");
        }
    }
    for bridge in bridges {
        bridge.stop();
    }
    desk.record_whole(&server);
    let live = desk.read("live");
    assert_eq!(live.lines().count(), 802);
    assert!(desk.replay(&["--threads", "1"]) == live);
    assert!(desk.replay(&["--threads", "4"]) == live);
}

/// Runs a bridge that answers one trade, one skip and one exit.
fn three_answers(server: &Server) -> Redis {
    let mut redis = server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&server.url(), &[]);
    redis.intent("trade", "BTCUSDT");
    redis.intent("skip", "XRPUSDT");
    redis.exit("exit", "ETHUSDT");
    redis.await_answers(3);
    bridge.stop();
    redis
}

#[track_caller]
fn missing(output: &Output, what: &str) {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(what), "{stderr}");
    assert!(
        stderr.ends_with("portcullis: the recording is incomplete\n"),
        "{stderr}"
    );
}

#[test]
fn missing_items_are_reported() {
    let (server, desk) = (Server::start(), Desk::new());
    let mut redis = three_answers(&server);
    desk.record_whole(&server);

    // Without the bridge's copy, the policy is still found as the published one.
    let hash = text(&redis.records(PLANS)[1], "policy_hash").to_owned();
    let kept = format!("{BRIDGE}:policy:{hash}");
    redis.run(&["DEL", &kept]);
    desk.record_whole(&server);
    redis.run(&["RENAME", POLICY, "aside"]);
    missing(
        &desk.record(&server),
        &format!("1 policy is not stored on the server: {hash}"),
    );
    let again = desk.replay(&[]);
    assert!(
        again.contains(&format!(
            "the policy of the recorded decision, with hash {hash}, is not on the tape"
        )),
        "{again}"
    );
    redis.run(&["RENAME", "aside", POLICY]);

    let foreign = redis.add(PLANS, &[("decision", "EXECUTE"), ("symbol", "BTCUSDT")]);
    missing(
        &desk.record(&server),
        &format!("reads other streams: {foreign} of `{PLANS}`"),
    );
    redis.run(&["XDEL", PLANS, &foreign]);
    missing(&desk.record(&server), "1 answer was trimmed");

    let entry = text(&redis.records(SKIPS)[0], "entry").to_owned();
    redis.run(&["XDEL", INTENTS, &entry]);
    let expected = format!("1 answered entry is no longer in its stream: {entry} of `{INTENTS}`");
    missing(&desk.record(&server), &expected);
    // The tape and the answers still correspond line by line.
    let live = desk.read("live");
    assert_eq!(live.lines().count(), 3);
    assert_eq!(desk.replay(&[]), live);
}

#[test]
fn it_records_until_a_signal() {
    let (server, desk) = (Server::start(), Desk::new());
    let (tape, live) = (desk.name("tape"), desk.name("live"));
    let recorder = program(&[
        "record",
        "--redis",
        &server.url(),
        "--out",
        &tape,
        "--answers",
        &live,
    ])
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    three_answers(&server);
    let part = || {
        let files = fs::read_dir(desk.path("")).unwrap();
        let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        texts
            .filter(|text| text.contains("trade.decided"))
            .any(|text| text.lines().count() == 4)
    };
    eventually("the recording", part);
    let stopped = Command::new("kill")
        .args(["-TERM", &recorder.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
    let output = recorder.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(stderr, "portcullis: recorded 3 answers and 1 policy\n");
    assert_eq!(desk.replay(&[]), desk.read("live"));
    let once = desk.read("tape");
    desk.record_whole(&server);
    assert_eq!(desk.read("tape"), once);
}

#[test]
fn a_closed_output_ends_it_without_an_error() {
    let server = Server::start();
    let mut recorder = program(&["record", "--redis", &server.url()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(recorder.stdout.take());
    three_answers(&server);
    let output = recorder.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stderr, b"");
}

#[test]
fn unusable_inputs_are_errors() {
    let server = Server::start();
    let url = server.url();
    let check = |arguments: &[&str], line: &str| {
        let output = program(&[&["record", "--once"], arguments].concat())
            .output()
            .unwrap();
        let error = error_line(&output);
        assert!(error.starts_with(line), "{error}");
    };
    check(&["--redis", "http://example.org"], "invalid address");
    let closed_port = free_port();
    check(
        &["--redis", &format!("redis://127.0.0.1:{closed_port}")],
        &format!("Redis at 127.0.0.1:{closed_port}: "),
    );
    let nothing = format!(
        "there are no answers to record: neither stream `{PLANS}` nor stream `{SKIPS}` exists"
    );
    check(&["--redis", &url], &nothing);
    server.connect().run(&["SET", PLANS, "1"]);
    check(
        &["--redis", &url],
        &format!("Redis at 127.0.0.1:{}: ", server.port()),
    );
    check(
        &["--out", "a", "--answers", "a"],
        "`a`: --out and --answers must be different files",
    );
}
