//! Tests of features, targets and states as JSON, and of the times of the inputs.

use portcullis_forge::{Derivation, Features, ForgeError, Run, State, Targets, forge};
use serde_json::json;

use crate::support::{World, blocks, features, minute, policy, templates, trend};

#[test]
fn the_json_documents_of_the_page_are_valid() {
    let [features, targets] = blocks("json").try_into().unwrap();
    assert_eq!(Features::from_json(features).unwrap().symbols().len(), 2);
    Targets::from_json(targets).unwrap();
}

/// Returns the error for features of BTCUSDT.
fn fault(features: &str) -> String {
    let text = format!(
        r#"{{"window_end": "2026-01-05T00:00:00Z", "symbols": {{"BTCUSDT": {features}}}}}"#
    );
    Features::from_json(&text).unwrap_err().to_string()
}

#[test]
fn faults_of_features_name_the_field() {
    for (features, expected) in [
        (
            r#"{"sigma": -0.1}"#,
            "`symbols.BTCUSDT.sigma`: -0.1 must be at least 0",
        ),
        (
            r#"{"p_chop": 1.1}"#,
            "`symbols.BTCUSDT.p_chop`: 1.1 must be from 0 to 1",
        ),
        (
            r#"{"ts": 1e999}"#,
            "`symbols.BTCUSDT.ts`: 1e999 is not finite",
        ),
        (
            r#"{"ts": "0.4"}"#,
            "`symbols.BTCUSDT.ts`: \"0.4\" is not a JSON number",
        ),
        (
            r#"{"ts": "NaN"}"#,
            "`symbols.BTCUSDT.ts`: \"NaN\" is not a JSON number",
        ),
        (r#"{"ts": NaN}"#, "`symbols.BTCUSDT.ts`: expected"),
        (r#"{"ts": Infinity}"#, "`symbols.BTCUSDT.ts`: expected"),
        (
            r#"{"ts": true}"#,
            "`symbols.BTCUSDT.ts`: true is not a JSON number",
        ),
        (
            r#"{"volume": [1]}"#,
            "`symbols.BTCUSDT.volume`: [1] is not a JSON number",
        ),
        (r#"{"flat": -1}"#, "`symbols.BTCUSDT.flat`: invalid value"),
        (
            r#"{"ts": 1, "ts": 2}"#,
            "`symbols.BTCUSDT`: duplicate field `ts`",
        ),
        (r#"{"sigm": 1}"#, "`symbols.BTCUSDT.sigm`: unknown field"),
        (
            r#"{}, "btcusdt": {}"#,
            "`symbols`: key `btcusdt`: this key occurs more than once; keep one",
        ),
        (
            r#"{}, "B T": {}"#,
            "`symbols`: key `B T`: a symbol must not contain white space",
        ),
    ] {
        let error = fault(features);
        let expected = format!("invalid features: {expected}");
        assert!(error.starts_with(&expected), "{error}, expected {expected}");
    }
    for text in [
        "",
        "[]",
        "{}",
        r#"{"window_end": 5, "symbols": {}}"#,
        r#"{"window_end": "2026-01-05T00:00:00", "symbols": {}}"#,
    ] {
        assert!(Features::from_json(text).is_err(), "{text}");
    }
    let more = format!("{} {{}}", features(0, &json!({})).to_json());
    assert!(Features::from_json(&more).is_err());
}

#[test]
fn faults_of_targets_name_the_field() {
    for (field, expected) in [
        (
            r#""leverage_by_symbol": {"BTCUSDT": 0}"#,
            "`leverage_by_symbol`: key `BTCUSDT`: 0 must be greater than 0",
        ),
        (
            r#""leverage_by_symbol": {"A": 1, "a": 1}"#,
            "`leverage_by_symbol`: key `a`: this key occurs more than once; keep one",
        ),
        (
            r#""leverage_by_symbol": {"A": NaN}"#,
            "`leverage_by_symbol.A`: expected",
        ),
        (
            r#""harvest_params": {"T9_R": 1}"#,
            "`harvest_params`: key `T9_R`: ",
        ),
        (
            r#""harvest_params": {"trend_min": 1}"#,
            "`harvest_params`: key `trend_min`: this parameter is in `kill_params`",
        ),
        (r#""limits": {}"#, "`limits`: unknown field"),
    ] {
        let text = format!(r#"{{"window_end": "2026-01-05T00:00:00Z", {field}}}"#);
        let error = Targets::from_json(&text).unwrap_err().to_string();
        let expected = format!("invalid targets: {expected}");
        assert!(error.starts_with(&expected), "{error}, expected {expected}");
    }
}

#[test]
fn numbers_are_read_exactly() {
    // `serde_json` reads this number without its feature `float_roundtrip` as 9.680000000000003.
    for text in [
        "9.680000000000001",
        "0.1",
        "31.245270191439438",
        "121.48791951161945",
        "2.2250738585072014e-308",
    ] {
        let features = format!(
            r#"{{"window_end": "2026-01-05T00:00:00Z", "symbols": {{"A": {{"ts": {text}}}}}}}"#
        );
        let read = Features::from_json(&features).unwrap();
        assert!(read.to_json().contains(text), "{}", read.to_json());
    }
}

#[test]
fn states_and_derivations_are_read_as_written() {
    let mut world = World::with_policy(
        templates(&[]),
        &policy("trend", &json!({"BTCUSDT": 8, "ETHUSDT": 8})),
    );
    assert_eq!(
        State::from_json(&State::empty().to_json()).unwrap(),
        State::empty()
    );
    let forged = world.publish(&features(
        0,
        &json!({"BTCUSDT": trend(), "XRPUSDT": {"sigma": 1}}),
    ));
    let state = forged.state();
    assert_eq!(State::from_json(&state.to_json()).unwrap(), *state);
    let derivation = forged.derivation();
    assert_eq!(
        Derivation::from_json(&derivation.to_json()).unwrap(),
        *derivation
    );
    for (from, to, path) in [
        ("\"format\":1", "\"format\":2", "format"),
        ("\"format\":1,", "", "."),
        (
            "\"validity_sec\":3600.0",
            "\"validity_sec\":1e999",
            "validity_sec",
        ),
        ("\"leverage\":{", "\"leverage\":{\"btcusdt\":1,", "leverage"),
        ("\"market\":{", "\"market\":{\"x\":1,", "market.x"),
    ] {
        let text = state.to_json();
        assert!(text.contains(from), "{text}");
        let error = State::from_json(&text.replace(from, to)).unwrap_err();
        assert_eq!(error.path(), path, "{error}");
    }
}

#[test]
fn features_without_a_value_have_no_draft() {
    let world = World::with_policy(templates(&[]), &policy("trend", &json!({"BTCUSDT": 8})));
    for symbols in [
        json!({}),
        json!({"BTCUSDT": {}}),
        json!({"BTCUSDT": {"sigma": null}, "ETHUSDT": {}}),
    ] {
        let error = world.forge(&features(0, &symbols)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the features of 2026-01-05T00:00:00Z contain no value; check the feed of market data"
        );
    }
}

#[test]
fn times_out_of_order_have_no_draft() {
    let mut world = World::new(templates(&[]));
    let at = |minute| features(minute, &json!({"BTCUSDT": trend()}));
    world.publish(&at(10));
    let earlier = world.forge(&at(9)).unwrap_err();
    assert!(
        matches!(earlier, ForgeError::EarlierFeatures { .. }),
        "{earlier}"
    );
    let run = |features: &Features, now| {
        let run = Run {
            features,
            templates: &world.templates,
            targets: None,
            state: &world.state,
            active: None,
            day_ago: None,
            guardrails: &world.guardrails,
            loosening: world.loosening,
            now,
        };
        forge(&run).map(|_| ())
    };
    let features = at(20);
    assert_eq!(run(&features, minute(35)), Ok(()));
    let micro = portcullis::types::SignedDuration::from_micros(1);
    let old = run(&features, minute(35).saturating_add(micro))
        .unwrap_err()
        .to_string();
    assert_eq!(
        old,
        "the features end at 2026-01-05T00:20:00Z, which is more than 900 s before 2026-01-05T00:35:00.000001Z; check the \
         feed of market data, or increase `max_feature_age_sec` in the templates"
    );
    let future = run(&features, minute(19)).unwrap_err();
    assert!(
        matches!(future, ForgeError::FutureFeatures { .. }),
        "{future}"
    );
    let text = r#"{"window_end": "2026-01-05T00:05:00Z", "leverage_by_symbol": {}, "harvest_params": {}, "kill_params": {}}"#;
    let targets = Targets::from_json(text).unwrap();
    world.targets = Some(targets);
    let other = world.forge(&at(20)).unwrap_err();
    assert!(matches!(other, ForgeError::OtherTargets { .. }), "{other}");
}
