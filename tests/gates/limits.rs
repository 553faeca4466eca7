//! Tests of gate 10: leverage, margin and notional are finite and within the limits of the policy
//! and of the guardrails.

use portcullis::{
    decide::{Decision, SkipReason},
    explain::Explanation,
    policy::PolicyState,
};

use super::{
    BOUGHT, ENTRY, NOW, at, check, check_at, check_with, engine, sample_with, with_intent,
};

const EXCEEDED: &str = "SKIP POLICY_LIMIT_EXCEEDED";

/// The entry has a leverage of 8x, a notional of 250 USD and a margin of 31.25 USD.
#[test]
fn a_limit_is_inclusive() {
    for (field, reached, exceeded) in [
        ("max_leverage", "8", "7.999999999999999"),
        ("max_position_usd", "31.25", "31.249999999999996"),
        ("max_notional_usd", "250", "249.99999999999997"),
    ] {
        for (limit, expected) in [(reached, BOUGHT), (exceeded, EXCEEDED)] {
            let limit = format!(r#"{{"{field}": {limit}}}"#);
            check_with(&limit, ENTRY, expected);
            let policy = sample_with(&format!(r#""limits": {limit}"#));
            check_at(&policy, "{}", ENTRY, Some(NOW), expected);
        }
    }
}

/// Returns the limit in the skip, and the smallest change that would avoid the skip; `None` for a trade.
fn limit(policy: u32, operator: u32, usd: u32) -> Option<(f64, String)> {
    let policy = sample_with(&format!(r#""limits": {{"max_notional_usd": {policy}}}"#));
    let engine = engine(&format!(r#"{{"max_notional_usd": {operator}}}"#));
    let record = ENTRY.replace("250", &usd.to_string());
    with_intent(&record, |intent| {
        let state = PolicyState::present(&policy);
        let explanation = Explanation::new(engine.decide_traced(state, intent, Some(at(NOW))));
        match explanation.decision() {
            Decision::Trade(_) => None,
            Decision::Skip(skip) => {
                let SkipReason::LimitExceeded {
                    limit: Some(limit), ..
                } = skip.evidence()
                else {
                    panic!("{skip}");
                };
                Some((limit.value(), explanation.remedy().unwrap()))
            }
            Decision::Exit(_) => panic!("the intent is an entry"),
        }
    })
}

#[test]
fn the_lower_of_two_violated_limits_is_reported() {
    for (policy, operator, source) in [
        (1000, 500, "guardrails:max_notional_usd"),
        (500, 1000, "policy:limits.max_notional_usd"),
        (500, 500, "policy:limits.max_notional_usd"),
    ] {
        let (limit, remedy) = limit(policy, operator, 2000).unwrap();
        assert_eq!(limit, 500.0);
        assert_eq!(
            remedy,
            format!("reduce the notional to at most 500 ({source})")
        );
        assert_eq!(self::limit(policy, operator, 500), None);
    }
    let (limit, _) = limit(1000, 500, 700).unwrap();
    assert_eq!(limit, 500.0);
}

#[test]
fn overflow_and_underflow_exceed_every_limit() {
    for size in [
        r#""position_usd": 1.7e308, "leverage": 8"#,
        r#""size": 5e-324"#,
    ] {
        check(
            &format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", {size}}}"#),
            EXCEEDED,
        );
    }
}
