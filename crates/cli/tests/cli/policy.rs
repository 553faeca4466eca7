//! Tests of `--policy` and of the commands on one policy.

use serde_json::{Value, json};

use crate::program::{Place, Run, check_snapshot, snapshots};
use crate::records::{
    FAR, START, entry, exit, hash_encoding, lines, objects, policy, policy_until, position, short,
    updated,
};

fn replay(policy: &str, tape: &[Value]) -> (Run, Vec<String>) {
    let place = Place::new();
    place.put("policy.json", policy);
    place.put("tape.jsonl", lines(tape));
    let run = place.run(&[
        "replay",
        "tape.jsonl",
        "--policy",
        "policy.json",
        "--out",
        "out.jsonl",
        "--format",
        "json",
    ]);
    let answers = objects(&place.read("out.jsonl"))
        .iter()
        .map(short)
        .collect();
    (run, answers)
}

/// Checks the answers to an entry, an exit and a position.
fn check(policy: &Value, expected: [&str; 3]) {
    let (run, answers) = replay(&policy.to_string(), &[entry(1), exit(1), position(1)]);
    assert_eq!((run.status, &*run.stderr), (0, ""));
    assert_eq!(answers, expected);
}

#[test]
fn a_policy_is_in_force_from_the_beginning() {
    let in_force = ["TRADE one", "EXIT", "HARVEST one"];
    check(&policy("one"), in_force);
    check(&hash_encoding(&policy("one")), in_force);
    let stale = ["SKIP POLICY_STALE", "EXIT", "SKIP POLICY_STALE"];
    check(&policy_until("one", START), stale);
    let mut later = policy("one");
    later["valid_from_epoch"] = (START + 2).into();
    let early = "SKIP POLICY_NOT_YET_VALID";
    check(&later, [early, "EXIT", early]);
}

#[test]
fn an_invalid_policy_skips_with_its_reason_and_all_violations_are_reported() {
    let check = |edit: &dyn Fn(&mut Value), reason: &str, violations: &[&str]| {
        let mut policy = policy("one");
        edit(&mut policy);
        let tape = [entry(1), entry(2), exit(3), position(4)];
        let (run, answers) = replay(&policy.to_string(), &tape);
        assert_eq!(run.status, 1);
        let skip = format!("SKIP {reason}");
        assert_eq!(answers, [&*skip, &*skip, "EXIT", &*skip]);
        let hash = Place::new().run_with(&["policy", "hash", "-"], policy.to_string());
        let mut stderr: String = violations
            .iter()
            .map(|violation| violation.replace("HASH", hash.stdout.trim_end()))
            .map(|violation| format!("portcullis: `policy.json`: {violation}\n"))
            .collect();
        stderr.push_str(
            "portcullis: `policy.json` is not a valid policy, so everything that needs a policy was skipped (run `portcullis policy check policy.json` to list all violations)\n",
        );
        assert_eq!(run.stderr, stderr);
        // The summary is complete.
        let summary: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(summary["reasons"], json!({reason: 3}));
        assert_eq!(summary["records"], 4);
        assert!(summary["digest"].is_string());
    };
    check(
        &|policy| policy["harvest_params"]["T1_R"] = 0.into(),
        "POLICY_INVALID",
        &["`harvest_params.T1_R` is `0`, but must be greater than 0"],
    );
    check(
        &|policy| {
            policy["policy_hash"] = "00".into();
            policy["kill_params"]["sigma_ref"] = "0.1".into();
            policy["harvest_params"]["T4_R"] = 7.into();
            policy.as_object_mut().unwrap().remove("leverage_by_symbol");
        },
        "POLICY_MISSING_FIELD",
        &[
            "`leverage_by_symbol` is missing",
            "`kill_params.sigma_ref` is `\"0.1\"`, but must be a JSON number",
            "`harvest_params.T4_R` is not a known field; check the spelling, or remove it",
            "`policy_hash` is `00`, but the hash of the policy's fields is HASH; if the fields are as intended, recompute it with `portcullis policy hash`",
        ],
    );
}

