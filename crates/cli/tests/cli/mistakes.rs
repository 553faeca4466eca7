//! Plausible mistakes of a new user, with the messages from which they learn the next step.

use serde_json::{Value, json};

use crate::program::{Place, snapshots};
use crate::records::{FAR, START, entry, lines, policy_until, withdrawn};

/// Plausible mistakes: typos, swapped arguments, wrong units, wrong symbols, expired policies and empty files.
const MISTAKES: &[&str] = &[
    "rplay month.jsonl",
    "replay month.jsonl --polcy policy.json",
    "replay mnth.jsonl --policy policy.json",
    "replay month.jsonl policy.json",
    "replay month.jsonl guardrails.json --policy policy.json",
    "replay BTCUSDT_1m.csv --policy policy.json",
    "replay answers.jsonl --policy policy.json",
    "replay policy.json --policy month.jsonl",
    "replay month.jsonl --policy guardrails.json",
    "replay month.jsonl --policy policy.json --guardrails policy.json",
    "replay month.jsonl",
    "replay withdrawn.jsonl --policy policy.json",
    "replay month.jsonl --policy expired.json",
    "replay month.jsonl --policy later.json",
    "replay month.jsonl --policy broken.json",
    "replay dashes.jsonl --policy policy.json",
    "replay seconds.jsonl --policy policy.json",
    "replay milliseconds.jsonl --policy policy.json",
    "replay empty.jsonl --policy policy.json",
    "replay sizeless.jsonl --policy policy.json",
    "replay exits.jsonl --policy policy.json",
    "replay month.jsonl --policy empty.json",
    "replay month.jsonl --policy policy.json --threads many",
    "diff month.jsonl --policy policy.json",
    "diff month.jsonl --policy expired.json --policy expired.json",
    "diff --answers answers.jsonl",
    "explain month.jsonl --n 0",
    "explain month.jsonl --n 99 --policy policy.json",
    "decide --now yesterday --policy policy.json",
    "policy check expired.json",
    "policy check milliseconds.json",
    "policy check month.jsonl",
    "policy check percent.json",
    "policy check --store file:nowhere",
    "policy sample --valid-for 4hours30",
    "policy sample --valid-for 4x",
    "policy sample --valid-for 0",
    "policy audit --store file:nowhere",
    "policy publish policy.json --store file:store --yes",
    "simulate month.jsonl --policy policy.json --candles BTCUSDT_1m.csv",
    "simulate month.jsonl --policy policy.json --candles BTCUSDT_1m.csv --cash 1000 --taker-fee 0.04",
    "simulate month.jsonl --policy expired.json --candles BTCUSDT_1m.csv --cash 1000",
    "halt --store file:store",
    "bridge --no-guardrails --claim-after 2d",
    "bridge --no-guardrails --claim-after soon",
    "bridge --guardrails policy.json",
    "proof nowhere",
];

fn place() -> Place {
    let place = Place::new();
    let policy = policy_until("policy", FAR);
    place.put("policy.json", policy.to_string());
    place.put(
        "expired.json",
        policy_until("expired", START - 86_400).to_string(),
    );
    let mut later = policy.clone();
    later["valid_from_epoch"] = (START + 86_400).into();
    place.put("later.json", later.to_string());
    place.put(
        "milliseconds.json",
        policy_until("ms", FAR * 1000).to_string(),
    );
    let mut percent = policy;
    percent["harvest_params"]["be_plus_pct"] = json!(0.3);
    percent["leverage_by_symbol"]["BTCUSDT"] = json!(200);
    percent["universe_symbols"][1] = json!("ETH-USDT");
    place.put("percent.json", percent.to_string());
    place.put(
        "broken.json",
        r#"{"policy_version": "1", "universe_symbols": []}"#,
    );
    place.put(
        "guardrails.json",
        r#"{"max_leverage": 5, "max_intent_age_sec": 60}"#,
    );
    place.put("empty.json", "");
    place.put("empty.jsonl", "");
    let put = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut entries: Vec<Value> = (0..20).map(entry).collect();
        entries.iter_mut().for_each(change);
        place.put(name, lines(&entries));
    };
    put("month.jsonl", &|_| {});
    let withdrawn: Vec<Value> = [withdrawn(0)]
        .into_iter()
        .chain((1..20).map(entry))
        .collect();
    place.put("withdrawn.jsonl", lines(&withdrawn));
    put("dashes.jsonl", &|it| it["symbol"] = json!("BTC-USDT"));
    put("seconds.jsonl", &|it| it["ts"] = json!(START));
    put("milliseconds.jsonl", &|it| {
        it["timestamp"] = it["ts"].take();
    });
    put("sizeless.jsonl", &|it| {
        it["quantity"] = it["size"].take();
    });
    put("exits.jsonl", &|it| {
        it["reduce_only"] = json!(true);
        it["source"] = json!("my-bot");
    });
    let candle = |n: i64| format!("{},1,1,1,1\n", START + n * 60);
    let candles: String = (0..10).map(candle).collect();
    place.put(
        "BTCUSDT_1m.csv",
        format!("timestamp,open,high,low,close\n{candles}"),
    );
    let answered = "replay month.jsonl --policy policy.json --out answers.jsonl";
    assert_eq!(
        place.run(&answered.split(' ').collect::<Vec<_>>()).status,
        0
    );
    place
}

/// Returns the message of a run: standard error, and the last lines of standard output that are notes, next steps or
/// violations.
fn message(place: &Place, mistake: &str) -> String {
    let run = place.run(&mistake.split(' ').collect::<Vec<_>>());
    let is_message = |line: &&str| {
        let starts = ["next step: ", "note: ", "POLICY_", "nothing was compared"];
        starts.iter().any(|start| line.starts_with(start)) && line.contains(": ")
    };
    let mut text = format!("$ portcullis {mistake}\n");
    for line in run.stdout.lines().filter(is_message) {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&run.stderr);
    text.push_str(&format!("status {}\n", run.status));
    text
}

#[test]
fn each_mistake_has_a_message_with_the_next_step() {
    let place = place();
    let messages: Vec<String> = MISTAKES.iter().map(|it| message(&place, it)).collect();
    for message in &messages {
        assert!(message.lines().count() > 2, "no message: {message}");
    }
    let text = messages.join("\n");
    snapshots().bind(|| insta::assert_snapshot!("cli_mistakes", text));
}
