//! `policy schema` says what `policy check` says, as far as a schema can.

use jsonschema::Validator;
use serde_json::Value;

use crate::support::{Place, hash_encoding, policy};

fn schema() -> Validator {
    let text = Place::new().run(&["policy", "schema"]).stdout;
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::validator_for(&schema).unwrap()
}

/// Whether `policy check` accepts it.
fn checks(policy: &str) -> bool {
    let run = Place::new().run_with(&["policy", "check", "-"], policy);
    match run.status {
        0 => true,
        1 => false,
        other => panic!("{other}: {}", run.stderr),
    }
}

/// The sample policy with the value at this place replaced, or taken out for `-`.
fn edited(place: &str, value: &str) -> Value {
    let mut policy = policy("one");
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = policy.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value == "-" {
        assert!(parent.remove(name).is_some(), "{place}");
    } else {
        parent.insert(name.to_owned(), serde_json::from_str(value).unwrap());
    }
    policy
}

const YES: bool = true;
const NO: bool = false;

/// What both agree on: place, value, verdict.
const VARIANTS: [(&str, &str, bool); 92] = [
    ("/policy_version", "-", NO),
    ("/policy_version", "null", NO),
    ("/policy_version", "\"\"", NO),
    ("/policy_version", "1", NO),
    ("/policy_version", "\"ü\"", YES),
    ("/universe_symbols", "-", NO),
    ("/universe_symbols", "[]", NO),
    ("/universe_symbols", "{}", NO),
    ("/universe_symbols", "null", NO),
    ("/universe_symbols", "true", NO),
    ("/universe_symbols", "[\"BTCUSDT\"]", YES),
    ("/universe_symbols", "[\"BTCUSDT\", \"BTCUSDT\"]", NO),
    ("/universe_symbols", "[\"BTCUSDT\", 1]", NO),
    ("/universe_symbols", "[\"BTCUSDT\", null]", NO),
    ("/universe_symbols", "[\"\"]", NO),
    ("/universe_symbols", "[\"BTC USDT\"]", NO),
    ("/universe_symbols", "[\"BTC\\tUSDT\"]", NO),
    ("/universe_symbols", "[\"BTC\\u0000\"]", NO),
    ("/universe_symbols", "[\"BTC\\u0085\"]", NO),
    ("/universe_symbols", "[\"BTC\\u3000\"]", NO),
    ("/universe_symbols", "[\"12345678901234567890123456789012\"]", YES),
    ("/universe_symbols", "[\"123456789012345678901234567890123\"]", NO),
    ("/universe_symbols", "[\"币安人生USDT\", \"1000PEPEUSDT\", \"BTC-USD_P\"]", YES),
    ("/leverage_by_symbol", "-", NO),
    ("/leverage_by_symbol", "[]", NO),
    ("/leverage_by_symbol", "5", NO),
    ("/leverage_by_symbol", "{}", YES),
    ("/leverage_by_symbol/BTCUSDT", "0", NO),
    ("/leverage_by_symbol/BTCUSDT", "-1", NO),
    ("/leverage_by_symbol/BTCUSDT", "0.5", YES),
    ("/leverage_by_symbol/BTCUSDT", "125e0", YES),
    ("/leverage_by_symbol/BTCUSDT", "\"8\"", NO),
    ("/leverage_by_symbol/BTCUSDT", "null", YES),
    ("/leverage_by_symbol/BTCUSDT", "true", NO),
    ("/leverage_by_symbol/XRP USDT", "5", NO),
    ("/leverage_by_symbol/XRPUSDT", "5", YES),
    ("/harvest_params", "-", NO),
    ("/harvest_params", "[]", NO),
    ("/harvest_params", "null", NO),
    ("/harvest_params/T1_R", "-", NO),
    ("/harvest_params/T1_R", "null", NO),
    ("/harvest_params/T1_R", "0", NO),
    ("/harvest_params/T1_R", "\"1.8\"", NO),
    ("/harvest_params/lock_R", "0", NO),
    ("/harvest_params/lock_R", "9", YES),
    ("/harvest_params/be_plus_pct", "0", YES),
    ("/harvest_params/be_plus_pct", "-0.001", NO),
    ("/harvest_params/cost_bps", "-", NO),
    ("/harvest_params/k_ts_drop", "-1", NO),
    ("/harvest_params/k_ts_drop", "-0.0", YES),
    ("/harvest_params/kill_threshold", "0.5", NO),
    ("/harvest_params/kill_threshold", "0.51", YES),
    ("/harvest_params/kill_threshold", "1", NO),
    ("/harvest_params/fallback_stop_pct", "0.02", YES),
    ("/harvest_params/fallback_stop_pct", "0", NO),
    ("/harvest_params/fallback_stop_pct", "null", YES),
    ("/harvest_params/u1", "-5", YES),
    ("/harvest_params/softmax_temp", "\"1\"", NO),
    ("/harvest_params/T4_R", "7", NO),
    ("/harvest_params/t1_r", "null", NO),
    ("/kill_params", "-", NO),
    ("/kill_params/trend_min", "0", YES),
    ("/kill_params/trend_min", "1", YES),
    ("/kill_params/trend_min", "1.01", NO),
    ("/kill_params/trend_min", "-0.01", NO),
    ("/kill_params/sigma_ref", "0", NO),
    ("/kill_params/sigma_spike_cap", "0", YES),
    ("/kill_params/ts_ref", "-1", YES),
    ("/kill_params/max_age_sec", "0", NO),
    ("/kill_params/k_close_threshold", "-", YES),
    ("/kill_params/unknown", "1", NO),
    ("/valid_until_epoch", "-", NO),
    ("/valid_until_epoch", "null", NO),
    ("/valid_until_epoch", "\"1766550734.062733\"", YES),
    ("/valid_until_epoch", "\"1.5e9\"", YES),
    ("/valid_until_epoch", "\"tomorrow\"", NO),
    ("/valid_until_epoch", "253402300799", YES),
    ("/valid_until_epoch", "253402300800", NO),
    ("/valid_until_epoch", "-1e12", YES),
    ("/valid_until_epoch", "true", NO),
    ("/valid_from_epoch", "1767571200000", NO),
    ("/valid_from_epoch", "null", YES),
    ("/limits", "{}", YES),
    ("/limits", "null", YES),
    ("/limits", "{\"max_leverage\": 0}", NO),
    ("/limits", "{\"max_leverage\": 10, \"max_intent_age_sec\": null}", YES),
    ("/limits", "{\"max_levrage\": 10}", NO),
    ("/harvest_grace_sec", "0", YES),
    ("/harvest_grace_sec", "-1", NO),
    ("/policy_seq", "-1", NO),
    ("/policy_seq", "18446744073709551615", YES),
    ("/policy_seq", "\"+7\"", YES),
];

