//! Tests that the schema of `policy schema` accepts the same policies as `policy check`, except for rules that a schema
//! cannot express.

use jsonschema::Validator;
use serde_json::Value;

use crate::program::Place;
use crate::records::{hash_encoding, policy};

fn schema() -> Validator {
    let text = Place::new().run(&["policy", "schema"]).stdout;
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::validator_for(&schema).unwrap()
}

/// Returns true if `policy check` accepts the policy.
fn checks(policy: &str) -> bool {
    let run = Place::new().run_with(&["policy", "check", "-"], policy);
    match run.status {
        0 => true,
        // A schema cannot compare the expiry with the clock.
        1 if run.stdout.starts_with("POLICY_STALE") => true,
        1 | 2 => false,
        other => panic!("{other}: {}", run.stderr),
    }
}

/// Returns the sample policy with the value at `place` replaced, or removed if `value` is `-`.
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

/// Cases on which schema and check agree: the place of the value, its replacement, and whether both
/// accept the result.
const VARIANTS: [(&str, &str, bool); 121] = [
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
    (
        "/universe_symbols",
        "[\"12345678901234567890123456789012\"]",
        YES,
    ),
    (
        "/universe_symbols",
        "[\"123456789012345678901234567890123\"]",
        NO,
    ),
    (
        "/universe_symbols",
        "[\"币安人生USDT\", \"1000PEPEUSDT\", \"BTC-USD_P\"]",
        YES,
    ),
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
    (
        "/limits",
        "{\"max_leverage\": 10, \"max_intent_age_sec\": null}",
        YES,
    ),
    ("/limits", "{\"max_levrage\": 10}", NO),
    ("/harvest_grace_sec", "0", YES),
    ("/harvest_grace_sec", "-1", NO),
    ("/policy_seq", "-1", NO),
    ("/policy_seq", "18446744073709551615", YES),
    ("/policy_seq", "\"+7\"", YES),
    ("/policy_seq", "\"-0\"", NO),
    ("/policy_seq", "18446744073709551616", NO),
    ("/policy_seq", "1.5", NO),
    ("/policy_seq", "\"one\"", NO),
    ("/policy_seq", "[]", NO),
    ("/policy_hash", "\"ABC\"", NO),
    ("/policy_hash", "7", NO),
    ("/policy_hash", "null", YES),
    ("/policy_sig", "7", YES),
    ("/policy_sig", "null", YES),
    ("/harvest_grace_sec", "\"soon\"", NO),
    ("/harvest_grace_sec", "\".5\"", YES),
    ("/harvest_grace_sec", "\"5.\"", YES),
    ("/harvest_grace_sec", "\" 5\"", NO),
    ("/harvest_grace_sec", "{}", NO),
    ("/valid_until_epoch", "\"+.5e-3\"", YES),
    ("/valid_until_epoch", "\".\"", NO),
    ("/valid_until_epoch", "\"\"", NO),
    ("/valid_until_epoch", "\"nan\"", NO),
    ("/valid_until_epoch", "\"inf\"", NO),
    ("/limits", "[]", NO),
    ("/limits", "\"{}\"", YES),
    ("/universe_symbols", "[\"A\\u200b\"]", YES),
    ("/universe_symbols", "[\"A\\u2028\"]", NO),
    ("/universe_symbols", "\"[\\\"A\\\"]\"", YES),
    ("/market", "{\"of\": [1, null]}", YES),
    ("/metadata_ok", "0", YES),
    ("/missing_fields", "[\"a\"]", YES),
    ("/colour", "\"blue\"", YES),
];

#[test]
fn schema_and_check_agree() {
    let schema = schema();
    for (place, value, verdict) in VARIANTS {
        let policy = edited(place, value);
        assert_eq!(
            schema.is_valid(&policy),
            verdict,
            "the schema: {place} = {value}"
        );
        assert_eq!(
            checks(&policy.to_string()),
            verdict,
            "the check: {place} = {value}"
        );
    }
}

/// Rules that a schema cannot express, each with an example that the schema accepts and the check rejects.
#[test]
fn rules_beyond_the_schema() {
    let schema = schema();
    let check = |why: &str, policy: &str| {
        let parsed = serde_json::from_str(policy).unwrap();
        assert!(schema.is_valid(&parsed), "{why}: the schema rejects it");
        assert!(!checks(policy), "{why}: the check accepts it");
    };
    let edit = |why: &str, place: &str, value: &str| check(why, &edited(place, value).to_string());
    let sample = policy("one").to_string();

    edit("the order of the stages", "/harvest_params/T2_R", "1.8");
    edit("the order of the stages", "/harvest_params/T3_R", "3");
    edit(
        "the hash",
        "/policy_hash",
        &format!("\"{}\"", "0".repeat(64)),
    );
    edit(
        "duplicates after normalisation",
        "/universe_symbols",
        r#"["BTCUSDT", "btcusdt"]"#,
    );
    edit(
        "duplicates after normalisation",
        "/leverage_by_symbol/btcusdt",
        "8",
    );
    edit(
        "bytes of a symbol",
        "/universe_symbols",
        "[\"币安人生币安人生币安人生\"]",
    );
    edit("JSON within a text", "/harvest_params", r#""{""#);
    edit("JSON within a text", "/universe_symbols", r#""[]""#);
    edit("JSON within a text", "/limits", r#""{\"max_leverage\":0}""#);
    edit(
        "bounds of a number within a text",
        "/valid_until_epoch",
        r#""253402300800""#,
    );
    edit(
        "bounds of a number within a text",
        "/harvest_grace_sec",
        r#""-1""#,
    );
    edit(
        "bounds of a number within a text",
        "/policy_seq",
        r#""18446744073709551616""#,
    );
    edit("spelling of a whole number", "/policy_seq", "1.0");
    edit("spelling of a whole number", "/policy_seq", "-0");
    edit("spelling of a whole number", "/policy_seq", "-0.0");
    let text = Place::new().run(&["policy", "schema"]).stdout;
    assert!(text.contains("1.0 and -0.0, which are integers to a schema, are rejected"));
    // These cases are text because a parsed document would lose the difference.
    check(
        "more digits than a double has",
        &sample.replace(
            "\"valid_until_epoch\":1767574800",
            "\"valid_until_epoch\":253402300799.0000001",
        ),
    );
    check(
        "a duplicate key",
        &sample.replacen('{', r#"{"policy_version":"two","#, 1),
    );
    check(
        "a duplicate key",
        &sample.replace("\"T1_R\"", "\"T1_R\":1.8,\"T1_R\""),
    );
    check(
        "a duplicate key",
        &sample.replacen('{', r#"{"note":{"a":1,"a":1},"#, 1),
    );
    check(
        "a duplicate key within a text",
        &edited("/generator", r#""{\"a\":1,\"a\":2}""#).to_string(),
    );
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    edit("nesting", "/market", &deep);

    // A parser may reject a number out of the range of a double before the schema is checked.
    let infinite = sample.replace("\"lock_R\":1.2", "\"lock_R\":1e999");
    assert!(infinite != sample && serde_json::from_str::<Value>(&infinite).is_err());
    assert!(!checks(&infinite));
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
