//! Reading of policies that were not published by this crate.

use std::collections::BTreeMap;

use portcullis_store::PublishError;

use super::Fixture;
use crate::policies::{absence, at, fields_of, policy, publication, publish, replaced, with_hash};

pub(crate) fn every_invalid_policy_has_its_reason(fixture: &dyn Fixture) {
    let store = fixture.open();
    let whole = with_hash(&policy("1", ""), Some(1));
    let bare = fields_of(&policy("1", ""));
    let check = |fields: &[(String, String)], reason: &str| {
        fixture.put(fields);
        assert_eq!(absence(store.load()), reason);
    };
    check(&whole, "a policy: 1");
    check(&bare, "a policy: 1");
    check(&[], "NotFound");
    for required in [
        "universe_symbols",
        "leverage_by_symbol",
        "harvest_params",
        "kill_params",
        "valid_until_epoch",
        "policy_version",
    ] {
        check(&replaced(&bare, required, None), "POLICY_MISSING_FIELD");
        check(&replaced(&whole, required, None), "POLICY_MISSING_FIELD");
    }
    check(
        &replaced(&bare, "kill_params", Some("{")),
        "POLICY_PARSE_ERROR",
    );
    check(
        &replaced(&bare, "valid_until_epoch", Some("nan")),
        "POLICY_INVALID",
    );
    // An expired policy can be loaded, because a load does not check the expiry.
    check(
        &replaced(&bare, "valid_until_epoch", Some("1")),
        "a policy: 1",
    );
    // These fields are changed after the hash was computed.
    for (name, value) in [
        ("valid_until_epoch", "1866550734.062733"),
        ("generator", "another one"),
        ("policy_hash", "0000"),
    ] {
        check(&replaced(&whole, name, Some(value)), "POLICY_HASH_MISMATCH");
    }
}

pub(crate) fn an_invalid_policy_can_be_replaced(fixture: &dyn Fixture) {
    let store = fixture.open();
    publish(&*store, "1");
    let torn = replaced(&with_hash(&policy("x", ""), Some(9)), "kill_params", None);
    fixture.put(&torn);
    assert_eq!(absence(store.load()), "POLICY_MISSING_FIELD");
    let seen = store.current_hash().unwrap();
    assert!(seen.is_some());
    store.publish(&publication("2", ""), seen).unwrap();
    assert_eq!(store.load().unwrap().version(), "2");
    assert!(store.audit().unwrap().is_whole());
}

pub(crate) fn a_policy_of_a_python_writer_is_read(fixture: &dyn Fixture) {
    let vector: serde_json::Value = serde_json::from_str(include_str!(
        "../../../../../tests/vectors/python_policy.json"
    ))
    .unwrap();
    let hash = vector["policy_hash"].as_str().unwrap();
    let fields: BTreeMap<String, String> =
        serde_json::from_value(vector["fields"].clone()).unwrap();
    let bare: Vec<_> = fields.into_iter().collect();
    let store = fixture.open();
    for fields in [&bare, &replaced(&bare, "policy_hash", Some(hash))] {
        fixture.put(fields);
        let policy = store.load().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(policy.hash().to_string(), hash);
        assert_eq!(policy.seq(), Some(7));
        assert_eq!(policy.valid_until(), at("1766550734.062733"));
        assert_eq!(policy.symbols().len(), 3);
        let unknown: Vec<_> = policy.notes().iter().map(ToString::to_string).collect();
        assert!(
            unknown.iter().all(|note| note.contains("policy_hash")),
            "{unknown:?}"
        );
    }
    // A publication can replace a policy of another writer.
    assert_eq!(publish(&*store, "8").seq(), 8);
    assert!(matches!(
        store.publish(&publication("9", ""), None),
        Err(PublishError::Conflict { .. })
    ));
}
