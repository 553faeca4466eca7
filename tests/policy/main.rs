//! Tests of the reading, validation, hashing and validity of policies.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod any_text;
mod bounds;
mod encodings;
mod in_force;
mod refused;
#[path = "../support/sample_policy.rs"]
mod sample_policy;

use std::collections::BTreeMap;

use portcullis::{
    policy::{
        InForce, Listing, NotInForceError, Policy, PolicyFault, PolicyState, PolicyUnavailable,
        ThetaInForce, ValidityError, canonical_hash,
    },
    types::{Symbol, Timestamp},
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use sample_policy::sample_policy_json;

const UNTIL: &str = "1766550734.062733";

/// The hash of the sample policy, computed by an independent program in another language.
const SAMPLE_HASH: &str = "1abaf416d7c90a9549b5c4530db2bdab40ae77bf4d8dee8393556fd197aac46c";

fn sample() -> String {
    sample_policy_json(UNTIL)
}

/// Returns the sample policy with one text replaced.
fn with(from: &str, to: &str) -> String {
    let text = sample();
    assert!(text.contains(from), "the sample does not contain `{from}`");
    text.replacen(from, to, 1)
}

/// Returns the sample policy with additional fields.
fn and(fields: &str) -> String {
    sample().replacen('{', &format!("{{{fields},"), 1)
}

/// Returns the sample policy in the hash encoding, with one field set.
fn fields_with(name: &str, value: &str) -> BTreeMap<String, String> {
    let mut fields = read(&sample()).fields().clone();
    fields.insert(name.to_owned(), value.to_owned());
    fields
}

fn read(text: &str) -> Policy {
    Policy::from_json(text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn at(seconds: &str) -> Timestamp {
    Timestamp::parse_epoch_seconds(seconds).unwrap()
}

fn leverage(policy: &Policy, symbol: &str) -> Option<f64> {
    match policy
        .in_force(policy.valid_until())
        .unwrap()
        .listing(&Symbol::new(symbol).unwrap())
    {
        Listing::NotInUniverse | Listing::NoLeverage => None,
        Listing::Leverage(leverage) => Some(leverage.get()),
    }
}

/// Checks the code and the violations of an invalid policy, and the text of its error.
fn check_refused(text: &str, code: &str, violations: &[&str]) {
    let refusal = Policy::from_json(text).expect_err(text);
    let texts: Vec<_> = refusal
        .violations()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts, violations, "{text}");
    assert_eq!(refusal.fault().to_string(), code, "{text}");
    assert_eq!(refusal.fault(), refusal.violations()[0].fault());
    let (listed, rest) = violations.split_at(violations.len().min(8));
    let mut line = listed.join("; ");
    if !rest.is_empty() {
        line.push_str(&format!("; and {} more", rest.len()));
    }
    assert_eq!(refusal.to_string(), line);
}

fn check_fields_refused(fields: BTreeMap<String, String>, code: &str, violation: &str) {
    let refusal = Policy::from_fields(fields).unwrap_err();
    assert_eq!(
        (
            refusal.fault().to_string().as_str(),
            refusal.to_string().as_str()
        ),
        (code, violation)
    );
}

fn check_missing(text: &str, fields: &[&str]) {
    let texts: Vec<_> = fields.iter().map(|f| format!("`{f}` is missing")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    check_refused(text, "POLICY_MISSING_FIELD", &texts);
}

fn check_parse_error(text: &str, violation: &str) {
    check_refused(text, "POLICY_PARSE_ERROR", &[violation]);
}

fn check_invalid(text: &str, violation: &str) {
    check_refused(text, "POLICY_INVALID", &[violation]);
}

fn check_notes(text: &str, notes: &[&str]) {
    let policy = read(text);
    let texts: Vec<_> = policy.notes().iter().map(ToString::to_string).collect();
    assert_eq!(texts, notes, "{text}");
}

fn check_hash(text: &str, hash: &str) {
    assert_eq!(read(text).hash().to_string(), hash, "{text}");
}
