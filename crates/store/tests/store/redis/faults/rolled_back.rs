//! Faults: a lower sequence.

use portcullis_store::{PolicyStore as _, PublishError, SequenceGuard, VerifyingReader};

use super::super::{Fixture as _, redis, series::Series};
use crate::{
    policies::{absence, fields_of, publication},
    proxy::random,
    tally::Tally,
};

/// Replaces a publication by a complete earlier one with its hash and its lower sequence.
#[test]
fn an_earlier_publication_is_rejected() {
    let redis = redis();
    let store = redis.open();
    let series = Series::new(Tally::of(
        "lower sequence: a complete earlier publication over a later one",
        50,
    ));
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen.json");
    let mut published = Vec::new();
    for _ in 0..series.tally.rounds() {
        assert!(series.publish(&*store));
        published.push(fields_of(&store.load().unwrap()));
        // The sequence is remembered across restarts.
        let remember =
            || VerifyingReader::new(redis.open(), SequenceGuard::in_file(&seen).unwrap());
        let reader = remember();
        series.check(series.last_confirmed(), &reader.load());
        if let [earlier @ .., latest] = published.as_slice()
            && !earlier.is_empty()
        {
            let n = usize::try_from(random()).unwrap() % earlier.len();
            redis.put(&earlier[n]);
            let again = remember();
            for reader in [&reader, &again] {
                let loaded = reader.load();
                series.check(series.last_confirmed(), &loaded);
                assert!(absence(loaded).starts_with("RolledBack"));
            }
            // A store does not publish with a lower sequence.
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
    series.check_history(&*store);
    series.tally.conclude_with_effect();
}
