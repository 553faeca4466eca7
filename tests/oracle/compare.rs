//! Comparison of two answers.

use super::naive::Answer;
use serde_json::Value;

/// The relative difference up to which two numbers count as equal, because the engines may use
/// different implementations of `exp`.
const SHARE: f64 = 1e-12;

const GATE_1: [&str; 5] = [
    "INTENT_UNREADABLE",
    "INTENT_INVALID",
    "INTENT_AMBIGUOUS",
    "INTENT_NOT_ACTIONABLE",
    "INTENT_UNSUPPORTED",
];

/// Returns a text for each difference; the list is empty if the answers agree.
pub(crate) fn differences(engine: &Answer, naive: &Answer) -> Vec<String> {
    let mut names: Vec<&String> = engine.keys().chain(naive.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut differences = Vec::new();
    for name in names {
        // If an intent fails gate 1, an engine may or may not report its symbol and side. A detail is human-readable
        // text and is not compared.
        let is_optional = matches!(name.as_str(), "symbol" | "side")
            && failed_gate_1(engine)
            && failed_gate_1(naive);
        let (left, right) = (engine.get(name), naive.get(name));
        let agree = match (name.as_str(), left, right) {
            ("detail", Some(_), Some(_)) => true,
            (_, Some(left), Some(right)) => are_equal(left, right),
            _ => false,
        };
        if !agree && !is_optional {
            differences.push(format!("{name}: engine {left:?}, naive {right:?}"));
        }
    }
    differences
}

/// Returns true if gate 1 denied the intent.
fn failed_gate_1(answer: &Answer) -> bool {
    let reason = answer.get("reason").and_then(Value::as_str);
    reason.is_some_and(|reason| GATE_1.contains(&reason))
}

fn are_equal(left: &Value, right: &Value) -> bool {
    let (Value::Number(left), Value::Number(right)) = (left, right) else {
        return left == right;
    };
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return left == right;
    }
    let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else {
        return false;
    };
    left == right || (left - right).abs() <= SHARE * left.abs().max(right.abs())
}
