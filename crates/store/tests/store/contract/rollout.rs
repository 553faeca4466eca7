//! The policy set of a store.

use std::time::Duration;

use portcullis::{
    guardrails::Guardrails,
    types::{PolicyHash, Symbol},
};
use portcullis_rollout::{Arm, Bps, RaiseConditions, Refusal, Role, Salt};
use portcullis_store::{
    ArmStart, Feed, PolicySetError, PolicySigner, PolicyStore, Publication, PublicationId,
    Rollback, RolloutChange, RolloutError, RolloutReceipt, RolloutRefusal, RolloutStep,
    SequenceGuard, StoredSet, TrustedKeys, VerifyingReader,
};

use super::Fixture;
use crate::policies::{UNTIL, ada, at, now, publication, publish};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn signer() -> PolicySigner {
    PolicySigner::from_base64(SECRET).unwrap()
}

fn change(step: RolloutStep) -> RolloutChange {
    RolloutChange {
        step,
        operator: ada(),
        at: now(),
        signer: None,
        code: None,
    }
}

fn start(version: &str, bps: u16, signer: Option<PolicySigner>) -> RolloutChange {
    let mut publication = publication(version, "");
    if let Some(signer) = signer.clone() {
        publication = publication.with_signer(signer);
    }
    let policy = publication.arm_policy().unwrap();
    let salt = Salt::new("canary-7").unwrap();
    let bps = Bps::new(u64::from(bps)).unwrap();
    let arm = Arm::new(Role::Canary, policy.hash(), bps, salt, at(UNTIL)).unwrap();
    let step = RolloutStep::Start(Box::new(ArmStart {
        arm,
        policy,
        schedule: None,
    }));
    RolloutChange {
        signer,
        ..change(step)
    }
}

fn raise(arm: PolicyHash, bps: u16, closed_trades: u64, required: u64) -> RolloutStep {
    RolloutStep::Raise {
        arm,
        bps: Bps::new(u64::from(bps)).unwrap(),
        closed_trades,
        conditions: RaiseConditions {
            min_sec: 0,
            min_closed_trades: required,
        },
    }
}

fn arms_of(store: &dyn PolicyStore) -> Vec<(PolicyHash, u16)> {
    let stored = store.policy_set().unwrap().unwrap();
    let arms = stored.set().arms().iter();
    arms.map(|arm| (arm.hash(), arm.bps().get())).collect()
}

fn events(store: &dyn PolicyStore) -> Vec<String> {
    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    let events = trail.entries().iter().filter_map(|entry| entry.event());
    events.map(str::to_owned).collect()
}

pub(crate) fn an_arm_is_started_raised_and_promoted(fixture: &dyn Fixture) {
    let (store, other) = (fixture.open(), fixture.open());
    let started = start("canary", 2500, None);
    assert_eq!(store.roll(&started).unwrap_err(), RolloutError::NoLive);
    let live = publish(&*store, "1").hash();
    assert_eq!(store.policy_set().unwrap(), None);
    let kill = change(RolloutStep::Kill);
    assert_eq!(store.roll(&kill).unwrap_err(), RolloutError::NoSet);

    let receipt = store.roll(&started).unwrap();
    let symbols = ["SOLUSDT", "DOTUSDT"].map(|name| Symbol::new(name).unwrap());
    let mut found = receipt.symbols.clone();
    found.sort_unstable_by_key(|symbol| symbols.iter().position(|it| it == symbol));
    assert_eq!(found, symbols);
    assert_eq!(receipt.set.live(), live);
    let arm = receipt.set.arms()[0].hash();
    assert_eq!(arms_of(&*other), [(arm, 2500)]);

    let early = change(raise(arm, 5000, 3, 4));
    let refused = RolloutError::Refused(Refusal::TooFewTrades {
        closed: 3,
        required: 4,
    });
    assert_eq!(other.roll(&early).unwrap_err(), refused);
    other.roll(&change(raise(arm, 5000, 4, 4))).unwrap();
    // Each share counts its own trades.
    let early = change(raise(arm, 10_000, 5, 2));
    assert_eq!(
        store.roll(&early).unwrap_err().code(),
        "ROLLOUT_TOO_FEW_TRADES"
    );
    store.roll(&change(raise(arm, 10_000, 6, 2))).unwrap();

    let stored = store.policy_set().unwrap().unwrap();
    let terms = Rollback {
        publication: PublicationId::Hash(arm),
        valid_until: at(UNTIL),
        guardrails: &Guardrails::none(),
        operator: ada(),
        now: now(),
        signer: None,
    };
    let publication = Publication::of_arm(stored.arm(arm).unwrap(), &terms).unwrap();
    let promote = change(RolloutStep::Promote {
        arm,
        publication: Box::new(publication),
    });
    let RolloutReceipt { set, promoted, .. } = store.roll(&promote).unwrap();
    let promoted = promoted.unwrap();
    assert_eq!(other.load().unwrap(), promoted);
    assert_eq!(promoted.version(), "canary");
    assert_eq!(promoted.seq(), Some(2));
    assert_eq!((set.live(), set.arms().len()), (promoted.hash(), 0));
    assert_eq!(other.policy_set().unwrap().unwrap().set(), &set);
    assert_eq!(
        events(&*store),
        [
            "policy.published",
            "rollout.started",
            "rollout.raised",
            "rollout.raised",
            "rollout.promoted"
        ]
    );
}

