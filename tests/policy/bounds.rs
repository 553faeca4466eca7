//! Tests of the bounds of all numbers, and of the texts of their violations.

use portcullis::types::Timestamp;

use super::*;

/// Returns the sample with one field of a structure set; a missing field is added.
fn set(structure: &str, name: &str, value: &str) -> String {
    let key = format!("\"{name}\": ");
    let text = sample();
    let Some(start) = text.find(&key).map(|place| place + key.len()) else {
        let open = format!("\"{structure}\": {{");
        return with(&open, &format!("{open} {key}{value},"));
    };
    let length = text[start..].find([',', ' ', '\n']).unwrap();
    format!("{}{value}{}", &text[..start], &text[start + length..])
}

/// Checks that each of the values, separated by spaces, violates the bound of the field.
fn check_bound(structure: &str, name: &str, values: &str, bound: &str) {
    for value in values.split(' ') {
        check_invalid(
            &set(structure, name, value),
            &format!("`{structure}.{name}` is `{value}`, but must be {bound}"),
        );
    }
}

/// Checks that each of the values, separated by spaces, is rejected because the field is unknown.
fn check_unknown(structure: &str, name: &str, values: &str) {
    for value in values.split(' ') {
        check_invalid(
            &set(structure, name, value),
            &format!("`{structure}.{name}` is not a known field; check the spelling, or remove it"),
        );
    }
}

/// Checks that each of the values, separated by spaces, is valid for the field.
fn check_kept(structure: &str, name: &str, values: &str) {
    for value in values.split(' ') {
        read(&set(structure, name, value));
    }
}

#[test]
fn harvest_parameters_are_bounded() {
    let check = |name, values, bound| check_bound("harvest_params", name, values, bound);
    check("T1_R", "0 -0.0 -1.8 1e-999", "greater than 0");
    check("T2_R", "1.8 1.80 0 -3.5", "greater than T1_R, which is 1.8");
    check("T3_R", "3.5 3.50 1 -5.8", "greater than T2_R, which is 3.5");
    check("lock_R", "0 -1.2", "greater than 0");
    check("fallback_stop_pct", "0 -0.02", "greater than 0");
    check(
        "kill_threshold",
        "0.5 0.49 1 1.000000001 -0.55",
        "greater than 0.5 and less than 1",
    );
    for name in [
        "be_plus_pct",
        "cost_bps",
        "k_regime_flip",
        "k_sigma_spike",
        "k_ts_drop",
        "k_age_penalty",
    ] {
        check(name, "-1 -1e-9", "at least 0");
        check(name, "1e999 -1e999", "finite");
        check_kept("harvest_params", name, "0 -0 1e300");
    }
    for name in [
        "T1_R",
        "T2_R",
        "T3_R",
        "lock_R",
        "kill_threshold",
        "fallback_stop_pct",
        "u1",
        "u2",
        "u3",
        "softmax_temp",
    ] {
        check(name, "1e999 -1e999", "finite");
    }
    check_unknown("harvest_params", "T1R", "1.8 null {\"a\":null}");
    check_kept(
        "harvest_params",
        "kill_threshold",
        "0.5000000000000001 0.9999999999999999",
    );
    check_kept("harvest_params", "u1", "-1 null");
    let policy = read(&set("harvest_params", "fallback_stop_pct", "1e-9"));
    let in_force = policy.theta_in_force(at("0")).unwrap();
    let fallback = in_force.theta().fallback_stop_pct().unwrap();
    assert_eq!(fallback.value(), 1e-9);
}

#[test]
fn kill_parameters_are_bounded() {
    let check = |name, values, bound| check_bound("kill_params", name, values, bound);
    check("trend_min", "-0.01 1.01", "from 0 to 1");
    check("sigma_ref", "0 -0.012", "greater than 0");
    check("max_age_sec", "0 -72000", "greater than 0");
    check("sigma_spike_cap", "-1.8", "at least 0");
    check("ts_drop_cap", "-0.45", "at least 0");
    for name in [
        "trend_min",
        "sigma_ref",
        "sigma_spike_cap",
        "ts_ref",
        "ts_drop_cap",
        "max_age_sec",
        "k_close_threshold",
    ] {
        check(name, "1e999 -1e999", "finite");
    }
    check_unknown("kill_params", "trend_max", "1 null");
    check_kept("kill_params", "trend_min", "0 1");
    check_kept("kill_params", "ts_ref", "-1 0");
    check_kept("kill_params", "sigma_spike_cap", "0");
}

#[test]
fn numbers_in_structures_must_be_json_numbers() {
    for (structure, name) in [
        ("harvest_params", "T1_R"),
        ("harvest_params", "u1"),
        ("kill_params", "ts_ref"),
    ] {
        for value in ["\"1\"", "\"nan\"", "true", "[1]", "{}"] {
            check_parse_error(
                &set(structure, name, value),
                &format!("`{structure}.{name}` is `{value}`, but must be a JSON number"),
            );
        }
    }
}

