//! Snapshots of help and output texts.

use insta::Settings;
use serde_json::json;

use crate::support::{
    Place, Run, START, entry, exit, lines, policy, policy_until, position, updated, withdrawn,
};

fn settings() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../../../../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Returns standard output, plus the exit status and standard error if they are not 0 and empty.
fn told(run: &Run) -> String {
    let mut text = run.stdout.clone();
    if run.status != 0 {
        text.push_str(&format!("\nexit status {}\n", run.status));
    }
    if !run.stderr.is_empty() {
        text.push_str(&format!("\nstandard error:\n{}", run.stderr));
    }
    text
}

fn check(name: &str, run: &Run) {
    settings().bind(|| insta::assert_snapshot!(format!("cli_{name}"), told(run)));
}

#[test]
fn help() {
    let place = Place::new();
    for command in [
        "",
        "replay",
        "decide",
        "convert",
        "diff",
        "simulate",
        "harvest",
        "explain",
        "bridge",
        "harvester",
        "record",
        "generate",
        "policy",
        "policy sample",
        "policy check",
        "policy show",
        "policy hash",
        "policy schema",
        "policy publish",
        "policy history",
        "policy diff",
        "policy rollback",
        "policy watch",
        "policy audit",
        "halt",
        "resume",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let name = format!("help_{command}").replace(' ', "_");
        check(name.trim_end_matches('_'), &place.run(&arguments));
    }
}

#[test]
fn summary() {
    let place = Place::new();
    check("summary_sample_text", &place.run(&[]));
    check(
        "summary_sample_json",
        &place.run(&["replay", "--format", "json"]),
    );
    place.put("tape.jsonl", lines(&[entry(1)]));
    let arguments = [
        "replay",
        "tape.jsonl",
        "--exit-owner",
        "brain",
        "--exit-delegate",
        "closer",
    ];
    check("summary_one_record", &place.run(&arguments));
    place.put("tape.jsonl", "");
    check("summary_empty_tape", &place.run(&["replay", "tape.jsonl"]));
}

#[test]
fn long_lists_are_truncated() {
    let place = Place::new();
    let mut tape = Vec::new();
    for n in 0..30 {
        let mut policy = policy(&format!("v{n}"));
        let symbol = format!("S{n}USDT");
        policy["universe_symbols"] = json!([symbol, format!("NEVER{n}USDT")]);
        policy["leverage_by_symbol"] = json!({symbol.clone(): 3});
        let mut entry = entry(n);
        entry["symbol"] = symbol.into();
        tape.extend([updated(n, &policy), entry.clone()]);
        // The last five policies get the most answers.
        tape.extend(std::iter::repeat_n(entry, usize::from(n >= 25)));
    }
    for n in 0..10 {
        place.put(&format!("{n}.jsonl"), "");
    }
    place.put("9.jsonl", lines(&tape));
    check("summary_long_lists", &place.run(&["replay", "*.jsonl"]));
    let summary = place.summary(&["*.jsonl"]);
    assert_eq!(summary["policies"].as_array().unwrap().len(), 30);
    assert_eq!(summary["symbols"].as_object().unwrap().len(), 60);
    assert_eq!(summary["tapes"].as_array().unwrap().len(), 10);
}

/// 2 of 3 is 66.7 %.
#[test]
fn shares_are_rounded_to_the_nearest() {
    let place = Place::new();
    place.put("tape", lines(&[entry(1), entry(2), exit(3)]));
    let told = place.run(&["replay", "tape"]).stdout;
    assert!(told.contains("SKIP            2  66.7 %\n"), "{told}");
    assert!(told.contains("EXIT            1  33.3 %\n"), "{told}");
}

/// A policy name must not control the terminal.
#[test]
fn control_characters_are_escaped() {
    let place = Place::new();
    let mut policy = policy("one\u{1b}[31m\nvalid\u{9b}");
    policy["generator"] = "\u{1b}]0;title\u{7}".into();
    place.put("policy.json", policy.to_string());
    place.put("tape", lines(&[updated(1, &policy)]));
    for arguments in [
        &["policy", "check", "policy.json"][..],
        &["policy", "show", "policy.json"],
        &["explain", "tape"],
        &["replay", "tape"],
        &[
            "replay",
            "tape",
            "--exit-owner",
            "a\u{1b}b",
            "--exit-delegate",
            "c\u{7}d",
        ],
    ] {
        let told = place.run(arguments);
        assert_eq!(told.status, 0);
        assert!(
            told.stdout.contains(r"one\u{1b}[31m\nvalid\u{9b}"),
            "{}",
            told.stdout
        );
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!told.stdout.contains(control), "{}", told.stdout);
    }
}

fn broken() -> Place {
    let place = Place::new();
    let mut policy = policy("");
    policy["policy_hash"] = "a1b2".into();
    policy["universe_symbols"] = json!(["BTCUSDT", "btcusdt", 7, ""]);
    policy["leverage_by_symbol"]["ETHUSDT"] = 0.into();
    policy["harvest_params"]["T2_R"] = 1.into();
    policy["harvest_params"]["T4_R"] = 9.into();
    policy["harvest_params"]["kill_threshold"] = 0.5.into();
    policy["valid_until_epoch"] = 1_767_571_200_000_i64.into();
    policy.as_object_mut().unwrap().remove("kill_params");
    place.put("broken.json", policy.to_string());
    place
}