pub(crate) fn a_publication_keeps_the_arms_beside_the_new_live_policy(fixture: &dyn Fixture) {
    let store = fixture.open();
    publish(&*store, "1");
    let first = store.roll(&start("canary", 2500, None)).unwrap().set;
    let live = publish(&*store, "2").hash();
    let stored = fixture.open().policy_set().unwrap().unwrap();
    assert_eq!(stored.set().live(), live);
    assert_eq!(stored.set().arms(), first.arms());
    assert_eq!(stored.set().seq(), first.seq() + 1);
    let arm = first.arms()[0].hash();
    let aborted = store.roll(&change(RolloutStep::Abort { arm })).unwrap().set;
    assert_eq!((aborted.arms().len(), aborted.live()), (0, live));
    let again = change(RolloutStep::Abort { arm });
    assert_eq!(
        store.roll(&again).unwrap_err().code(),
        "ROLLOUT_UNKNOWN_ARM"
    );
    let killed = store.roll(&change(RolloutStep::Kill)).unwrap().set;
    assert!(killed.is_killed());
    let refused = store.roll(&start("canary", 2500, None)).unwrap_err();
    assert_eq!(refused, RolloutError::Refused(Refusal::Killed));
    store.roll(&change(RolloutStep::Unkill)).unwrap();
    store.roll(&start("canary", 2500, None)).unwrap();

    // A policy that another writer has stored is not in the set, so no arm applies until the next change.
    let foreign: Vec<_> = crate::policies::with_hash(&crate::policies::policy("3", ""), Some(9));
    fixture.put(&foreign);
    let stored = store.policy_set().unwrap().unwrap();
    let policy = store.load().unwrap();
    assert!(
        stored
            .rollout(portcullis::PolicyState::present(&policy))
            .is_none()
    );
    let set = store.roll(&change(RolloutStep::Kill)).unwrap().set;
    assert_eq!(set.live(), policy.hash());
}

pub(crate) fn refused_changes_of_the_set_are_audited(fixture: &dyn Fixture) {
    let store = fixture.open();
    publish(&*store, "1");
    let refused = store.roll(&start("canary", 1, None)).unwrap_err();
    assert_eq!(refused.code(), "ROLLOUT_NO_SYMBOL");
    let refusal = RolloutRefusal {
        step: "start",
        arm: None,
        code: refused.code(),
        detail: refused.to_string(),
        operator: ada(),
        at: now(),
    };
    store.record_rollout_refusal(&refusal).unwrap();
    let trail = store.audit().unwrap();
    let last = trail.entries().last().unwrap();
    assert_eq!(last.event(), Some("rollout.refused"));
    assert_eq!(last.code(), Some("ROLLOUT_NO_SYMBOL"));
    assert_eq!(last.detail(), Some(refusal.detail.as_str()));
    assert_eq!(store.policy_set().unwrap(), None);
}

