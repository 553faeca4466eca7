//! Faults: a server that loses all its data.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use portcullis::{guardrails::Guardrails, policy::Policy};
use portcullis_store::{PolicyStore, Publication, SequenceGuard, VerifyingReader};

use super::super::{
    Fixture as _, redis,
    series::{Series, nth},
    server::eventually,
};
use crate::{
    policies::{absence, ada, now, with_hash},
    tally::Tally,
};

/// Publishes the n-th policy of a series with this sequence, or with the next sequence of the store.
fn publish(store: &dyn PolicyStore, n: u64, seq: Option<u64>) -> u64 {
    let policy = match seq {
        None => nth(n),
        seq => Policy::from_fields(with_hash(&nth(n), seq)).unwrap(),
    };
    let publication = Publication::new(policy, &Guardrails::none(), ada(), now()).unwrap();
    let seen = store.current_hash().unwrap();
    store.publish(&publication, seen).unwrap().seq()
}

#[test]
fn a_reader_with_a_remembered_sequence_rejects_older_policies() {
    let redis = redis();
    let store = redis.open();
    let series = Series::new(Tally::of("server flushed (FLUSHALL) during loads", 20));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                let reader = VerifyingReader::new(redis.open(), SequenceGuard::in_memory());
                let mut last = 0;
                while !done.load(Ordering::SeqCst) {
                    let loaded = reader.load();
                    series.check(0, &loaded);
                    if let Some(seq) = loaded.ok().and_then(|policy| policy.seq()) {
                        series.tally.stale.add(usize::from(seq < last));
                        last = seq;
                    }
                }
            })
        });
        let own = VerifyingReader::new(redis.open(), SequenceGuard::in_memory());
        let (mut n, mut highest) = (0, 0);
        for _ in 0..series.tally.rounds() {
            for seq in [Some(highest + 1), None, None] {
                n += 1;
                highest = publish(&*store, n, seq);
                assert_eq!(absence(own.load()), format!("a policy: v{n}"));
            }
            let (answers, refusals) = (series.tally.answers.get(), series.tally.refusals.get());
            eventually("loads by the readers", || {
                series.tally.answers.get() > answers || readers.iter().any(|it| it.is_finished())
            });
            let _: String = redis.0.query(&["FLUSHALL"]);
            assert_eq!(absence(own.load()), "NotFound");
            // The sequence of the store starts again at 1; the reader still remembers its own.
            n += 1;
            assert_eq!(publish(&*store, n, None), 1);
            assert!(store.audit().unwrap().is_whole());
            assert_eq!(
                absence(own.load()),
                format!("RolledBack {{ seen: {highest}, offered: Some(1) }}")
            );
            eventually("rejections by the readers", || {
                series.tally.refusals.get() > refusals || readers.iter().any(|it| it.is_finished())
            });
        }
        done.store(true, Ordering::SeqCst);
    });
    series.tally.conclude_with_effect();
}
