//! Tests of the command `history`, with a file store.

use std::fmt::Write as _;

use serde_json::Value;

use crate::program::{Place, Run};

const DAY: u64 = 86_400;
/// A midnight in epoch seconds, 2026-01-10.
const MIDNIGHT: u64 = 1_768_003_200;

/// Returns a folder with a store of two publications and a renewal, and intents of BTCUSDT for each hour of six days before
/// and after a time at which both were published.
fn place() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path().join("store")).unwrap();
    let mut history = String::new();
    for (seq, hours, leverage, valid) in [(1, 0, 4, 10), (2, 12, 4, 20), (3, 60, 6, 30)] {
        let at = MIDNIGHT + hours * 3600;
        let mut policy: Value =
            serde_json::from_str(&place.run(&["policy", "sample"]).stdout).unwrap();
        policy["leverage_by_symbol"]["BTCUSDT"] = leverage.into();
        policy["valid_from_epoch"] = at.into();
        policy["valid_until_epoch"] = (at + valid * DAY).into();
        policy["policy_version"] = format!("v{seq}").into();
        policy["policy_seq"] = seq.into();
        let fields = policy.as_object().unwrap().iter().map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), Value::String(text))
        });
        let fields = Value::Object(fields.collect()).to_string();
        let record = serde_json::json!({
            "policy": fields, "policy_seq": seq.to_string(), "published_at_epoch": format!("{at}.000000"),
            "policy_version": format!("v{seq}"), "by": "ada",
        });
        writeln!(history, "{record}").unwrap();
    }
    place.put("store/policy.history.jsonl", history);
    place.put("tape.jsonl", tape(0..144));
    let mut candles = "timestamp,open,high,low,close\n".to_owned();
    for hour in 0..500 {
        let (start, price) = (MIDNIGHT + hour * 3600, 1000 + hour);
        writeln!(candles, "{start},{price},{price},{price},{price}").unwrap();
    }
    place.put("BTCUSDT_1h.csv", candles);
    place
}

fn tape(hours: std::ops::Range<u64>) -> String {
    let mut tape = String::new();
    for hour in hours {
        let ts = MIDNIGHT + hour * 3600 + 1;
        writeln!(
            tape,
            r#"{{"id":"{hour}","timestamp":{ts},"symbol":"BTCUSDT","side":"BUY","position_usd":100,"leverage":50,"take_profit":{}}}"#,
            1003 + hour
        )
        .unwrap();
    }
    tape
}

fn history(place: &Place, more: &[&str]) -> Run {
    place.run(&[&["history", "tape.jsonl", "--store", "file:store"], more].concat())
}

#[test]
fn publications_are_compared_while_they_were_active() {
    let place = place();
    let run = history(&place, &["--format", "json"]);
    assert_eq!((run.status, &*run.stderr), (0, ""));
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let policies = found["policies"].as_array().unwrap();
    // The renewal has the numbers of the first policy.
    let versions: Vec<_> = policies
        .iter()
        .map(|it| it["version"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["v1", "v3"]);
    assert_eq!(
        (&policies[0]["trades"], &policies[0]["notional_usd"]),
        (&144.into(), &57600.0.into())
    );
    let effect = &policies[1]["effect"];
    assert_eq!(
        (&effect["records"], &effect["notional_usd"]),
        (&84.into(), &serde_json::json!([33600.0, 50400.0]))
    );
    let text = history(&place, &[]).stdout;
    assert!(
        text.starts_with("144 intents on 6 days from tape.jsonl\nguardrails: none\n"),
        "{text}"
    );
    assert!(text.contains("33600.00 → 50400.00"), "{text}");
}

#[test]
fn finished_days_are_not_computed_again() {
    let place = place();
    let full = history(&place, &["--format", "json"]).stdout;
    place.put("tape.jsonl", tape(0..50));
    assert_eq!(history(&place, &["--parts", "parts.jsonl"]).status, 0);
    let first = place.read("parts.jsonl");
    assert_eq!(first.lines().count(), 4);
    // An incomplete line was not written completely.
    place.put("parts.jsonl", first.clone() + "{\"format\":1,");
    place.put("tape.jsonl", tape(0..144));
    let later = history(&place, &["--parts", "parts.jsonl", "--format", "json"]);
    assert_eq!((later.status, &*later.stdout), (0, &*full));
    let both = place.read("parts.jsonl");
    assert!(both.starts_with(&first) && both.ends_with("}\n"));
    assert_eq!(both.lines().count(), 12);
    place.put(
        "tape.jsonl",
        tape(0..144).replace(r#""id":"5""#, r#""id":"x""#),
    );
    let changed = history(&place, &["--parts", "parts.jsonl"]);
    assert_eq!(changed.status, 2);
    assert!(
        changed
            .stderr
            .contains("the records of 2026-01-10 differ from those of the earlier run"),
        "{}",
        changed.stderr
    );
}

#[test]
fn days_are_simulated_with_candles() {
    let place = place();
    let simulated = ["--candles", "BTCUSDT_1h.csv", "--cash", "10000"];
    let run = history(
        &place,
        &[&simulated[..], &["--report", "page.html"]].concat(),
    );
    assert_eq!((run.status, &*run.stderr), (0, ""));
    // Prices rise, so a higher leverage earns more.
    assert!(run.stdout.contains("helped"), "{}", run.stdout);
    let page = place.read("page.html");
    assert!(page.contains("Portcullis history") && page.contains("Effect of each publication"));
}

#[test]
fn wrong_inputs_are_errors() {
    let place = place();
    let check = |more: &[&str], message: &str| {
        let run = history(&place, more);
        assert_eq!(run.status, 2, "{}", run.stderr);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    };
    check(&["--candles", "BTCUSDT_1h.csv"], "--cash");
    place.put("foreign.jsonl", "{\"a\": 1}\n");
    check(&["--parts", "foreign.jsonl"], "line 1: ");
    check(
        &["--parts", "foreign.jsonl"],
        "this is not a file of `portcullis history --parts`",
    );
    place.put("tape.jsonl", "");
    check(&[], "contains no intents with a time");
    std::fs::remove_file(place.path().join("store/policy.history.jsonl")).unwrap();
    check(&[], "the history has no publications");
}