#[test]
fn a_policy_with_a_duplicate_key_is_rejected() {
    let text = policy("one").to_string();
    let twice = text.replacen('{', r#"{"policy_version":"two","#, 1);
    let (run, answers) = replay(&twice, &[entry(1)]);
    assert_eq!(
        (run.status, answers),
        (1, vec!["SKIP POLICY_PARSE_ERROR".to_owned()])
    );
    assert!(run.stderr.contains("`policy_version`"), "{}", run.stderr);
}

#[test]
fn a_replay_reports_assume_in_force() {
    let place = Place::new();
    place.put("policy.json", policy_until("old", 0).to_string());
    place.put("tape.jsonl", lines(&[entry(1), position(2)]));
    let arguments = ["tape.jsonl", "--policy", "policy.json"];
    let judged = place.answers(&arguments);
    assert_eq!(
        judged.iter().map(short).collect::<Vec<_>>(),
        ["SKIP POLICY_STALE"; 2]
    );
    let assuming = [&arguments[..], &["--assume-in-force"]].concat();
    let assumed = place.answers(&assuming);
    assert_eq!(
        assumed.iter().map(short).collect::<Vec<_>>(),
        ["TRADE old", "HARVEST old"]
    );
    let run = place.run(&[&["replay"], &assuming[..]].concat());
    let said = "every policy was ASSUMED to be in force at every record's time\n";
    assert!(run.stdout.contains(said));
    assert_eq!(place.summary(&assuming)["assume_in_force"], true);
    assert_eq!(place.summary(&arguments)["assume_in_force"], false);
}

#[test]
fn the_sample_has_the_requested_validity() {
    let place = Place::new();
    let until = |arguments: &[&str]| -> f64 {
        let run = place.run(arguments);
        let policy: Value = serde_json::from_str(&run.stdout).unwrap();
        policy["valid_until_epoch"].as_f64().unwrap()
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    for (arguments, seconds) in [
        (&["policy", "sample"][..], 3600.0),
        (&["policy", "sample", "--valid-for", "60"], 60.0),
        (&["policy", "sample", "--valid-for", "86400.5"], 86400.5),
    ] {
        let late = until(arguments) - now - seconds;
        assert!((0.0..60.0).contains(&late), "{arguments:?}: {late}");
    }
}

#[test]
fn a_policy_can_be_read_from_standard_input() {
    let place = Place::new();
    let sample = place.run(&["policy", "sample"]).stdout;
    let check = place.run_with(
        &["policy", "check", "-", "--format", "json"],
        sample.clone(),
    );
    let reported: Value = serde_json::from_str(&check.stdout).unwrap();
    assert_eq!((check.status, &reported["valid"]), (0, &json!(true)));
    assert_eq!(reported["policy_version"], "1.0.0-ai-sample");
    // All commands print the same hash, and a byte order mark does not change it.
    let marked = format!("\u{feff}{sample}");
    let hash = place.run_with(&["policy", "hash", "-"], marked);
    assert_eq!(reported["policy_hash"], hash.stdout.trim_end());
    let show = place.run_with(&["policy", "show", "-", "--format", "json"], sample.clone());
    let shown: Value = serde_json::from_str(&show.stdout).unwrap();
    assert_eq!(reported["policy_hash"], shown["policy_hash"]);
    // A policy with its hash is accepted; one that was changed afterwards is rejected.
    let mut policy: Value = serde_json::from_str(&sample).unwrap();
    policy["policy_hash"] = reported["policy_hash"].clone();
    // The hash covers the text of the numbers, so the notation must not change.
    let stated = sample.replacen(
        '{',
        &format!("{{\"policy_hash\":{},", reported["policy_hash"]),
        1,
    );
    assert_eq!(
        place
            .run_with(&["policy", "check", "-"], stated.clone())
            .status,
        0
    );
    let torn = stated.replace("\"BTCUSDT\": 8", "\"BTCUSDT\": 80");
    assert_ne!(torn, stated);
    let refused = place.run_with(&["policy", "check", "-"], torn);
    assert_eq!(refused.status, 1);
    assert!(
        refused
            .stdout
            .starts_with("POLICY_HASH_MISMATCH: `policy_hash` is ")
    );
}

#[test]
fn an_expired_policy_is_reported() {
    let place = Place::new();
    let unstated = "`policy_hash` is missing, so an incomplete write or an edited field cannot be detected; `portcullis policy publish` adds it";
    let check = |valid_until, status, first: &str, errors: &str| {
        let policy = policy_until("one", valid_until).to_string();
        let arguments = ["policy", "check", "-", "--format", "json"];
        let json = place.run_with(&arguments, &*policy);
        let reported: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!((json.status, &*json.stderr), (status, errors));
        assert_eq!(reported["valid"], json!(status == 0));
        assert_eq!(reported["notes"], json!([unstated]));
        let text = place.run_with(&["policy", "check", "-"], policy);
        assert_eq!((text.status, &*text.stderr), (status, errors));
        assert!(text.stdout.starts_with(first), "{}", text.stdout);
        assert!(
            text.stdout.ends_with(&format!("note: {unstated}\n")),
            "{}",
            text.stdout
        );
        reported
    };
    let stale = check(
        START,
        1,
        "POLICY_STALE: the policy expired at 2026-01-05T00:00:00Z; publish a policy with a later `valid_until_epoch`\n",
        "portcullis: `-` has expired: every entry would be skipped with POLICY_STALE\n",
    );
    assert_eq!(stale["reason"], "POLICY_STALE");
    let valid = check(253_402_300_799, 0, "valid: version one hash ", "");
    assert_eq!(valid.get("reason"), None);
}

#[test]
fn an_expiry_in_the_next_two_minutes_is_noted() {
    let place = Place::new();
    for (validity, is_noted) in [("60", true), ("600", false)] {
        let sample = place
            .run(&["policy", "sample", "--valid-for", validity])
            .stdout;
        let run = place.run_with(&["policy", "check", "-"], sample);
        assert_eq!(run.status, 0);
        let note = "possibly before every service has read it; check `valid_until_epoch`";
        assert_eq!(run.stdout.contains(note), is_noted, "{}", run.stdout);
    }
}

/// A store without a policy is not a valid policy, in every format.
#[test]
fn an_empty_store_has_no_policy() {
    let place = Place::new();
    let next = "check the address, or publish a policy with `portcullis policy publish`\n";
    for command in ["check", "show"] {
        let run = place.run(&["policy", command, "--store", "file:empty"]);
        assert_eq!(
            (run.status, &*run.stdout),
            (1, "POLICY_MISSING: no policy\n")
        );
        assert!(run.stderr.ends_with(next), "{}", run.stderr);
        let run = place.run(&[
            "policy",
            command,
            "--store",
            "file:empty",
            "--format",
            "json",
        ]);
        let reported: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (run.status, &reported["reason"]),
            (1, &json!("POLICY_MISSING"))
        );
        assert_eq!(reported["valid"], false);
    }
}

#[test]
fn numbers_are_printed_in_their_notation_unless_they_are_long() {
    let place = Place::new();
    let text = policy("one")
        .to_string()
        .replace("\"cost_bps\":12", "\"cost_bps\":12.00000000000000000001")
        .replace("\"T1_R\":1.8", "\"T1_R\":1.7999999523162842")
        .replace("\"ETHUSDT\":10", "\"ETHUSDT\":10.000000000000002")
        .replace("\"lock_R\":1.2", "\"lock_R\":1.20");
    let shown = place.run_with(&["policy", "show", "-"], text).stdout;
    for line in [
        "  lock_R               1.20\n",
        "  cost_bps             12\n",
        "  T1_R                 1.8\n",
        "  ETHUSDT              10x\n",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    let text = policy("one").to_string();
    let long = text.replace("\"BTCUSDT\":8", "\"BTCUSDT\":1e300");
    let shown = place.run_with(&["policy", "show", "-"], long).stdout;
    assert!(shown.contains("  BTCUSDT              1e300x\n"), "{shown}");
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
    check_snapshot(
        "policy_check_broken_text",
        &place.run(&["policy", "check", "broken.json"]),
    );
    let arguments = ["policy", "check", "broken.json", "--format", "json"];
    check_snapshot("policy_check_broken_json", &place.run(&arguments));
    let mut noted = policy_until("one", FAR);
    noted["valid_from_epoch"] = (FAR + 7200).into();
    noted["leverage_by_symbol"] = json!({"BTCUSDT": 8, "XRPUSDT": 3});
    noted["universe_symbols"] = json!(["BTCUSDT", "ETHUSDT"]);
    noted["metadata_ok"] = false.into();
    noted["colour"] = "blue".into();
    place.put("noted.json", noted.to_string());
    check_snapshot(
        "policy_check_noted_text",
        &place.run(&["policy", "check", "noted.json"]),
    );
    let arguments = ["policy", "check", "noted.json", "--format", "json"];
    check_snapshot("policy_check_noted_json", &place.run(&arguments));
}

#[test]
fn policy_show() {
    let place = Place::new();
    let mut policy = policy("one");
    policy["limits"] = json!({"max_leverage": 10, "max_position_usd": 1000});
    policy["universe_symbols"] = json!(["BTCUSDT", "ETHUSDT", "XRPUSDT"]);
    policy["market"] = "futures".into();
    place.put("policy.json", policy.to_string());
    check_snapshot(
        "policy_show_text",
        &place.run(&["policy", "show", "policy.json"]),
    );
    let arguments = ["policy", "show", "policy.json", "--format", "json"];
    check_snapshot("policy_show_json", &place.run(&arguments));
}

#[test]
fn policy_sample() {
    let mut settings = snapshots();
    // The expiry depends on the clock.
    settings.add_filter(
        r#""valid_until_epoch": \d+\.\d{6}"#,
        "\"valid_until_epoch\": [in an hour]",
    );
    let run = Place::new().run(&["policy", "sample"]);
    settings.bind(|| insta::assert_snapshot!("cli_policy_sample", run.printed()));
}

/// A policy name must not control the terminal.
#[test]
fn control_characters_are_escaped() {
    let place = Place::new();
    let mut policy = policy_until("one\u{1b}[31m\nvalid\u{9b}", FAR);
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
        let reported = place.run(arguments);
        assert_eq!(reported.status, 0);
        assert!(
            reported.stdout.contains(r"one\u{1b}[31m\nvalid\u{9b}"),
            "{}",
            reported.stdout
        );
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!reported.stdout.contains(control), "{}", reported.stdout);
    }
}
