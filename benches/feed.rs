//! Reads of the policy through a feed while another thread publishes to a Redis server 100 times
//! per second.
//!
//! - `bare` clones the same policy out of a lock, `RwLock<Arc<Policy>>`.
//! - `snapshot` reads the policy snapshot from the feed. `in_force` also checks that its policy is in
//!   force, as a decision does.
//!
//! The benchmark starts its own `redis-server`: `cargo bench -p portcullis-store --features redis
//! --bench feed`

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a benchmark is documented by its group names and may panic"
)]

use std::{
    hint::black_box,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant as Tick},
};

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::{guardrails::Guardrails, policy::Policy, types::Timestamp};
use portcullis_store::{
    Feed, Operator, PolicyStore, Publication, RedisStore, SequenceGuard, VerifyingReader,
};
use sample_policy::sample_policy_json;

#[path = "../tests/support/sample_policy.rs"]
mod sample_policy;
#[path = "../crates/store/tests/store/redis/server.rs"]
#[expect(
    dead_code,
    reason = "the module is shared with tests, which use more of it"
)]
mod server;

const UNTIL: &str = "1866550734";
const PUBLISH_EVERY: Duration = Duration::from_millis(10);

fn now() -> Timestamp {
    Timestamp::parse_epoch_seconds("1766547134.5").unwrap()
}

fn publish(store: &RedisStore) {
    let policy = Policy::from_json(&sample_policy_json(UNTIL)).unwrap();
    let operator = Operator::new("bench");
    let publication = Publication::new(policy, &Guardrails::none(), operator, now()).unwrap();
    let seen = store.current_hash().unwrap();
    store.publish(&publication, seen).unwrap();
}

fn feed(c: &mut Criterion) {
    let server = server::Server::with(&["--appendfsync", "no"]);
    let store = RedisStore::open(&server.url()).unwrap();
    publish(&store);
    let reader = RedisStore::open(&server.url()).unwrap();
    let feed = Feed::start(
        VerifyingReader::new(reader, SequenceGuard::in_memory()),
        now,
    )
    .unwrap();
    assert!(feed.wait_for_change(0, Duration::from_secs(10)));
    let locked = RwLock::new(Arc::new(
        Policy::from_json(&sample_policy_json(UNTIL)).unwrap(),
    ));
    let (stop, first) = (AtomicBool::new(false), feed.snapshot().number());

    thread::scope(|scope| {
        scope.spawn(|| {
            let mut next = Tick::now();
            while !stop.load(Ordering::SeqCst) {
                publish(&store);
                next += PUBLISH_EVERY;
                thread::sleep(next.saturating_duration_since(Tick::now()));
            }
        });
        let mut group = c.benchmark_group("feed");
        group.bench_function("bare", |b| {
            b.iter(|| Arc::clone(&black_box(&locked).read().unwrap()));
        });
        group.bench_function("snapshot", |b| {
            b.iter(|| black_box(&feed).snapshot().number());
        });
        group.bench_function("in_force", |b| {
            let now = now();
            b.iter(|| {
                let snapshot = black_box(&feed).snapshot();
                let policy = snapshot.policy().policy().unwrap();
                policy.in_force(black_box(now)).is_ok()
            });
        });
        group.finish();
        stop.store(true, Ordering::SeqCst);
    });
    let followed = feed.snapshot().number() - first;
    assert!(
        followed > 100,
        "the feed received only {followed} publications, expected more than 100"
    );
}

criterion_group!(benches, feed);
criterion_main!(benches);
