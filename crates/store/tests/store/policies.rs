//! Sample policies and assertions for the store tests.

use std::collections::BTreeMap;

use portcullis::{
    guardrails::Guardrails,
    policy::{Policy, PolicyUnavailable},
    types::{PolicyHash, Timestamp},
};
use portcullis_store::{LoadError, Operator, PolicyStore, Publication, PublishError, Receipt};

use crate::sample_policy::sample_policy_json;

pub(crate) const UNTIL: &str = "1766550734.062733";

pub(crate) fn at(seconds: &str) -> Timestamp {
    Timestamp::parse_epoch_seconds(seconds).unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("1766547134.5")
}

/// Returns the sample policy with a version and additional fields.
pub(crate) fn policy(version: &str, more: &str) -> Policy {
    policy_until(UNTIL, version, more)
}

pub(crate) fn policy_until(end: &str, version: &str, more: &str) -> Policy {
    let text = sample_policy_json(end)
        .replace("1.0.0-ai-sample", version)
        .replacen('{', &format!("{{{more}"), 1);
    Policy::from_json(&text).unwrap_or_else(|refusal| panic!("{refusal}"))
}

pub(crate) fn ada() -> Operator {
    Operator::new("ada").with_reason("it is time")
}

pub(crate) fn publication(version: &str, more: &str) -> Publication {
    Publication::new(policy(version, more), &Guardrails::none(), ada(), now()).unwrap()
}

/// Publishes a policy that replaces the current content.
pub(crate) fn publish(store: &dyn PolicyStore, version: &str) -> Receipt {
    let seen = store.current_hash().unwrap();
    store.publish(&publication(version, ""), seen).unwrap()
}

/// Returns the fields as another writer stores them in a hash.
pub(crate) fn fields_of(policy: &Policy) -> Vec<(String, String)> {
    let fields: BTreeMap<_, _> = policy.fields().clone();
    fields.into_iter().collect()
}

/// Returns the fields with the hash, and with a sequence if one is given.
pub(crate) fn with_hash(policy: &Policy, seq: Option<u64>) -> Vec<(String, String)> {
    let mut fields = policy.fields().clone();
    fields.extend(seq.map(|seq| ("policy_seq".to_owned(), seq.to_string())));
    fields.remove("policy_hash");
    let hash = Policy::from_fields(fields.clone()).unwrap().hash();
    fields.insert("policy_hash".to_owned(), hash.to_string());
    fields.into_iter().collect()
}

pub(crate) fn replaced(
    fields: &[(String, String)],
    name: &str,
    value: Option<&str>,
) -> Vec<(String, String)> {
    let kept = fields.iter().filter(|(other, _)| other != name).cloned();
    kept.chain(value.map(|value| (name.to_owned(), value.to_owned())))
        .collect()
}

/// Returns the code of an invalid-policy error, or the name of another reason why there is no policy.
pub(crate) fn absence(loaded: Result<Policy, LoadError>) -> String {
    match loaded.map_err(|error| cause(error.absence())) {
        Ok(policy) => format!("a policy: {}", policy.version()),
        Err(PolicyUnavailable::Invalid(refusal)) => refusal.fault().to_string(),
        Err(other) => format!("{other:?}"),
    }
}

/// Returns a refusal without the addition that another program has written the policy.
fn cause(refusal: PolicyUnavailable) -> PolicyUnavailable {
    if let PolicyUnavailable::WrittenByOther { refusal, .. } = refusal {
        return *refusal;
    }
    refusal
}

pub(crate) fn check_conflict(
    published: Result<Receipt, PublishError>,
    expected: Option<PolicyHash>,
    found: Option<PolicyHash>,
) {
    assert_eq!(
        published.unwrap_err(),
        PublishError::Conflict { expected, found }
    );
}
