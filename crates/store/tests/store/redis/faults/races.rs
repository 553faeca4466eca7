//! Faults: two concurrent writers, and duplicate publications.

use std::{sync::Barrier, thread};

use portcullis::guardrails::Halt;
use portcullis_store::{PolicyStore as _, PublishError, StoreError};

use super::super::{Fixture as _, redis};
use crate::{
    policies::{ada, check_conflict, now, publication},
    tally::Tally,
};

#[test]
fn exactly_one_of_two_publishers_with_the_same_expectation_wins() {
    let redis = redis();
    let tally = Tally::of("two concurrent publishers that expect the same policy", 200);
    let stores = [redis.open(), redis.open()];
    let mut seen = None;
    for round in 0..tally.rounds() {
        // In turn, the two policies have different versions, the same version, or the same version
        // and the same sequence.
        let names = match round % 3 {
            0 => ["a", "b"],
            _ => ["same", "same"],
        };
        let more = match round % 3 {
            2 => format!(r#""policy_seq": {},"#, round + 1),
            _ => String::new(),
        };
        let begin = Barrier::new(2);
        let outcomes = thread::scope(|scope| {
            let (begin, more) = (&begin, more.as_str());
            let publishers = [0, 1].map(|n| {
                let (store, version) = (&stores[n], format!("{}{round}", names[n]));
                scope.spawn(move || {
                    let publication = publication(&version, more);
                    begin.wait();
                    store.publish(&publication, seen)
                })
            });
            publishers.map(|publisher| publisher.join().unwrap())
        });
        let winners: Vec<_> = outcomes.iter().flatten().collect();
        tally.lost.add(usize::from(winners.is_empty()));
        tally.doubled.add(usize::from(winners.len() > 1));
        if let [winner] = winners.as_slice() {
            assert_eq!(winner.seq(), u64::try_from(round).unwrap() + 1);
            let loaded = stores[0].load().unwrap();
            tally.answers.add(1);
            tally.stale.add(usize::from(loaded.hash() != winner.hash()));
        }
        let now = stores[0].current_hash().unwrap();
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            tally.refusals.add(1);
            match outcome {
                // Both publications have the same sequence, and the first one has used it. The second one may get this
                // error instead of a conflict.
                Err(PublishError::SequenceNotHigher { offered, highest }) if round % 3 == 2 => {
                    assert_eq!(offered, highest);
                }
                outcome => check_conflict(outcome, seen, now),
            }
        }
        seen = now;
    }
    let history = stores[0].history(usize::MAX).unwrap();
    assert_eq!(history.len(), tally.rounds());
    let trail = stores[0].audit().unwrap();
    assert!(trail.is_whole() && trail.entries().len() == tally.rounds());
    tally.conclude_with_effect();
}

#[test]
fn a_duplicate_publication_is_rejected() {
    let redis = redis();
    let store = redis.open();
    let tally = Tally::of("the same version published twice", 50);
    let mut seen = None;
    for round in 0..tally.rounds() {
        let version = format!("v{round}");
        let (plain, numbered) = (
            publication(&version, ""),
            publication(&version, &format!(r#""policy_seq": {},"#, round + 1)),
        );
        let first = store.publish(&numbered, seen).unwrap();
        // A writer that expects the older policy gets a conflict. A writer that expects this publication gets an error
        // because the sequence is already used.
        let here = Some(first.hash());
        for again in [&plain, &numbered] {
            check_conflict(store.publish(again, seen), seen, here);
            tally.refusals.add(1);
        }
        let refused = store.publish(&numbered, here);
        assert!(matches!(
            refused,
            Err(PublishError::SequenceNotHigher { .. })
        ));
        tally.answers.add(1);
        tally
            .stale
            .add(usize::from(store.load().unwrap().hash() != first.hash()));
        // The publication is among the newest entries.
        let history = store.history(16).unwrap();
        let times = history
            .iter()
            .filter(|it| it.version() == Some(&version))
            .count();
        tally.lost.add(usize::from(times == 0));
        tally.doubled.add(usize::from(times > 1));
        seen = here;
    }
    tally.conclude_with_effect();
}

/// Publications and halts share only the audit head. A writer that loses all its attempts gets `Contended` and can
/// try again, because nothing was changed.
#[test]
fn concurrent_publications_and_halts_are_all_in_the_audit_log() {
    let redis = redis();
    let tally = Tally::of("concurrent publications and halts", 100);
    let rounds = tally.rounds();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (store, mut seen) = (redis.open(), None);
            for round in 0..rounds {
                let publication = publication(&format!("v{round}"), "");
                let published = insist(&tally, || match store.publish(&publication, seen) {
                    Err(PublishError::Store(error)) => Err(error),
                    published => Ok(published.unwrap()),
                });
                seen = Some(published.hash());
                let loaded = store.load().unwrap();
                tally.answers.add(1);
                tally.stale.add(usize::from(Some(loaded.hash()) != seen));
            }
        });
        scope.spawn(|| {
            let store = redis.open();
            for round in 0..rounds {
                insist(&tally, || match round % 2 {
                    0 => store.halt(&Halt::Everything, &ada(), now()),
                    _ => store.resume(&Halt::Everything, &ada(), now()),
                });
            }
        });
    });
    let store = redis.open();
    let trail = store.audit().unwrap();
    assert!(trail.is_whole(), "{:?}", trail.faults());
    let (published, all) = (
        store.history(usize::MAX).unwrap().len(),
        trail.entries().len(),
    );
    tally
        .lost
        .add(rounds.saturating_sub(published) + (2 * rounds).saturating_sub(all));
    tally
        .doubled
        .add(published.saturating_sub(rounds) + all.saturating_sub(2 * rounds));
    tally.conclude();
}

fn insist<T>(tally: &Tally, step: impl Fn() -> Result<T, StoreError>) -> T {
    loop {
        match step() {
            Ok(done) => return done,
            Err(StoreError::Contended { .. }) => tally.refusals.add(1),
            Err(error) => panic!("{error}"),
        }
    }
}