#[test]
fn an_invalid_step_does_not_hide_another() {
    check_refused(
        &with(
            r#""T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8"#,
            r#""T1_R": -3, "T2_R": -2, "T3_R": -1"#,
        ),
        "POLICY_INVALID",
        &[
            "`harvest_params.T1_R` is `-3`, but must be greater than 0",
            "`harvest_params.T2_R` is `-2`, but must be greater than 0",
            "`harvest_params.T3_R` is `-1`, but must be greater than 0",
        ],
    );
    check_refused(
        &with(r#""T2_R": 3.5, "T3_R": 5.8"#, r#""T2_R": 1, "T3_R": 1.5"#),
        "POLICY_INVALID",
        &[
            "`harvest_params.T2_R` is `1`, but must be greater than T1_R, which is 1.8",
            "`harvest_params.T3_R` is `1.5`, but must be greater than T1_R, which is 1.8",
        ],
    );
}

#[test]
fn limits_and_grace_are_bounded() {
    for name in [
        "max_leverage",
        "max_position_usd",
        "max_notional_usd",
        "max_intent_age_sec",
        "max_market_age_sec",
        "max_position_age_sec",
    ] {
        for (value, bound) in [
            ("0", "greater than 0"),
            ("-1", "greater than 0"),
            ("1e999", "finite"),
        ] {
            check_invalid(
                &and(&format!(r#""limits":{{"{name}":{value}}}"#)),
                &format!("`limits.{name}` is `{value}`, but must be {bound}"),
            );
        }
        check_parse_error(
            &and(&format!(r#""limits":{{"{name}":"8"}}"#)),
            &format!("`limits.{name}` is `\"8\"`, but must be a JSON number"),
        );
        read(&and(&format!(r#""limits":{{"{name}":null}}"#)));
    }
    check_invalid(
        &and(r#""limits":{"max_levrage":8}"#),
        "`limits.max_levrage` is not a known field; check the spelling, or remove it",
    );
    check_parse_error(
        &and(r#""limits":[8]"#),
        "`limits` is `[8]`, but must be a JSON object",
    );
    check_invalid(
        &and(r#""harvest_grace_sec":-1"#),
        "`harvest_grace_sec` is `-1`, but must be at least 0",
    );
    check_invalid(
        &and(r#""harvest_grace_sec":"inf""#),
        "`harvest_grace_sec` is `inf`, but must be finite",
    );
    check_parse_error(
        &and(r#""harvest_grace_sec":true"#),
        "`harvest_grace_sec` is `true`, but must be a decimal number",
    );
    read(&and(r#""harvest_grace_sec":0, "limits":{}"#));
}

#[test]
fn universe_symbols_are_valid_and_unique() {
    let check = |to: &str, violation: &str| {
        check_invalid(
            &with(r#""ETHUSDT", "BNB"#, &format!("{to}, \"BNB")),
            violation,
        );
    };
    check(
        "\"btcUSDT\"",
        "`universe_symbols[1]` is `btcUSDT`, but this symbol is also at index 0; list it only once",
    );
    let symbol =
        "a symbol such as BTCUSDT (1 to 32 bytes, without white space or control characters)";
    check(
        "\"\"",
        &format!("`universe_symbols[1]` is empty, but must be {symbol}"),
    );
    check(
        "\"A B\"",
        &format!("`universe_symbols[1]` is `A B`, but must be {symbol}"),
    );
    check(
        "\"A\\n\"",
        &format!("`universe_symbols[1]` is `A\\n`, but must be {symbol}"),
    );
    check_invalid(
        &with(
            "\"ETHUSDT\", \"BNB",
            &format!("\"{}\", \"BNB", "X".repeat(33)),
        ),
        &format!(
            "`universe_symbols[1]` is `{}`, but must be {symbol}",
            "X".repeat(33)
        ),
    );
    for (value, shown) in [("1", "1"), ("null", "null"), ("[ \"A\" ]", "[\"A\"]")] {
        check_parse_error(
            &with("\"ETHUSDT\", \"BNB", &format!("{value}, \"BNB")),
            &format!("`universe_symbols[1]` is `{shown}`, but must be a JSON string"),
        );
    }
    check_fields_refused(
        fields_with("universe_symbols", " [ ] "),
        "POLICY_INVALID",
        "`universe_symbols` is ` [ ] `, but must be a list of at least one symbol",
    );
    check_fields_refused(
        fields_with("universe_symbols", "{}"),
        "POLICY_PARSE_ERROR",
        "`universe_symbols` is `{}`, but must be a JSON array",
    );
    check_fields_refused(
        fields_with("universe_symbols", "BTCUSDT"),
        "POLICY_PARSE_ERROR",
        "`universe_symbols` is `BTCUSDT`, but must be valid JSON (line 1, column 1: expected value)",
    );
}

#[test]
fn leverages_are_bounded() {
    let check = |value: &str, bound: &str| {
        check_invalid(
            &with("\"BTCUSDT\": 8", &format!("\"BTCUSDT\": {value}")),
            &format!("`leverage_by_symbol.BTCUSDT` is `{value}`, but must be {bound}"),
        );
    };
    check("0", "greater than 0");
    check("-8", "greater than 0");
    check("1e999", "finite");
    check("1e-999", "greater than 0");
    for value in ["\"8\"", "true", "[8]", "{\"x\":8}"] {
        check_parse_error(
            &with("\"BTCUSDT\": 8", &format!("\"BTCUSDT\": {value}")),
            &format!("`leverage_by_symbol.BTCUSDT` is `{value}`, but must be a JSON number"),
        );
    }
    check_invalid(
        &with("\"BTCUSDT\": 8", "\"BTCUSDT\": 8, \"btcusdt\": 80"),
        "`leverage_by_symbol.btcusdt` (`80`) is a second leverage of BTCUSDT; keep only one of them",
    );
    check_invalid(
        &with("\"BTCUSDT\": 8", "\"BTCUSDT\": 8, \"B T\": 8"),
        "`leverage_by_symbol.B T` is `B T`, but must be a symbol such as BTCUSDT (1 to 32 bytes, without white space or control characters)",
    );
    check_fields_refused(
        fields_with("leverage_by_symbol", "[8]"),
        "POLICY_PARSE_ERROR",
        "`leverage_by_symbol` is `[8]`, but must be a JSON object",
    );
    let policy = read(&with(
        "\"BTCUSDT\": 8",
        "\"BTCUSDT\": null, \"btcusdt\": 7.25",
    ));
    assert_eq!(leverage(&policy, "BTCUSDT"), Some(7.25));
}

#[test]
fn expiry_and_start_are_bounded() {
    let bound = "at most 253402300799 (epoch seconds, not milliseconds)";
    for value in [
        "1766550734062",
        "253402300800",
        "253402300799.0000001",
        "1e300",
    ] {
        check_invalid(
            &sample_policy_json(value),
            &format!("`valid_until_epoch` is `{value}`, but must be {bound}"),
        );
        check_invalid(
            &and(&format!("\"valid_from_epoch\":\"{value}\"")),
            &format!("`valid_from_epoch` is `{value}`, but must be {bound}"),
        );
    }
    for value in ["1e999", "\"nan\"", "\"inf\"", "\"-Infinity\""] {
        check_invalid(
            &sample_policy_json(value),
            &format!(
                "`valid_until_epoch` is `{}`, but must be finite",
                value.trim_matches('"')
            ),
        );
    }
    for value in [
        "\"\"",
        "\" 1\"",
        "\"tomorrow\"",
        "true",
        "[1]",
        "\"0x10\"",
        "\"1_000\"",
    ] {
        check_parse_error(
            &sample_policy_json(value),
            &format!(
                "`valid_until_epoch` is {}, but must be a decimal number",
                match value.trim_matches('"') {
                    "" => "empty".to_owned(),
                    value => format!("`{value}`"),
                }
            ),
        );
    }
    for (value, micros) in [
        ("253402300799", 253_402_300_799_000_000),
        ("253402300799.000", 253_402_300_799_000_000),
        ("253402300798.9999999", 253_402_300_798_999_999),
        ("1766550734.0627339", 1_766_550_734_062_733),
        ("\"1766550734.062733\"", 1_766_550_734_062_733),
        ("1.766550734e9", 1_766_550_734_000_000),
        // This is 2^53 + 1 microseconds, which an `f64` cannot represent.
        ("9007199254.740993", 9_007_199_254_740_993),
        ("-1", -1_000_000),
        ("-1e300", Timestamp::MIN.as_micros()),
    ] {
        let policy = read(&sample_policy_json(value));
        assert_eq!(policy.valid_until().as_micros(), micros, "{value}");
    }
}

#[test]
fn versions_and_sequences_are_checked() {
    check_fields_refused(
        fields_with("policy_version", ""),
        "POLICY_INVALID",
        "`policy_version` is empty, but must be a text of at least one character",
    );
    check_parse_error(
        &with("\"1.0.0-ai-sample\"", "1.0"),
        "`policy_version` is `1.0`, but must be a JSON string",
    );
    let bound = "a whole number from 0 to 18446744073709551615";
    for value in ["-1", "1.5", "18446744073709551616", "1e999"] {
        check_invalid(
            &and(&format!("\"policy_seq\":{value}")),
            &format!("`policy_seq` is `{value}`, but must be {bound}"),
        );
    }
    check_parse_error(
        &and("\"policy_seq\":\"one\""),
        &format!("`policy_seq` is `one`, but must be {bound}"),
    );
    assert_eq!(read(&and("\"policy_seq\":\"0\"")).seq(), Some(0));
}
