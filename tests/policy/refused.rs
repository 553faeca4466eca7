//! Tests of invalid policies.

use super::*;

#[test]
fn a_policy_must_be_a_json_object() {
    check_missing(
        "{}",
        &[
            "universe_symbols",
            "leverage_by_symbol",
            "harvest_params",
            "kill_params",
            "valid_until_epoch",
            "policy_version",
        ],
    );
    check_parse_error("[]", "the document is `[]`, but must be a JSON object");
    check_parse_error(
        "\"{}\"",
        "the document is `\"{}\"`, but must be a JSON object",
    );
    check_parse_error("null", "the document is `null`, but must be a JSON object");
    check_parse_error(
        "",
        "the document is empty, but must be valid JSON (line 1, column 1: EOF while parsing a value)",
    );
    check_parse_error(
        "policy: 1",
        "the document is `policy: 1`, but must be valid JSON (line 1, column 1: expected value)",
    );
    check_parse_error(
        "{}{}",
        "the document is `{}{}`, but must be valid JSON (line 1, column 3: trailing characters)",
    );
    let text = sample();
    assert!((0..text.len()).all(|end| Policy::from_json(&text[..end]).is_err()));
}

#[test]
fn missing_required_fields_are_reported() {
    for (name, text) in read(&sample()).fields() {
        let mut fields = read(&sample()).fields().clone();
        fields.remove(name);
        check_fields_refused(
            fields,
            "POLICY_MISSING_FIELD",
            &format!("`{name}` is missing"),
        );
        let plain = with(
            &format!("\"{name}\":"),
            &format!("\"{name}\": null, \"was_{name}\":"),
        );
        check_missing(&plain, &[name]);
        let Ok(serde_json::Value::Object(inner)) = serde_json::from_str(text) else {
            continue;
        };
        for key in inner.keys() {
            if name == "leverage_by_symbol" || key == "k_close_threshold" {
                continue;
            }
            let path = format!("{name}.{key}");
            let mut rest = inner.clone();
            rest.remove(key);
            let rest = serde_json::to_string(&rest).unwrap();
            check_fields_refused(
                fields_with(name, &rest),
                "POLICY_MISSING_FIELD",
                &format!("`{path}` is missing"),
            );
            rest_is_null(inner.clone(), name, key);
        }
    }
}

fn rest_is_null(mut inner: serde_json::Map<String, serde_json::Value>, name: &str, key: &str) {
    inner.insert(key.to_owned(), serde_json::Value::Null);
    check_fields_refused(
        fields_with(name, &serde_json::to_string(&inner).unwrap()),
        "POLICY_MISSING_FIELD",
        &format!("`{name}.{key}` is missing"),
    );
}

#[test]
fn all_violations_are_reported_sorted_by_kind() {
    let text = r#"{
        "policy_version": 3,
        "policy_hash": "stored",
        "valid_until_epoch": 1766550734062,
        "universe_symbols": ["BTCUSDT", 7, "BTCUSDT"],
        "leverage_by_symbol": {"BTCUSDT": 0, "ETHUSDT": "x"},
        "harvest_params": {"T1_R": 1, "T2_R": 1, "lock_R": null, "be_plus_pct": 0, "cost_bps": false,
            "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.5},
        "limits": "{max_leverage: 5}"
    }"#;
    let refusal = Policy::from_json(text).unwrap_err();
    let texts: Vec<_> = refusal
        .violations()
        .iter()
        .map(|v| (v.fault(), v.field()))
        .collect();
    use PolicyFault::{HashMismatch, Invalid, MissingField, ParseError};
    assert_eq!(
        texts,
        [
            (MissingField, "kill_params"),
            (MissingField, "harvest_params.T3_R"),
            (MissingField, "harvest_params.lock_R"),
            (ParseError, "policy_version"),
            (ParseError, "universe_symbols[1]"),
            (ParseError, "leverage_by_symbol.ETHUSDT"),
            (ParseError, "harvest_params.cost_bps"),
            (ParseError, "limits"),
            (Invalid, "universe_symbols[2]"),
            (Invalid, "leverage_by_symbol.BTCUSDT"),
            (Invalid, "harvest_params.T2_R"),
            (Invalid, "harvest_params.kill_threshold"),
            (Invalid, "valid_until_epoch"),
            (HashMismatch, "policy_hash"),
        ]
    );
    assert_eq!(refusal.fault(), MissingField);
}

