//! Snapshots of the violations and notes of a policy, and of the records about policies.

use super::super::keep;
use super::scenario::{and, json, sample};
use portcullis::{
    answer::Answer,
    policy::{Policy, PolicyUnavailable},
};

const BROKEN: &str = r#"{
  "policy_version": "",
  "valid_until_epoch": 1766550734062,
  "valid_from_epoch": "nan",
  "policy_seq": -1,
  "policy_hash": "a1b2c3d4",
  "harvest_grace_sec": -1,
  "generator": "m", "generator": "n",
  "universe_symbols": ["BTCUSDT", "btcusdt", "BTC USDT", 7],
  "leverage_by_symbol": {"BTCUSDT": 0, "btcusdt": 8, "ETHUSDT": "10", "SOLUSDT": 1e999, "": 3},
  "harvest_params": {
    "T1_R": 3.5, "T2_R": 1.8, "T3_R": "5.8", "lock_R": 0, "be_plus_pct": -0.003, "cost_bps": null,
    "k_regime_flip": -1, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "kill_threshold": 0.5, "kill_treshold": 0.55,
    "fallback_stop_pct": 0
  },
  "kill_params": {"trend_min": 1.1, "sigma_ref": 0, "sigma_spike_cap": -1, "ts_ref": 1e999, "max_age_sec": 0, "u": 1},
  "limits": {"max_leverage": 0, "max_position_usd": -1, "max_notional": 100, "max_intent_age_sec": "60"},
  "market": "{\"a\": 1, \"a\": 2}"
}"#;

#[test]
fn every_violation_of_a_policy() {
    let refusal = Policy::from_json(BROKEN).unwrap_err();
    let mut text = format!("{}\n\n", refusal.fault());
    for violation in refusal.violations() {
        text.push_str(&format!(
            "{:<20}  {violation}\n",
            violation.fault().to_string()
        ));
    }
    keep("policy_refused", &text);
    let missing = Policy::from_json("{}").unwrap_err();
    keep("policy_empty", &missing.to_string().replace("; ", "\n"));
}

#[test]
fn notes_on_a_valid_policy() {
    let text = and(r#""valid_from_epoch": 1766550735, "metadata_ok": false, "missing_fields": ["funding"], "surprise": 1"#)
        .replacen(r#""ATOMUSDT""#, r#""XRPUSDT""#, 1);
    let policy = Policy::from_json(&text).unwrap();
    let notes: Vec<String> = policy.notes().iter().map(ToString::to_string).collect();
    keep("policy_notes", &notes.join("\n"));
}

#[test]
fn answers_to_policy_records() {
    let policy = Policy::from_json(&sample()).unwrap();
    let refused = PolicyUnavailable::from(Policy::from_json("{}").unwrap_err());
    let records = [
        Answer::policy_updated(&policy),
        Answer::policy_refused(&refused),
        Answer::policy_withdrawn(),
        Answer::harvest_invalid("`symbol` is missing"),
    ];
    let lines: Vec<String> = (1..)
        .zip(records)
        .map(|(n, answer)| json(&answer.to(n, None, None)))
        .collect();
    keep("policy_records", &lines.join("\n"));
}
