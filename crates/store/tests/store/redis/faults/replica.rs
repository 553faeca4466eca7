//! Faults: a read-only replica.

use portcullis::guardrails::Halt;
use portcullis_store::{PolicyStore as _, PublishError, RedisStore, StoreError};

use super::super::{
    series::Series,
    server::{Server, eventually},
};
use crate::{
    policies::{ada, now, publication},
    tally::Tally,
};

#[test]
fn a_replica_can_be_read_and_is_read_only() {
    let primary = Server::start();
    let store = RedisStore::open(&primary.url()).unwrap();
    let series = Series::new(Tally::of(
        "read-only replica, its link cut and restored",
        20,
    ));
    let port = primary.port().to_string();
    let replica = Server::with(&[
        "--replicaof",
        "127.0.0.1",
        &port,
        "--repl-diskless-sync-delay",
        "0",
    ]);
    let copy = RedisStore::open(&replica.url()).unwrap();
    for _ in 0..series.tally.rounds() {
        assert!(series.publish(&store));
        let latest = store.load().unwrap();
        let _: u64 = primary.query(&["CLIENT", "KILL", "TYPE", "replica"]);
        eventually("the latest policy on the replica", || {
            let loaded = copy.load();
            // The replica may be behind, but always holds one complete publication.
            series.check(0, &loaded);
            loaded.is_ok_and(|policy| policy.hash() == latest.hash())
        });
        let refused = copy
            .publish(&publication("x", ""), Some(latest.hash()))
            .unwrap_err();
        assert!(
            matches!(refused, PublishError::Store(StoreError::ReadOnly { .. })),
            "{refused}"
        );
        assert!(
            refused.to_string().contains("write to the primary"),
            "{refused}"
        );
        let halted = copy.halt(&Halt::Everything, &ada(), now()).unwrap_err();
        assert!(matches!(halted, StoreError::ReadOnly { .. }), "{halted}");
        series.tally.refusals.add(2);
        assert_eq!(store.load().unwrap().hash(), latest.hash());
    }
    series.check_history(&store);
    eventually("the complete audit log on the replica", || {
        copy.audit() == store.audit()
    });
    series.check_history(&copy);
    series.tally.conclude_with_effect();
}