#[test]
fn duplicate_keys_are_rejected_at_every_level() {
    let twice = |key: &str, value: &str| {
        format!("the key `{key}` occurs more than once, here with the value `{value}`; keep one")
    };
    check_parse_error(
        &and("\"policy_version\":\"0\""),
        &twice("policy_version", "\"1.0.0-ai-sample\""),
    );
    // A duplicate with the same value, with null, or with an escaped name is rejected too.
    check_parse_error(&and(r#""x":1,"x":1"#), &twice("x", "1"));
    check_parse_error(&and(r#""x":null,"x":1"#), &twice("x", "1"));
    check_parse_error(&and(r#""x":1,"\u0078":2"#), &twice("x", "2"));
    check_parse_error(&and(r#""x":[0,{"y":1,"y":2}]"#), &twice("x[1].y", "2"));
    check_parse_error(
        &with("\"T1_R\": 1.8", "\"T1_R\": 1.8, \"T1_R\": 1.8"),
        &twice("harvest_params.T1_R", "1.8"),
    );
    check_parse_error(
        &with("\"BTCUSDT\": 8", "\"BTCUSDT\": 8, \"BTCUSDT\": 80"),
        &twice("leverage_by_symbol.BTCUSDT", "80"),
    );
    check_fields_refused(
        fields_with("limits", r#"{"max_leverage":5,"max_leverage":50}"#),
        "POLICY_PARSE_ERROR",
        &twice("limits.max_leverage", "50"),
    );
    check_fields_refused(
        fields_with("features_window", r#" [{"from":1,"from":2}]"#),
        "POLICY_PARSE_ERROR",
        &twice("features_window[0].from", "2"),
    );
    let sample = read(&sample());
    let pairs = sample
        .fields()
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()));
    let refusal = Policy::from_fields(pairs.chain([("policy_version", "2")])).unwrap_err();
    assert_eq!(refusal.to_string(), twice("policy_version", "2"));
    // A text that only looks like JSON is accepted as a plain text.
    assert!(Policy::from_fields(fields_with("generator", r#"{"a":1,"a""#)).is_ok());
}

#[test]
fn the_hash_is_not_checked_if_a_key_is_a_duplicate() {
    check_parse_error(
        &and(r#""policy_hash":"x","x":1,"x":2"#),
        "the key `x` occurs more than once, here with the value `2`; keep one",
    );
}

#[test]
fn json_errors_name_their_field() {
    check_fields_refused(
        fields_with("kill_params", "{'trend_min': 0.25}"),
        "POLICY_PARSE_ERROR",
        "`kill_params` is `{'trend_min': 0.25}`, but must be valid JSON (line 1, column 2: key must be a string)",
    );
    check_fields_refused(
        fields_with("harvest_params", ""),
        "POLICY_PARSE_ERROR",
        "`harvest_params` is empty, but must be valid JSON (line 1, column 1: EOF while parsing a value)",
    );
    check_fields_refused(
        fields_with("limits", "null"),
        "POLICY_PARSE_ERROR",
        "`limits` is `null`, but must be a JSON object",
    );
    check_fields_refused(
        fields_with("kill_params", r#""{}""#),
        "POLICY_PARSE_ERROR",
        "`kill_params` is `\"{}\"`, but must be a JSON object",
    );
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // The document itself is the first level of nesting.
    read(&and(&format!("\"x\":{}", nested(63))));
    for text in [
        and(&format!("\"x\":{}", nested(64))),
        "{\"a\":".repeat(1_000_000),
    ] {
        let refusal = Policy::from_json(&text).unwrap_err();
        assert_eq!(refusal.fault(), PolicyFault::ParseError);
        assert_eq!(refusal.violations().len(), 1);
    }
    let refusal = Policy::from_fields(fields_with("limits", &nested(100_000))).unwrap_err();
    assert_eq!(
        refusal.violations()[0].bound(),
        "JSON nested at most 64 levels deep"
    );
    assert!(Policy::from_fields(fields_with("note", &nested(100_000))).is_ok());
}

#[test]
fn null_optional_fields_are_dropped() {
    let nothing = and(concat!(
        r#""valid_from_epoch":null,"limits":null,"harvest_grace_sec":null,"policy_seq":null,"#,
        r#""policy_hash":null,"policy_sig":null,"market":null,"unknown":null"#
    ));
    assert_eq!(read(&nothing), read(&sample()));
    check_hash(&nothing, SAMPLE_HASH);
}

#[test]
fn a_violation_shows_the_value() {
    let refusal = Policy::from_json(&with("\"T1_R\": 1.8", "\"T1_R\": \"x\\n\"")).unwrap_err();
    let violation = &refusal.violations()[0];
    assert_eq!(violation.field(), "harvest_params.T1_R");
    assert_eq!(violation.value(), r#""x\n""#);
    assert_eq!(violation.bound(), "a JSON number");
    let refusal = Policy::from_json("{}").unwrap_err();
    assert_eq!(refusal.violations()[0].value(), "");
}
