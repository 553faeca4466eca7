//! A sequence that goes back.

use portcullis::store::{PolicyStore as _, PublishError, Reader, SequenceGuard};

use super::super::{Fixture as _, redis, series::Series};
use crate::{
    policies::{absence, fields_of, publication},
    proxy::dice,
    tally::Tally,
};

/// An earlier publication, whole and with its hash, over a later one; the sequence goes back.
#[test]
fn an_earlier_publication_put_back() {
    let redis = redis();
    let store = redis.open();
    let series = Series::under(Tally::of(
        "sequence going back: an earlier publication, whole, over a later one",
        50,
    ));
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen.json");
    let mut published = Vec::new();
    for _ in 0..series.tally.rounds() {
        assert!(series.publish(&*store));
        published.push(fields_of(&store.load().unwrap()));
        // It remembers across restarts.
        let remember = || Reader::new(redis.open(), SequenceGuard::in_file(&seen).unwrap());
        let reader = remember();
        series.judge(series.told(), &reader.load());
        if let [earlier @ .., latest] = published.as_slice()
            && !earlier.is_empty()
        {
            let n = usize::try_from(dice()).unwrap() % earlier.len();
            redis.put(&earlier[n]);
            let again = remember();
            for reader in [&reader, &again] {
                let loaded = reader.load();
                series.judge(series.told(), &loaded);
                assert!(absence(loaded).starts_with("RolledBack"));
            }
            // A store does not publish below what it published.
            let refused = store.publish(
                &publication("x", r#""policy_seq": 1,"#),
                store.current_hash().unwrap(),
            );
            assert!(matches!(
                refused,
                Err(PublishError::SequenceNotHigher { .. })
            ));
            redis.put(latest);
        }
    }
    series.settle(&*store);
    series.tally.conclude_felt();
}
