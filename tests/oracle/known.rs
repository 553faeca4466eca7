//! Tests of the naive engine against known answers, so that it is a valid reference.

use super::compare::differences;
use super::engine;
use super::naive::{
    Flaw, Guardrails, Halt, World, decide::decide, harvest::harvest, policy::hash_of, time,
};
use serde_json::{Value, json};

/// The expected hash was computed with Python's `json.dumps` and `hashlib`.
#[test]
fn a_hash_equals_the_one_from_python() {
    let text = r#"{"b": 1.50, "a": "é😀\n\u007f\"π\"", "policy_hash": "x", "c": {"z": [1e3, true, null], "é": "\u0001"}, "d": null, "policy_sig": "y", "e": false}"#;
    let hash = "d51bd7566715599ea07d1c3f9f21f80768801fd64b7855bdf7272fe7b04f8be7";
    assert_eq!(hash_of(text).as_deref(), Some(hash));
}

#[test]
fn timestamps_equal_calendar_times() {
    let timestamp = Some(1_766_550_734_062_679);
    for text in [
        "2025-12-24T04:32:14.062679",
        "2025-12-24 04:32:14.062679999Z",
        "2025-12-24T06:32:14,062679+02:00",
        "2025-12-23T23:02:14.062679-0530",
    ] {
        assert_eq!(time::from_iso(text), timestamp, "{text}");
    }
    for text in ["1766550734.062679", "1.7665507340626799e9"] {
        assert_eq!(time::from_seconds(text), timestamp, "{text}");
    }
    assert_eq!(
        time::from_iso("0000-01-01T00:00:00Z"),
        Some(-62_167_219_200_000_000)
    );
    assert_eq!(
        time::from_iso("9999-12-31T23:59:59.999999Z"),
        Some(253_402_300_799_999_999)
    );
    assert_eq!(time::from_iso("2025-02-29T00:00:00Z"), None);
    assert_eq!(time::from_millis("1500.5"), None);
}

/// A size next to a price is in units if another statement agrees with it.
#[test]
fn a_size_in_units_is_traded() {
    let line = r#"{"symbol": "BTCUSDT", "side": "BUY", "ts": 1766550734062, "size": 2, "price": 100, "position_size_usd": 200.4}"#;
    let policy = policy();
    let world = World {
        policy: Some(&policy),
        guardrails: &NO_GUARDRAILS,
        exit_owner: "exitbrain_v3_5",
        delegates: &[],
        flaw: None,
    };
    let now = Some(1_766_550_734_062_733);
    let naive = decide(&world, line, now);
    assert_eq!(naive.get("size_source"), Some(&json!("intent:size*price")));
    assert!(differences(&engine::decide(&world, line, now), &naive).is_empty());
}

/// A limit applies to the largest of several sizes, and the age is counted from the earliest of several times.
#[test]
fn entries_beyond_a_bound_are_denied() {
    let sizes = r#"{"symbol": "BTCUSDT", "side": "BUY", "ts": 1766550734062, "position_size_usd": 200.8, "size": 200.1}"#;
    let times = r#"{"symbol": "BTCUSDT", "side": "BUY", "ts": 1766550734062, "timestamp": 1766550700, "size": 200}"#;
    let guardrails = Guardrails {
        max_notional_usd: Some(200.5),
        max_intent_age_sec: Some(30.0),
        ..NO_GUARDRAILS
    };
    let policy = policy();
    for (line, flaw, reason) in [
        (sizes, Flaw::LimitsOnSmallest, "POLICY_LIMIT_EXCEEDED"),
        (times, Flaw::AgeFromLatest, "INTENT_STALE"),
    ] {
        let world = |flaw| World {
            policy: Some(&policy),
            guardrails: &guardrails,
            exit_owner: "exitbrain_v3_5",
            delegates: &[],
            flaw,
        };
        let now = Some(1_766_550_734_062_733);
        let right = decide(&world(None), line, now);
        assert_eq!(right.get("reason"), Some(&json!(reason)), "{line}");
        let engine = engine::decide(&world(None), line, now);
        assert!(differences(&engine, &right).is_empty(), "{engine:?}");
        let wrong = decide(&world(Some(flaw)), line, now);
        assert!(!differences(&engine, &wrong).is_empty(), "{flaw:?}");
    }
}

