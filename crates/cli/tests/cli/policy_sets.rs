//! Tests of `replay` and `simulate` under a policy set.

use std::fs::File;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::RowAccessor as _;
use portcullis::policy::Policy;
use serde_json::{Value, json};

use crate::program::{Place, Run, check_snapshot};
use crate::records::{
    FAR, START, entry, exit, lines, objects, policy, policy_until, position, short, updated,
    withdrawn,
};

/// The options for the set of [`place`].
const SET: [&str; 8] = [
    "--policy-set",
    "set.json",
    "--set-policy",
    "live.json",
    "--set-policy",
    "canary.json",
    "--set-policy",
    "shadow.json",
];

fn hash(policy: &Value) -> String {
    Policy::from_json(&policy.to_string())
        .unwrap()
        .hash()
        .to_string()
}

/// Returns the policies of the set: live, canary and shadow.
fn policies() -> [Value; 3] {
    let (live, mut canary, mut shadow) = (policy("live"), policy("canary"), policy("shadow"));
    canary["leverage_by_symbol"]["BTCUSDT"] = 3.into();
    shadow["limits"]["max_notional_usd"] = 300.into();
    [live, canary, shadow]
}

/// Returns a set with a canary for BTCUSDT (bucket 3692) and a shadow.
fn set() -> Value {
    let [live, canary, shadow] = policies().map(|it| hash(&it));
    let arm = |hash, role, bps, key| {
        json!({
            "hash": hash, "role": role, "bps": bps, "key": key, "salt": "canary-7", "until": "2026-01-12T00:00:00Z"
        })
    };
    let arms = [
        arm(canary, "canary", 4000, "symbol"),
        arm(shadow, "shadow", 10_000, "source"),
    ];
    json!({"format": 1, "seq": 7, "live": live, "arms": arms, "kill": false})
}

/// Returns an entry in a symbol. A margin shows the leverage that is applied.
fn entry_in(symbol: &str, seconds: i64) -> Value {
    let mut entry = entry(seconds);
    entry["symbol"] = symbol.into();
    entry["source"] = "momentum".into();
    entry["position_usd"] = 100.into();
    entry["leverage"] = 10.into();
    entry.as_object_mut().unwrap().remove("size");
    entry
}

/// Returns a folder with the set, its policies and a tape.
fn place(tape: &[Value]) -> Place {
    let place = Place::new();
    for (name, policy) in ["live", "canary", "shadow"].iter().zip(policies()) {
        place.put(&format!("{name}.json"), policy.to_string());
    }
    place.put("set.json", set().to_string());
    place.put("tape.jsonl", lines(tape));
    place
}

/// Returns a tape with each kind of record. Its policies and its withdrawal have no effect under a set.
fn tape() -> Vec<Value> {
    vec![
        updated(0, &policy_until("other", START + 1)),
        entry_in("BTCUSDT", 1),
        entry_in("ETHUSDT", 2),
        entry_in("XYZUSDT", 3),
        exit(4),
        position(5),
        withdrawn(6),
        entry_in("BTCUSDT", 7),
        updated(8, &json!({})),
    ]
}

fn run(place: &Place, arguments: &[&str]) -> Run {
    let run = place.run(&[arguments, &SET].concat());
    assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?}");
    run
}

#[test]
fn the_report_shows_the_arms() {
    let place = place(&tape());
    check_snapshot("policy_set_text", &run(&place, &["replay", "tape.jsonl"]));
    let json = run(&place, &["replay", "tape.jsonl", "--format", "json"]);
    let summary: Value = serde_json::from_str(&json.stdout).unwrap();
    let mut section = Run {
        stdout: format!("{:#}\n", summary["policy_set"]),
        ..json
    };
    section.bytes.clear();
    check_snapshot("policy_set_json", &section);
}