#[test]
fn policy_check() {
    let place = broken();
    check(
        "policy_check_broken_text",
        &place.run(&["policy", "check", "broken.json"]),
    );
    let arguments = ["policy", "check", "broken.json", "--format", "json"];
    check("policy_check_broken_json", &place.run(&arguments));
    let mut noted = policy("one");
    noted["valid_from_epoch"] = (START + 7200).into();
    noted["leverage_by_symbol"] = json!({"BTCUSDT": 8, "XRPUSDT": 3});
    noted["universe_symbols"] = json!(["BTCUSDT", "ETHUSDT"]);
    noted["metadata_ok"] = false.into();
    noted["colour"] = "blue".into();
    place.put("noted.json", noted.to_string());
    check(
        "policy_check_noted_text",
        &place.run(&["policy", "check", "noted.json"]),
    );
    let arguments = ["policy", "check", "noted.json", "--format", "json"];
    check("policy_check_noted_json", &place.run(&arguments));
}

#[test]
fn policy_show() {
    let place = Place::new();
    let mut policy = policy("one");
    policy["limits"] = json!({"max_leverage": 10, "max_position_usd": 1000});
    policy["universe_symbols"] = json!(["BTCUSDT", "ETHUSDT", "XRPUSDT"]);
    policy["market"] = "futures".into();
    place.put("policy.json", policy.to_string());
    check(
        "policy_show_text",
        &place.run(&["policy", "show", "policy.json"]),
    );
    let arguments = ["policy", "show", "policy.json", "--format", "json"];
    check("policy_show_json", &place.run(&arguments));
}

#[test]
fn policy_sample() {
    let mut settings = settings();
    // The expiry depends on the clock.
    settings.add_filter(
        r#""valid_until_epoch": \d+\.\d{6}"#,
        "\"valid_until_epoch\": [in an hour]",
    );
    let run = Place::new().run(&["policy", "sample"]);
    settings.bind(|| insta::assert_snapshot!("cli_policy_sample", told(&run)));
}

#[test]
fn explain() {
    let place = Place::new();
    place.put("policy.json", policy("one").to_string());
    let mut asked = entry(1);
    asked["leverage"] = 20.into();
    let mut foreign = entry(2);
    foreign["symbol"] = "XRPUSDT".into();
    let mut halved = position(4);
    halved["harvested"] = "PARTIAL_50".into();
    let mut bare = position(5);
    bare.as_object_mut().unwrap().remove("market");
    place.put(
        "tape.jsonl",
        lines(&[
            asked,
            foreign,
            exit(3),
            halved,
            bare,
            updated(6, &policy("two")),
            updated(7, &policy_until("three", 253_402_300_800)),
            withdrawn(8),
            entry(9),
            json!({"event_type": "order.filled"}),
        ]),
    );
    for (n, name) in [
        ("1", "trade"),
        ("2", "skip"),
        ("3", "exit"),
        ("4", "harvest"),
        ("5", "harvest_without_market"),
        ("6", "policy"),
        ("7", "policy_refused"),
        ("8", "policy_withdrawn"),
        ("9", "skip_without_policy"),
        ("10", "unreadable"),
    ] {
        let arguments = ["explain", "tape.jsonl", "--policy", "policy.json", "--n", n];
        check(&format!("explain_{name}_text"), &place.run(&arguments));
        let json = place.run(&[&arguments[..], &["--format", "json"]].concat());
        let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(json["n"].to_string(), n);
        assert!(
            json["id"].is_string() && json.get("symbol").is_some(),
            "{json}"
        );
        if name.len() <= "harvest".len() {
            let json = [&arguments[..], &["--format", "json"]].concat();
            check(&format!("explain_{name}_json"), &place.run(&json));
        }
    }
}

#[test]
fn diff() {
    let place = Place::new();
    let before = policy("1");
    let mut after = before.clone();
    after["harvest_params"]["T1_R"] = 2.0.into();
    after["leverage_by_symbol"]["BTCUSDT"] = 10.into();
    after["universe_symbols"].as_array_mut().unwrap().remove(1);
    let mut ether = entry(2);
    ether["symbol"] = "ETHUSDT".into();
    let mut lost = ether.clone();
    lost["size"] = json!(null);
    let tape = [
        entry(1),
        ether,
        lost,
        exit(3),
        position(4),
        updated(5, &before),
    ];
    place.put("before.json", before.to_string());
    place.put("after.json", after.to_string());
    place.put("tape.jsonl", lines(&tape));
    let given = [
        "--policy",
        "before.json",
        "--policy",
        "after.json",
        "--fail-on-flip",
    ];
    check(
        "diff_text",
        &place.run(&[&["diff", "tape.jsonl"], &given[..]].concat()),
    );
    for name in ["before", "after"] {
        let policy = format!("{name}.json");
        place.answers(&["tape.jsonl", "--policy", &policy]);
        place.put(name, place.read("answers"));
    }
    let files = ["diff", "--answers", "before", "--answers", "after"];
    check("diff_answers_text", &place.run(&files));
    let json = [&files[..], &["--format", "json"]].concat();
    check("diff_answers_json", &place.run(&json));
    let engine = ["diff", "--answers", "before", "tape.jsonl"];
    let engine = [&engine[..], &["--policy", "after.json"]].concat();
    check("diff_engine_text", &place.run(&engine));
}

#[test]
fn rank() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("policies")).unwrap();
    let mut other = policy("2");
    other["harvest_params"]["T1_R"] = 2.0.into();
    other["leverage_by_symbol"]["BTCUSDT"] = 10.into();
    place.put("policies/one.json", policy("1").to_string());
    place.put("policies/two.json", other.to_string());
    let mut lost = entry(2);
    lost["size"] = json!(null);
    let tape = [
        entry(1),
        lost,
        exit(3),
        position(4),
        updated(5, &policy("1")),
    ];
    place.put("tape.jsonl", lines(&tape));
    check(
        "rank_text",
        &place.run(&["replay", "tape.jsonl", "--policies", "policies"]),
    );
}