pub(crate) fn a_reader_accepts_only_signed_sets_that_are_not_older(fixture: &dyn Fixture) {
    let store = fixture.open();
    let signed = publication("1", "").with_signer(signer());
    store.publish(&signed, None).unwrap();
    let keys = TrustedKeys::from_base64([signer().public_key().as_str()]).unwrap();
    let reader = || {
        VerifyingReader::new(fixture.open(), SequenceGuard::in_memory())
            .with_trusted_keys(keys.clone())
    };
    store.roll(&start("unsigned", 2500, None)).unwrap();
    let text = || store.stored_set().unwrap().unwrap();
    let unsigned = text();
    assert_eq!(
        reader().admit_set(&unsigned),
        Err(PolicySetError::NotSigned)
    );

    let arm = store.policy_set().unwrap().unwrap().set().arms()[0].hash();
    let abort = change(RolloutStep::Abort { arm });
    let by = |change: RolloutChange| RolloutChange {
        signer: Some(signer()),
        ..change
    };
    store.roll(&by(abort)).unwrap();
    store.roll(&start("signed", 2500, Some(signer()))).unwrap();
    let first = text();
    let reader = reader();
    let accepted = reader.admit_set(&first).unwrap();
    assert_eq!(accepted, store.policy_set().unwrap().unwrap());

    // Without the key, a publication does not change the signed set.
    let current = store.current_hash().unwrap();
    store.publish(&publication("2", ""), current).unwrap();
    assert_eq!(text(), first);
    let current = store.current_hash().unwrap();
    let renewed = publication("3", "").with_signer(signer());
    store.publish(&renewed, current).unwrap();
    let second = text();
    reader.admit_set(&second).unwrap();
    assert!(matches!(
        reader.admit_set(&first),
        Err(PolicySetError::RolledBack { .. })
    ));
    for (from, to) in [
        ("\"bps\":2500", "\"bps\":9999"),
        ("\"closed_before\":0", "\"closed_before\":1"),
        ("\"kill\":false", "\"kill\":true"),
    ] {
        let edited = second.replace(from, to);
        assert_ne!(edited, second);
        assert_eq!(reader.admit_set(&edited), Err(PolicySetError::NotSigned));
    }
    for edited in [
        second.replace("\"kill\":false", "\"kill\":false,\"more\":1"),
        second.replace("signed", "other!"),
        "!".to_owned(),
        "{}".to_owned(),
    ] {
        let refusal = reader.admit_set(&edited);
        assert!(
            matches!(refusal, Err(PolicySetError::Invalid(_))),
            "{refusal:?}"
        );
    }
    // A signer does not sign a set of another signer.
    let other = PolicySigner::from_base64("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
    let arm = store.policy_set().unwrap().unwrap().set().arms()[0].hash();
    let foreign = RolloutChange {
        signer: Some(other.clone()),
        ..change(raise(arm, 5000, 0, 0))
    };
    let refused = store.roll(&foreign).unwrap_err();
    assert_eq!(refused, RolloutError::Set(PolicySetError::NotSigned));
    let current = store.current_hash().unwrap();
    store
        .publish(&publication("4", "").with_signer(other), current)
        .unwrap();
    assert_eq!(text(), second);
    let parsed = StoredSet::from_json(&second).unwrap();
    assert_eq!(parsed.to_json(), second);
}

pub(crate) fn a_feed_follows_the_set(fixture: &dyn Fixture) {
    const WITHIN: Duration = Duration::from_secs(10);
    let store = fixture.open();
    publish(&*store, "1");
    let reader = VerifyingReader::new(fixture.open(), SequenceGuard::in_memory());
    let feed = Feed::start(reader, now).unwrap();
    assert!(feed.wait_for_change(0, WITHIN));
    assert!(feed.snapshot().set().is_none());
    let (number, token) = (feed.snapshot().number(), feed.snapshot().token().clone());
    let set = store.roll(&start("canary", 2500, None)).unwrap().set;
    assert!(feed.wait_for_change(number, WITHIN));
    let snapshot = feed.snapshot();
    assert_eq!(snapshot.set().unwrap().set(), &set);
    assert!(snapshot.rollout().is_some());
    assert_ne!(snapshot.token(), &token);
    let number = snapshot.number();
    drop(snapshot);
    let live = publish(&*store, "2").hash();
    assert!(feed.wait_for_change(number, WITHIN));
    assert!(feed.wait_for_read(WITHIN));
    let snapshot = feed.snapshot();
    assert_eq!(snapshot.set().unwrap().set().live(), live);
    assert!(snapshot.rollout().is_some());
}