#[test]
fn schema_and_check_agree() {
    let schema = schema();
    for (place, value, verdict) in VARIANTS {
        let policy = edited(place, value);
        assert_eq!(schema.is_valid(&policy), verdict, "the schema: {place} = {value}");
        assert_eq!(checks(&policy.to_string()), verdict, "the check: {place} = {value}");
    }
    for (place, value) in [
        ("/policy_seq", "1.5"),
        ("/policy_seq", "\"one\""),
        ("/policy_seq", "[]"),
        ("/policy_hash", "\"ABC\""),
        ("/policy_hash", "7"),
        ("/policy_sig", "7"),
        ("/harvest_grace_sec", "\"soon\""),
        ("/harvest_grace_sec", "{}"),
        ("/limits", "[]"),
    ] {
        let policy = edited(place, value);
        println!("{place} {value}: schema {}, check {}", schema.is_valid(&policy), checks(&policy.to_string()));
    }
}

#[test]
fn both_encodings_of_the_sample_are_accepted() {
    let schema = schema();
    let document = policy("one");
    let hash = hash_encoding(&document);
    assert_ne!(document, hash);
    for policy in [document, hash] {
        assert!(schema.is_valid(&policy) && checks(&policy.to_string()));
    }
    let text = Place::new().run(&["policy", "sample"]).stdout;
    assert!(schema.is_valid(&serde_json::from_str(&text).unwrap()));
}
