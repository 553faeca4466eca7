//! Tests of guardrails documents and their faults.

use portcullis::guardrails::Guardrails;

#[track_caller]
fn check_refused(text: &str, faults: &[&str]) {
    let error = Guardrails::from_json(text).unwrap_err();
    let texts: Vec<_> = error.errors().iter().map(ToString::to_string).collect();
    assert_eq!(texts, faults, "{text}");
    assert_eq!(
        error.to_string(),
        format!("invalid guardrails: {}", faults.join("; "))
    );
}

#[test]
fn amounts_must_be_finite_and_positive() {
    for field in ["max_leverage", "max_position_usd", "max_notional_usd"] {
        for value in ["0", "-1", "\"x\"", "1e999", "[]", "true"] {
            check_refused(
                &format!(r#"{{"{field}": {value}}}"#),
                &[&format!(
                    "`{field}` is `{value}`, but must be a finite number greater than 0"
                )],
            );
        }
        // If a key is a duplicate, only this fault is reported, and none about its values.
        check_refused(
            &format!(r#"{{"{field}": 1, "{field}": 2}}"#),
            &[&format!("the key `{field}` occurs more than once")],
        );
    }
}

#[test]
fn all_faults_are_reported() {
    check_refused(
        r#"{"max_leverage": 0, "max_leverag": 5, "require_policy_hash": 1, "require_metadata_ok": "yes"}"#,
        &[
            "`max_leverage` is `0`, but must be a finite number greater than 0",
            "`require_policy_hash` is `1`, but must be true or false",
            "`require_metadata_ok` is `\"yes\"`, but must be true or false",
            "`max_leverag` is not a known guardrail; check the spelling",
        ],
    );
}
