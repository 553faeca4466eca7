//! The lease, the state and the conditions of an updater, and refused publications.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis::{
    guardrails::{Guardrails, Halt},
    types::{SignedDuration, Timestamp},
};
use portcullis_store::{
    Publication, PublicationEvidence, PublicationRefusal, PublishConditions, PublishError,
    UnmetCondition,
};

use super::Fixture;
use crate::policies::{ada, now, policy, policy_until, publish};

const LENGTH: Duration = Duration::from_secs(60);

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_micros(seconds * 1_000_000)
}

/// Returns the time of this machine, which a server on the same machine also has.
fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap()).unwrap()
}

/// Returns a publication with a lease, and with features that ended a number of seconds ago and may be 60 s old.
fn publication(version: &str, lease: &str, age_sec: i64) -> Publication {
    let now = clock();
    let until = now.saturating_add(seconds(3600)).as_millis() / 1000;
    let policy = policy_until(&until.to_string(), version, "");
    let publication = Publication::new(policy, &Guardrails::none(), ada(), now).unwrap();
    publication.with_conditions(PublishConditions {
        lease: lease.to_owned(),
        features_end: now.saturating_add(seconds(-age_sec)),
        max_feature_age: seconds(60),
    })
}

pub(crate) fn one_updater_holds_the_lease_and_saves_its_state(fixture: &dyn Fixture) {
    let (one, two) = (fixture.open(), fixture.open());
    assert_eq!(one.updater_state(), Ok(None));
    assert_eq!(one.save_updater_state("one", "early"), Ok(false));
    assert_eq!(one.acquire_lease("one", LENGTH), Ok(true));
    assert_eq!(two.acquire_lease("two", LENGTH), Ok(false));
    assert_eq!(one.acquire_lease("one", LENGTH), Ok(true));
    assert_eq!(two.save_updater_state("two", "of two"), Ok(false));
    assert_eq!(
        one.save_updater_state("one", "{\"a\": \"\u{e9}\"}"),
        Ok(true)
    );
    assert_eq!(
        two.updater_state(),
        Ok(Some("{\"a\": \"\u{e9}\"}".to_owned()))
    );
    two.release_lease("two").unwrap();
    assert_eq!(two.acquire_lease("two", LENGTH), Ok(false));
    one.release_lease("one").unwrap();
    assert_eq!(two.acquire_lease("two", LENGTH), Ok(true));
    assert_eq!(one.acquire_lease("one", LENGTH), Ok(false));
}

pub(crate) fn a_publication_with_unmet_conditions_changes_nothing(fixture: &dyn Fixture) {
    let store = fixture.open();
    let unmet = |publication: &Publication| match store.publish(publication, None) {
        Err(PublishError::Unmet(condition)) => condition,
        other => panic!("{other:?}"),
    };
    assert_eq!(unmet(&publication("1", "one", 0)), UnmetCondition::Lease);
    store.acquire_lease("one", LENGTH).unwrap();
    assert_eq!(unmet(&publication("1", "two", 0)), UnmetCondition::Lease);
    assert_eq!(
        unmet(&publication("1", "one", 90)),
        UnmetCondition::FeatureAge
    );
    assert_eq!(
        unmet(&publication("1", "one", -30)),
        UnmetCondition::FutureFeatures
    );
    assert!(store.load().is_err());
    assert_eq!(store.audit().unwrap().entries().len(), 0);
    let receipt = store.publish(&publication("1", "one", 30), None).unwrap();
    assert_eq!(store.load().unwrap().hash(), receipt.hash());
}

pub(crate) fn refusals_are_audited_and_change_nothing_else(fixture: &dyn Fixture) {
    let store = fixture.open();
    let published = publish(&*store, "1").hash();
    let symbols = Halt::Symbols([portcullis::types::Symbol::new("BTCUSDT").unwrap()].into());
    store.halt(&symbols, &ada(), now()).unwrap();
    let draft = policy("2", "");
    let refusal = PublicationRefusal {
        policy_hash: draft.hash(),
        policy_version: "2".to_owned(),
        code: "PUBLISH_GATE_LEVERAGE",
        detail: "the leverage rises".to_owned(),
        operator: ada(),
        at: now(),
    };
    store.record_refusal(&refusal).unwrap();
    assert_eq!(
        (store.load().unwrap().hash(), store.halts()),
        (published, Ok(symbols))
    );
    assert_eq!(store.history(9).unwrap().len(), 1);
    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    let entry = &trail.entries()[2];
    assert_eq!(
        (entry.event(), entry.code()),
        (Some("policy.publish_refused"), Some(refusal.code))
    );
    assert_eq!(
        (entry.detail(), entry.policy_hash()),
        (Some("the leverage rises"), Some(draft.hash()))
    );
    publish(&*store, "3");
    assert!(store.audit().unwrap().is_whole());
}

pub(crate) fn evidence_is_stored_with_a_publication(fixture: &dyn Fixture) {
    let store = fixture.open();
    publish(&*store, "1");
    let evidence = PublicationEvidence {
        derivation: Some("{\"derivation\":1}".to_owned()),
        gate: Some("{\"gate\":\"\u{e9}\"}".to_owned()),
    };
    let publication = Publication::new(policy("2", ""), &Guardrails::none(), ada(), now()).unwrap();
    let seen = store.current_hash().unwrap();
    store
        .publish(&publication.with_evidence(evidence), seen)
        .unwrap();
    let history = store.history(2).unwrap();
    assert_eq!(history[0].derivation(), Some("{\"derivation\":1}"));
    assert_eq!(history[0].gate(), Some("{\"gate\":\"\u{e9}\"}"));
    assert_eq!((history[1].derivation(), history[1].gate()), (None, None));
    let trail = store.audit().unwrap();
    // sha256 of the derivation
    let digest = "049781a09da9a6a1fc38cb34f193952b7b325b1001b38993f1086b57b6a563aa";
    assert_eq!(
        trail.entries()[1].record().get("derivation_sha256"),
        Some(digest)
    );
    assert!(trail.is_whole());
}
