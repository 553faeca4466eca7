//! Tests that texts from inputs cannot end a line, control a terminal, or be arbitrarily long in
//! human-readable output.

use portcullis::{
    answer::{Answer, Detail},
    decide::SkipReason,
    explain::Explanation,
    policy::{Policy, PolicyState, PolicyUnavailable},
};
use serde_json::{Map, Value, json};

use super::{NOW, UNTIL, at, engine, sample, sample_policy::sample_policy_json, with_intent};

/// Returns a long text that contains a line end, a terminal escape sequence and direction marks.
fn hostile() -> String {
    format!(
        "x\n\u{1b}[2J\u{9b}\u{2028}\u{202e}\u{2066}{}",
        "y".repeat(100_000)
    )
}

/// The start of the hostile text as it is shown.
const SHOWN: &str = "x\\n\\u{1b}[2J\\u{9b}\\u{2028}\\u{202e}\\u{2066}y";

/// Checks the log line, the detail of the answer and the explanation of a decision.
#[track_caller]
fn check(policy: Option<&Policy>, guardrails: &str, record: &str, is_shown: bool) {
    let absent = PolicyUnavailable::NotFound;
    let state = policy.map_or(PolicyState::unavailable(&absent), PolicyState::present);
    let engine = engine(guardrails);
    with_intent(record, |intent| {
        let decision = engine.decide(state, intent, at(NOW));
        let detail = Answer::decision(&decision).detail;
        let explanation = Explanation::new(engine.decide_traced(state, intent, Some(at(NOW))));
        let explanation = explanation.to_string();
        if is_shown {
            assert!(explanation.contains(SHOWN), "{explanation}");
        }
        let line = decision.to_string();
        let detail = detail.map_or(String::new(), |detail| detail.to_string());
        for line in explanation.lines().chain([&*line, &*detail]) {
            let is_plain = |c: char| !c.is_control() && !SHOWN_ESCAPED.contains(&c);
            assert!(line.chars().all(is_plain), "{line:?}");
            assert!(line.len() < 600, "{line}");
        }
    });
}

const SHOWN_ESCAPED: [char; 3] = ['\u{2028}', '\u{202e}', '\u{2066}'];

fn policy_with<const N: usize>(texts: [(&str, &str); N]) -> Policy {
    let text = sample_policy_json(UNTIL);
    let mut policy: Map<String, Value> = serde_json::from_str(&text).unwrap();
    policy.extend(texts.map(|(field, text)| (field.to_owned(), text.into())));
    Policy::from_json(&Value::Object(policy).to_string()).unwrap()
}

#[test]
fn intent_texts_cannot_forge_lines() {
    for record in [
        json!({"symbol": "BTCUSDT", "action": "CLOSE", "source": hostile()}),
        json!({"symbol": "BTCUSDT", "side": "BUY", "size": 250, "source": hostile()}),
        json!({"symbol": "BTCUSDT", "event_type": hostile()}),
        json!({"payload": {"symbol": "BTCUSDT", "event_type": hostile()}}),
    ] {
        check(Some(&sample()), "{}", &record.to_string(), true);
    }
    for record in [
        json!({"symbol": "BTCUSDT", "event_type": [hostile()]}),
        json!(hostile()),
        json!({"payload": hostile()}),
        json!({"payload": json!(hostile()).to_string()}),
        json!({"symbol": "BTC\u{202e}\u{2066}", "side": "BUY", "size": 250}),
    ] {
        check(None, "{}", &record.to_string(), false);
    }
}

#[test]
fn policy_texts_cannot_forge_lines() {
    let record = r#"{"symbol": "BTCUSDT", "side": "BUY", "size": 250}"#;
    let other = r#"{"market": "usdm", "venue": "binance"}"#;
    let hostile = hostile();
    for (policy, guardrails) in [
        (policy_with([("policy_version", &hostile)]), "{}"),
        (policy_with([("market", &hostile)]), other),
        (
            policy_with([("market", "usdm"), ("venue", &hostile)]),
            other,
        ),
    ] {
        check(Some(&policy), guardrails, record, true);
    }
}

#[test]
fn an_invalid_policy_error_has_a_bounded_length() {
    let symbols: Vec<String> = (0..5_000)
        .map(|i| format!("{i}\n{}", "y".repeat(90)))
        .collect();
    let text = json!({"universe_symbols": symbols}).to_string();
    let refusal = Policy::from_json(&text).unwrap_err();
    let all = refusal.violations().len();
    assert!(all > 5_000);
    let absence = PolicyUnavailable::Invalid(refusal);
    let detail = Detail::SkipReason(SkipReason::PolicyUnavailable(&absence)).to_string();
    assert!(
        detail.ends_with(&format!("; and {} more", all - 8)),
        "{detail}"
    );
    assert!(detail.len() < 8 * 600 && detail.chars().all(|c| !c.is_control()));
}