/// The harvest parameters are those of the sample policy. Unless a row states other values, the
/// entry price is 100, the stop distance 2 %, the age 3600 s, and the market 0.01/0.35/0.5/0.2/0.3
/// (`sigma`, `ts`, `p_trend`, `p_mr`, `p_chop`).
#[test]
fn harvests_equal_results_computed_by_hand() {
    const QUIET: f64 = 0.502_499_979_166_874_9;
    check("LONG", 101.0, &[], 0.44, QUIET, "NONE", None);
    check("LONG", 103.0, &[], 1.44, QUIET, "NONE", Some(100.3));
    check("LONG", 103.8, &[], 1.84, QUIET, "PARTIAL_25", Some(100.3));
    check("LONG", 107.2, &[], 3.54, QUIET, "PARTIAL_50", Some(100.3));
    check("LONG", 111.8, &[], 5.84, QUIET, "PARTIAL_75", Some(100.3));
    check("SHORT", 96.0, &[], 1.94, QUIET, "PARTIAL_25", Some(99.7));
    check(
        "SHORT",
        96.0,
        &[("current_sl", 99.0)],
        1.94,
        QUIET,
        "PARTIAL_25",
        None,
    );
    let close = "FULL_CLOSE_PROPOSED";
    let turned = [("p_trend", 0.1), ("p_mr", 0.3), ("p_chop", 0.6)];
    check(
        "LONG",
        103.0,
        &turned,
        1.44,
        0.692_109_504_301_788_2,
        close,
        Some(100.3),
    );
    check(
        "LONG",
        103.0,
        &[("sigma", 0.03)],
        1.44,
        0.713_000_162_752_281_6,
        close,
        Some(100.3),
    );
    check(
        "LONG",
        103.0,
        &[("ts", 0.1)],
        1.44,
        0.527_472_304_344_593_7,
        "NONE",
        Some(100.3),
    );
    check(
        "LONG",
        103.0,
        &[("age_sec", 1e5)],
        1.44,
        0.549_833_997_312_478,
        "NONE",
        Some(100.3),
    );
}

fn check(
    side: &str,
    price: f64,
    other: &[(&str, f64)],
    r_net: f64,
    kill_score: f64,
    action: &str,
    stop: Option<f64>,
) {
    let mut position = json!({
        "symbol": "BTCUSDT", "side": side, "entry_price": 100, "current_price": price, "stop_dist_pct": 0.02,
        "age_sec": 3600, "current_sl": if side == "LONG" { 99 } else { 101 },
    });
    let mut market =
        json!({ "sigma": 0.01, "ts": 0.35, "p_trend": 0.5, "p_mr": 0.2, "p_chop": 0.3 });
    for (name, number) in other {
        let object = if market.get(name).is_some() {
            &mut market
        } else {
            &mut position
        };
        object
            .as_object_mut()
            .unwrap()
            .insert((*name).to_owned(), json!(number));
    }
    position
        .as_object_mut()
        .unwrap()
        .insert("market".to_owned(), market);
    let policy = policy();
    let world = World {
        policy: Some(&policy),
        guardrails: &NO_GUARDRAILS,
        exit_owner: "exitbrain_v3_5",
        delegates: &[],
        flaw: None,
    };
    let answer = harvest(&world, &position.to_string(), Some(1_766_550_734_062_733));
    let is_near = |name: &str, wanted: Option<f64>| match (
        answer.get(name).and_then(Value::as_f64),
        wanted,
    ) {
        (Some(number), Some(wanted)) => (number - wanted).abs() < 1e-9,
        (None, None) => true,
        _ => false,
    };
    assert!(is_near("r_net", Some(r_net)), "{answer:?} {position}");
    assert!(
        is_near("kill_score", Some(kill_score)),
        "{answer:?} {position}"
    );
    assert!(is_near("stop_proposed", stop), "{answer:?} {position}");
    assert_eq!(
        answer.get("harvest_action"),
        Some(&json!(action)),
        "{position}"
    );
}

/// Returns a policy with the harvest parameters of the sample policy.
fn policy() -> String {
    json!({
        "policy_version": "1.0.0-ai-sample", "valid_until_epoch": 2e9,
        "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": { "BTCUSDT": 8 },
        "harvest_params": {
            "T1_R": 1.8, "T2_R": 3.5, "T3_R": 5.8, "lock_R": 1.2, "be_plus_pct": 0.003, "cost_bps": 12,
            "k_regime_flip": 0.8, "k_sigma_spike": 0.6, "k_ts_drop": 0.4, "k_age_penalty": 0.2, "kill_threshold": 0.55,
        },
        "kill_params": {
            "trend_min": 0.25, "sigma_ref": 0.012, "sigma_spike_cap": 1.8, "ts_ref": 0.35, "ts_drop_cap": 0.45,
            "max_age_sec": 72000,
        },
    })
    .to_string()
}

const NO_GUARDRAILS: Guardrails = Guardrails {
    max_leverage: None,
    max_position_usd: None,
    max_notional_usd: None,
    max_validity_sec: None,
    max_intent_age_sec: None,
    max_future_skew_sec: None,
    max_plan_age_sec: None,
    symbols: None,
    market: None,
    venue: None,
    require_hash: false,
    require_metadata: false,
    halt: Halt::Nothing,
    max_price_deviation: None,
    max_stop_distance: None,
    ignored_fields: Vec::new(),
    timestamps: Vec::new(),
};
