//! The validation of harvest parameters without a policy.

use std::collections::BTreeMap;

use portcullis::{Policy, policy::InvalidPolicyError};
use serde_json::{Map, Value, json};

use crate::parameter::Parameter;

/// Checks harvest parameters with the validation of policies.
pub(crate) fn check(theta: &BTreeMap<Parameter, f64>) -> Result<(), InvalidPolicyError> {
    let group = |group: &str| {
        let numbers = theta.iter().filter(|(it, _)| it.group() == group);
        let entry = |(parameter, value): (&Parameter, &f64)| (parameter.to_string(), json!(value));
        numbers.map(entry).collect::<Map<String, Value>>()
    };
    let policy = json!({
        "policy_version": "theta", "valid_until_epoch": 0, "universe_symbols": ["A"], "leverage_by_symbol": {},
        "harvest_params": group("harvest_params"), "kill_params": group("kill_params"),
    });
    Policy::from_json(&policy.to_string()).map(|_| ())
}
