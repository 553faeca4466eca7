//! Texts of inputs in the lines that people read: none can end a line, steer a terminal, or run on for ever.

use portcullis::{
    answer::{Answer, Detail},
    explain::Explanation,
    policy::{Policy, PolicyAbsence, PolicyState},
};
use serde_json::{Map, Value, json};

use super::super::{NOW, UNTIL, at, engine, sample, support::sample_policy_json, with_intent};

/// Ends a line, clears a screen, and turns the direction of writing; then goes on and on.
fn hostile() -> String {
    format!(
        "x\n\u{1b}[2J\u{9b}\u{2028}\u{202e}\u{2066}{}",
        "y".repeat(100_000)
    )
}

/// As it is shown.
const SHOWN: &str = "x\\n\\u{1b}[2J\\u{9b}\\u{2028}\\u{202e}\\u{2066}y";

/// The line of a log, the detail of an answer, and an explanation.
#[track_caller]
fn check(policy: Option<&Policy>, guardrails: &str, record: &str, is_shown: bool) {
    let absent = PolicyAbsence::NotFound;
    let state = policy.map_or(PolicyState::absent(&absent), PolicyState::present);
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
fn a_text_of_an_intent_forges_no_line() {
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
fn a_text_of_a_policy_forges_no_line() {
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
fn a_refusal_is_told_on_a_line_of_bearable_length() {
    let symbols: Vec<String> = (0..5_000)
        .map(|i| format!("{i}\n{}", "y".repeat(90)))
        .collect();
    let text = json!({"universe_symbols": symbols}).to_string();
    let refusal = Policy::from_json(&text).unwrap_err();
    let all = refusal.violations().len();
    assert!(all > 5_000);
    let absence = PolicyAbsence::Refused(refusal);
    let detail = Detail::Absence(&absence).to_string();
    assert!(
        detail.ends_with(&format!("; and {} more", all - 8)),
        "{detail}"
    );
    assert!(detail.len() < 8 * 600 && detail.chars().all(|c| !c.is_control()));
}
