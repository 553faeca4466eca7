//! Faults: keys of the wrong type.

use portcullis_store::{PolicyStore as _, PublishError, StoreError};

use super::super::{Fixture as _, POLICY, keys, redis, series::Series};
use crate::{
    policies::{absence, publication},
    tally::Tally,
};

#[test]
fn keys_of_another_type_are_unreadable_and_not_overwritten() {
    let redis = redis();
    let (store, server) = (redis.open(), &redis.0);
    let series = Series::new(Tally::of(
        "key of the wrong type: each of five keys with each type",
        1,
    ));
    let _: String = server.query(&["SET", POLICY, "{}"]);
    assert_eq!(
        store.load().unwrap_err().to_string(),
        "`quantum:policy:current` is `a key of another type`, but must be a hash; publish a valid policy, or roll back"
    );
    let _: u64 = server.query(&["DEL", POLICY]);
    let kinds: [&[&str]; 6] = [
        &["SET", "x"],
        &["RPUSH", "x"],
        &["SADD", "x"],
        &["ZADD", "1", "x"],
        &["HSET", "x", "y"],
        &["XADD", "*", "x", "y"],
    ];
    let keys = [
        (POLICY, "hash"),
        (keys::HISTORY, "stream"),
        (keys::UPDATES, "stream"),
        (keys::AUDIT, "stream"),
        (keys::HEAD, "hash"),
    ];
    for _ in 0..series.tally.rounds() {
        for (key, bound) in keys {
            for kind in kinds {
                let (command, values) = kind.split_first().unwrap();
                let _: redis::Value = server.query(&[&[*command, key], values].concat());
                let found: String = server.query(&["TYPE", key]);
                if found != bound {
                    if key == POLICY {
                        let loaded = series.load(&*store);
                        assert_eq!(absence(loaded), "POLICY_PARSE_ERROR");
                    }
                    let refused = store.publish(&publication("x", ""), None).unwrap_err();
                    assert!(
                        matches!(refused, PublishError::Store(StoreError::Foreign { .. })),
                        "{refused}"
                    );
                    assert!(refused.to_string().contains(key), "{refused}");
                    series.tally.refusals.add(1);
                    // Nothing was written.
                    let keys: Vec<String> = server.query(&["KEYS", "*"]);
                    assert_eq!(keys, [key]);
                    let kept: String = server.query(&["TYPE", key]);
                    assert_eq!(kept, found);
                }
                let _: u64 = server.query(&["DEL", key]);
            }
        }
    }
    assert!(series.publish(&*store));
    series.load(&*store).unwrap();
    series.check_history(&*store);

    let _: u64 = redis::cmd("HSET")
        .arg(POLICY)
        .arg("x")
        .arg(b"\xff")
        .query(&mut server.client())
        .unwrap();
    assert_eq!(absence(series.load(&*store)), "POLICY_PARSE_ERROR");
    series.tally.conclude_with_effect();
}
