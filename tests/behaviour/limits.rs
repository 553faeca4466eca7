//! Limits of the policy and of the guardrails, if both are violated.

use portcullis::{
    decide::{Decision, SkipReason},
    explain::Explanation,
    policy::{Policy, PolicyState},
};

use super::super::{NOW, UNTIL, at, engine, support::sample_policy_json, with_intent};

/// Returns the limit in the skip, and the smallest change that would avoid it; `None` for a trade.
fn limit(policy: u32, operator: u32, usd: u32) -> Option<(f64, String)> {
    let limits = format!(r#"{{"limits": {{"max_notional_usd": {policy}}},"#);
    let text = sample_policy_json(UNTIL).replacen('{', &limits, 1);
    let policy = Policy::from_json(&text).unwrap();
    let engine = engine(&format!(r#"{{"max_notional_usd": {operator}}}"#));
    let record = format!(r#"{{"symbol": "BTCUSDT", "side": "BUY", "size": {usd}}}"#);
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
        assert_eq!(remedy, format!("a notional of at most 500 ({source})"));
        assert_eq!(self::limit(policy, operator, 500), None);
    }
    let (limit, _) = limit(1000, 500, 700).unwrap();
    assert_eq!(limit, 500.0);
}