#[test]
fn answers_end_with_the_arm_reason() {
    let place = place(&tape());
    run(&place, &["replay", "tape.jsonl", "--out", "answers"]);
    let text = place.read("answers");
    let answers = objects(&text);
    let expected = [
        "POLICY other",
        "TRADE canary",
        "TRADE live",
        "SKIP POLICY_UNIVERSE_FILTER",
        "EXIT",
        "HARVEST live",
        "POLICY",
        "TRADE canary",
        "SKIP POLICY_MISSING_FIELD",
    ];
    assert_eq!(answers.iter().map(short).collect::<Vec<_>>(), expected);
    let leverages = answers.iter().map(|it| it["leverage"].as_f64());
    let expected = [
        None,
        Some(3.0),
        Some(10.0),
        None,
        None,
        None,
        None,
        Some(3.0),
        None,
    ];
    assert_eq!(leverages.collect::<Vec<_>>(), expected);
    for (line, n) in text.lines().zip(1..) {
        let has_reason = line.ends_with(r#","arm_reason":"ARM_ASSIGNED"}"#);
        assert_eq!(has_reason, line.contains("arm_reason"), "{line}");
        assert_eq!(has_reason, [2, 8].contains(&n), "{line}");
    }

    // Parquet has the same values in the last column, and the tape can be Parquet too.
    let converted = place.run(&["convert", "tape.jsonl", "--out", "tape.parquet"]);
    assert_eq!(converted.status, 0);
    run(
        &place,
        &["replay", "tape.parquet", "--out", "answers.parquet"],
    );
    let file = File::open(place.path().join("answers.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let columns = reader.metadata().file_metadata().schema_descr().columns();
    let last = columns.len() - 1;
    assert_eq!(columns[last].name(), "arm_reason");
    let rows = reader.get_row_iter(None).unwrap();
    let reasons = rows.map(|row| row.unwrap().get_string(last).ok().cloned());
    let expected = answers
        .iter()
        .map(|it| it["arm_reason"].as_str().map(str::to_owned));
    assert_eq!(reasons.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    let difference = place.run(&[
        "diff",
        "--answers",
        "answers",
        "--answers",
        "answers.parquet",
        "--fail-on-flip",
    ]);
    assert_eq!(difference.status, 0, "{}", difference.stdout);

    // Without a set, the column does not exist.
    let other = place.run(&[
        "replay",
        "tape.jsonl",
        "--policy",
        "live.json",
        "--out",
        "other.parquet",
    ]);
    assert_eq!(other.status, 0);
    let file = File::open(place.path().join("other.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let columns = reader.metadata().file_metadata().schema_descr().columns();
    assert_eq!(columns[last - 1].name(), "policy_hash");
    assert_eq!(columns.len(), last);
}

#[test]
fn the_set_decides_recorded_decisions() {
    let decided = |symbol: &str, objection: Option<&str>| {
        let objection = objection.map(|reason| json!({"reason": reason, "detail": "denied"}));
        json!({
            "event_type": "trade.decided", "id": "7-1", "decided_at": (START + 5) * 1000,
            "policy_hash": hash(&policy("other")), "objection": objection, "entry": entry_in(symbol, 5)
        })
    };
    let mut recorded = entry_in("BTCUSDT", 5);
    recorded["decided_at"] = ((START + 5) * 1000).into();
    recorded["policy_hash"] = hash(&policy("other")).into();
    let place = place(&[
        updated(0, &policy("other")),
        decided("BTCUSDT", None),
        decided("ETHUSDT", None),
        decided("BTCUSDT", Some("POLICY_MISSING")),
        decided("BTCUSDT", Some("TRADING_HALTED")),
        recorded,
    ]);
    run(&place, &["replay", "tape.jsonl", "--out", "answers"]);
    let answers = objects(&place.read("answers"));
    let expected = [
        "POLICY other",
        "TRADE canary",
        "TRADE live",
        "TRADE canary",
        "SKIP TRADING_HALTED",
        "TRADE canary",
    ];
    assert_eq!(answers.iter().map(short).collect::<Vec<_>>(), expected);
    let summary = run(&place, &["replay", "tape.jsonl", "--format", "json"]).stdout;
    let set = serde_json::from_str::<Value>(&summary).unwrap()["policy_set"].clone();
    assert_eq!(
        [&set["recorded_decisions"], &set["policy_records_set_aside"]],
        [5, 1]
    );
    let of = |arm: usize, name: &str| set["arms"][arm][name].as_u64().unwrap();
    assert_eq!(
        [of(0, "entries"), of(1, "entries"), of(1, "trades")],
        [1, 4, 3]
    );
    // The shadow is not compared with a service denial.
    assert_eq!(set["arms"][2]["agreement"]["compared"], 4);
}

#[test]
fn threads_and_guardrails_apply() {
    let records: Vec<Value> = (0..3000)
        .map(|n| entry_in(["BTCUSDT", "ETHUSDT"][n % 2], 10))
        .collect();
    let place = place(&records);
    place.put("guardrails.json", r#"{"require_metadata_ok": true}"#);
    let summary = |more: &[&str]| {
        run(
            &place,
            &[&["replay", "tape.jsonl", "--format", "json"], more].concat(),
        )
        .stdout
    };
    let one = summary(&["--threads", "1"]);
    assert_eq!(one, summary(&["--threads", "4"]));
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parsed(&one)["decisions"]["TRADE"], 3000);
    let limited = parsed(&summary(&["--guardrails", "guardrails.json"]));
    assert_eq!(
        limited["policy_set"]["arm_reasons"],
        json!({"ARM_WITHOUT_LIVE": 1500})
    );
}

#[test]
fn a_simulation_reports_the_result_of_each_arm() {
    let far = |mut policy: Value| {
        policy["valid_until_epoch"] = FAR.into();
        policy
    };
    let mut entries = [entry_in("BTCUSDT", 1), entry_in("ETHUSDT", 2)];
    for entry in &mut entries {
        entry["stop_loss"] = 90.into();
    }
    let place = place(&[&entries[..], &[exit(180)]].concat());
    let mut set = set();
    for (name, policy) in ["live", "canary", "shadow"].iter().zip(policies().map(far)) {
        let place_of = match *name {
            "live" => &mut set["live"],
            "canary" => &mut set["arms"][0]["hash"],
            _ => &mut set["arms"][1]["hash"],
        };
        *place_of = hash(&policy).into();
        place.put(&format!("{name}.json"), policy.to_string());
    }
    place.put("set.json", set.to_string());
    let rows = (0..6).map(|n| {
        format!(
            "{},{},{},{},{}\n",
            (START + n * 60) * 1000,
            100 + n,
            101 + n,
            99 + n,
            100 + n
        )
    });
    let candles = format!(
        "open_time,open,high,low,close\n{}",
        rows.collect::<String>()
    );
    for symbol in ["BTCUSDT", "ETHUSDT"] {
        place.put(&format!("{symbol}.csv"), &candles);
    }
    let arguments = [
        "simulate",
        "tape.jsonl",
        "--candles",
        "BTCUSDT.csv",
        "--candles",
        "ETHUSDT.csv",
        "--cash",
        "2000",
    ];
    let json = run(&place, &[&arguments[..], &["--format", "json"]].concat()).stdout;
    let summary: Value = serde_json::from_str(&json).unwrap();
    let arms = summary["policy_set"]["arms"].as_array().unwrap();
    let simulated: Vec<&Value> = arms.iter().map(|arm| &arm["simulated"]).collect();
    // Both positions are opened at 101. The canary has 300 USD and is closed at 104, and the live policy has 1000 USD and
    // a price of 105 at the end.
    assert_eq!([&simulated[0]["opened"], &simulated[0]["closed"]], [1, 0]);
    assert_eq!([&simulated[1]["opened"], &simulated[1]["closed"]], [1, 1]);
    assert_eq!(*simulated[2], Value::Null);
    let net = |arm: usize| {
        simulated[arm]["net_usd"]
            .to_string()
            .trim_matches('"')
            .parse::<f64>()
            .unwrap()
    };
    assert!((net(0) - 1000.0 * 4.0 / 101.0).abs() < 0.01, "{}", net(0));
    assert!((net(1) - 300.0 * 3.0 / 101.0).abs() < 0.01, "{}", net(1));
    let trips = summary["outcome"]["trips"].as_array().unwrap();
    assert_eq!(
        trips
            .iter()
            .map(|trip| trip["leverage"].as_f64().unwrap())
            .collect::<Vec<_>>(),
        [3.0, 10.0]
    );
    check_snapshot("policy_set_simulation_text", &run(&place, &arguments));
}

#[test]
fn times_without_an_offset_are_counted_by_each_command() {
    let mut naive = entry_in("BTCUSDT", 1);
    naive.as_object_mut().unwrap().remove("ts");
    naive["timestamp"] = "2026-01-05T00:00:01".into();
    let place = place(&[naive, exit(2)]);
    let candles: String = (0..3)
        .map(|n| format!("{},1,1,1,1\n", (START + n * 60) * 1000))
        .collect();
    place.put(
        "BTCUSDT.csv",
        format!("open_time,open,high,low,close\n{candles}"),
    );
    let simulate = [
        "simulate",
        "tape.jsonl",
        "--candles",
        "BTCUSDT.csv",
        "--cash",
        "1",
    ];
    for command in [&["replay", "tape.jsonl"][..], &simulate] {
        for policies in [&SET[..], &["--policy", "live.json"]] {
            let run = place.run(&[command, policies, &["--format", "json"]].concat());
            let summary: Value = serde_json::from_str(&run.stdout).unwrap();
            assert_eq!(
                summary["times_without_offset"], 1,
                "{command:?} {policies:?}"
            );
        }
    }
}

#[track_caller]
fn check_refused(place: &Place, arguments: &[&str], status: i32, message: &str) {
    let commands: [&[&str]; 2] = [
        &["replay", "tape.jsonl"],
        &[
            "simulate",
            "tape.jsonl",
            "--candles",
            "BTCUSDT.csv",
            "--cash",
            "1",
        ],
    ];
    for command in commands {
        let run = place.run(&[command, arguments].concat());
        assert_eq!((run.status, &*run.stdout), (status, ""), "{}", run.stderr);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn policies_that_do_not_fit_the_set_are_refused() {
    let place = place(&[entry_in("BTCUSDT", 1)]);
    for (left_out, role, path) in [
        (3, "the live policy", "live"),
        (5, "a canary", "arms[0].hash"),
        (7, "a shadow", "arms[1].hash"),
    ] {
        let files = SET
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != left_out && *at != left_out - 1);
        let files: Vec<&str> = files.map(|(_, it)| *it).collect();
        let [live, canary, shadow] = policies().map(|it| hash(&it));
        let missing = [live, canary, shadow][(left_out - 3) / 2].clone();
        let message = format!(
            "portcullis: `set.json`: no file contains the policy {missing}, which is {role} of the policy set (`{path}`); add its file\n"
        );
        check_refused(&place, &files, 2, &message);
    }
    place.put("spare.json", policy("spare").to_string());
    let spare = format!(
        "portcullis: `set.json`: the policy set does not name the policy {} of `spare.json`; remove the file\n",
        hash(&policy("spare"))
    );
    check_refused(
        &place,
        &[&SET[..], &["--set-policy", "spare.json"]].concat(),
        2,
        &spare,
    );
    place.put("same.json", policy("live").to_string());
    let same = format!(
        "`live.json` and `same.json` contain the same policy {}",
        hash(&policy("live"))
    );
    check_refused(
        &place,
        &[&SET[..], &["--set-policy", "same.json"]].concat(),
        2,
        &same,
    );
    place.put("canary.json", r#"{"policy_version": "1"}"#);
    check_refused(&place, &SET, 1, "`canary.json` is not a valid policy");
}

#[test]
fn invalid_sets_are_refused() {
    let place = place(&[entry_in("BTCUSDT", 1)]);
    let mut above = set();
    above["arms"][0]["bps"] = 10_001.into();
    let mut by_source = set();
    by_source["arms"][0]["key"] = "source".into();
    let mut same = set();
    same["arms"][1]["hash"] = same["live"].clone();
    for (set, message) in [
        (
            above,
            "`set.json`: invalid policy set: `arms[0].bps`: 10001 is above 10000",
        ),
        (
            by_source,
            "`arms[0].key`: a canary must have the key `symbol`",
        ),
        (same, "`arms[1].hash`: this is the hash of `live`"),
        (json!({"format": 2}), "`set.json`: invalid policy set"),
        (policy("live"), "`set.json` is a policy, not a policy set"),
    ] {
        place.put("set.json", set.to_string());
        check_refused(&place, &SET, 2, message);
    }
    place.put("set.json", set().to_string());
    check_refused(
        &place,
        &SET[..2],
        2,
        "required arguments were not provided: --set-policy",
    );
    check_refused(
        &place,
        &SET[2..],
        2,
        "required arguments were not provided: --policy-set",
    );
    check_refused(
        &place,
        &[&SET[..], &["--policy", "live.json"]].concat(),
        2,
        "cannot be used with",
    );
    let stdin = ["--policy-set", "-", "--set-policy", "-"];
    check_refused(
        &place,
        &stdin,
        2,
        "used by `--policy-set` and by `--set-policy`",
    );
    for more in [&["--policies", "."][..], &["--plan", "2"]] {
        let run = place.run(&[&["replay", "tape.jsonl"], &SET[..], more].concat());
        assert_eq!(run.status, 2);
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    }
    let run = place.run(&[&["replay", "set.json"], &SET[..]].concat());
    assert!(
        run.stderr
            .contains("`set.json` is a policy set, not a tape"),
        "{}",
        run.stderr
    );
}
