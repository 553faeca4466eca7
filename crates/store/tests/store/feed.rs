//! Tests of a feed on a store that can be made unreachable.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use portcullis::{
    decide::{Engine, SkipCode},
    exit::ExitOwnership,
    guardrails::{Guardrails, Halt},
    intent::IntentBuilder,
    policy::PolicyUnavailable,
    types::{Side, Symbol, Timestamp},
};
use portcullis_store::{
    AuditLog, Change, Commit, Feed, FieldMap, Head, MemoryStore, PolicyStore, SequenceGuard,
    StoreError, Stored, VerifyingReader,
};

use crate::policies::{ada, at, fields_of, now, policy, publish, replaced, with_hash};

/// A timeout that is much longer than any operation of these tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store in memory with a switch that makes it unreachable.
struct Switched {
    store: MemoryStore,
    is_unreachable: AtomicBool,
    /// True if the policy cannot be read, although the halts can be.
    is_policy_unreadable: AtomicBool,
    /// True if the halts cannot be read, although the policy can be.
    are_halts_unreadable: AtomicBool,
    /// The number of reads of the policy.
    reads: AtomicUsize,
}

impl Switched {
    fn check_reachable(&self, part: &AtomicBool) -> Result<(), StoreError> {
        if self.is_unreachable.load(Ordering::SeqCst) || part.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable {
                store: self.name(),
                why: "switched off".to_owned(),
            });
        }
        Ok(())
    }
}

impl PolicyStore for Switched {
    fn name(&self) -> String {
        "switched".to_owned()
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.check_reachable(&self.is_policy_unreadable)?;
        self.store.stored()
    }

    fn head(&self) -> Result<Head, StoreError> {
        self.store.head()
    }

    fn history_records(&self, newest: usize) -> Result<Vec<FieldMap>, StoreError> {
        self.store.history_records(newest)
    }

    fn audit_log(&self) -> Result<AuditLog, StoreError> {
        self.store.audit_log()
    }

    fn halts(&self) -> Result<Halt, StoreError> {
        self.check_reachable(&self.are_halts_unreadable)?;
        self.store.halts()
    }

    fn commit(&self, change: &Change) -> Result<Commit, StoreError> {
        self.store.commit(change)
    }
}

/// A store, a clock that the test sets, and a feed that uses both.
struct Bench {
    store: Arc<Switched>,
    clock: Arc<AtomicI64>,
    feed: Feed,
}

impl Bench {
    fn new(is_unreachable: bool) -> Self {
        Self::with(is_unreachable, SequenceGuard::in_memory())
    }

    fn with(is_unreachable: bool, guard: SequenceGuard) -> Self {
        let store = Arc::new(Switched {
            store: MemoryStore::new(),
            is_unreachable: AtomicBool::new(is_unreachable),
            is_policy_unreadable: AtomicBool::new(false),
            are_halts_unreadable: AtomicBool::new(false),
            reads: AtomicUsize::new(0),
        });
        let clock = Arc::new(AtomicI64::new(now().as_micros()));
        let hand = Arc::clone(&clock);
        let reader = VerifyingReader::new(Arc::clone(&store), guard);
        let time = move || Timestamp::from_micros(hand.load(Ordering::SeqCst)).unwrap();
        let feed = Feed::start(reader, time).unwrap();
        Self { store, clock, feed }
    }

    fn put(&self, fields: Vec<(String, String)>) {
        self.store.store.put(Stored::Fields(fields));
    }

    /// Waits until the condition holds, and panics after a timeout.
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..1000 {
            if holds(self) {
                return;
            }
            let _ = self
                .feed
                .wait_for_change(self.feed.snapshot().number(), Duration::from_millis(20));
        }
        panic!("timed out waiting for {what}; {:?}", self.feed);
    }

    fn until_version(&self, version: &str) {
        self.until(version, |bench| bench.version() == Ok(version.to_owned()));
    }

    /// Returns the version of the active policy, or the code of the reason why there is none.
    fn version(&self) -> Result<String, &'static str> {
        let snapshot = self.feed.snapshot();
        let policy = snapshot.policy().policy();
        policy
            .map(|policy| policy.version().to_owned())
            .map_err(|reason| SkipCode::from(reason).code())
    }

    /// Waits until the feed has started and completed another read.
    fn wait_for_another_read(&self) {
        let next = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        self.until("another read", |bench| {
            bench.feed.health().last_good_read().unwrap().as_micros() >= next
        });
    }
}

/// Returns the skip reason of an entry under the current snapshot.
fn reason(feed: &Feed, at: Timestamp) -> Option<SkipCode> {
    let snapshot = feed.snapshot();
    let ownership = ExitOwnership::new("exit_service").unwrap();
    let engine = Engine::new(Guardrails::none(), ownership).with_halt(snapshot.halt());
    let intent = IntentBuilder::new("BTCUSDT").with_side(Side::Buy);
    let intent = intent
        .with_emitted_at(at)
        .with_notional_usd(100.0)
        .with_leverage(1.0);
    engine
        .decide(snapshot.policy(), &intent.build(), at)
        .reason()
}

#[test]
fn before_the_store_has_answered_nothing_is_traded() {
    let bench = Bench::new(true);
    bench.until("an attempt", |bench| bench.feed.health().error().is_some());
    assert_eq!(bench.version(), Err("POLICY_STORE_UNAVAILABLE"));
    assert_eq!(
        reason(&bench.feed, now()),
        Some(SkipCode::PolicyStoreUnavailable)
    );
    assert_eq!(bench.feed.snapshot().number(), 0);
    assert!(!bench.feed.health().is_connected());
    assert_eq!(bench.feed.health().last_good_read(), None);
    assert!(!bench.feed.wait_for_change(0, Duration::ZERO));

    publish(&bench.store.store, "1");
    bench.store.is_unreachable.store(false, Ordering::SeqCst);
    bench.until_version("1");
    assert_eq!(bench.feed.snapshot().halt(), &Halt::Nothing);
    assert!(bench.feed.health().is_connected());
    assert_eq!(bench.feed.health().error(), None);
    assert_eq!(reason(&bench.feed, now()), None);
}

#[test]
fn publications_halts_and_withdrawals_arrive() {
    let bench = Bench::new(false);
    assert!(bench.feed.wait_for_change(0, PATIENCE));
    assert_eq!(bench.version(), Err("POLICY_MISSING"));
    for version in ["1", "2", "3"] {
        publish(&bench.store.store, version);
        bench.until_version(version);
    }
    let bitcoin = Symbol::new("BTCUSDT").unwrap();
    let halt = Halt::Symbols([bitcoin].into());
    let store = &bench.store.store;
    store.halt(&halt, &ada(), now()).unwrap();
    bench.until("a halt", |bench| bench.feed.snapshot().halt() == &halt);
    assert_eq!(reason(&bench.feed, now()), Some(SkipCode::TradingHalted));
    store.resume(&halt, &ada(), now()).unwrap();
    bench.until("no halt", |bench| {
        bench.feed.snapshot().halt() == &Halt::Nothing
    });
    store.put(Stored::Nothing);
    bench.until("a withdrawal", |bench| {
        bench.version() == Err("POLICY_MISSING")
    });
    assert_eq!(reason(&bench.feed, now()), Some(SkipCode::PolicyMissing));
}

#[test]
fn a_rejected_policy_neither_replaces_nor_extends_a_policy_in_force() {
    let good = policy("good", "");
    let end = good.valid_until();
    let torn = replaced(&fields_of(&good), "leverage_by_symbol", None);
    let extended = replaced(
        &with_hash(&good, None),
        "valid_until_epoch",
        Some("1999999999"),
    );
    for (bad, code) in [
        (torn, "POLICY_MISSING_FIELD"),
        (extended, "POLICY_HASH_MISMATCH"),
    ] {
        let bench = Bench::new(false);
        bench.put(with_hash(&good, None));
        bench.until_version("good");
        bench.put(bad);
        bench.until("a rejection", |bench| {
            let health = bench.feed.health();
            health.refused().map(|reason| SkipCode::from(reason).code()) == Some(code)
        });
        bench.wait_for_another_read();
        assert_eq!(bench.version(), Ok("good".to_owned()));
        assert_eq!(
            bench
                .feed
                .snapshot()
                .policy()
                .policy()
                .unwrap()
                .valid_until(),
            end
        );

        bench.clock.store(end.as_micros(), Ordering::SeqCst);
        bench.wait_for_another_read();
        bench.until("the rejection as the reason", |bench| {
            bench.version() == Err(code)
        });
        bench.put(with_hash(&policy("better", ""), None));
        bench.until_version("better");
        assert_eq!(bench.feed.health().refused(), None);
    }
}

#[test]
fn a_withdrawal_does_not_reset_the_sequence() {
    let bench = Bench::new(false);
    bench.put(with_hash(&policy("third", ""), Some(3)));
    bench.until_version("third");
    bench.put(with_hash(&policy("second", ""), Some(2)));
    bench.until("a rejection", |bench| {
        bench.feed.health().refused().is_some()
    });
    bench.wait_for_another_read();
    assert_eq!(bench.version(), Ok("third".to_owned()));

    bench.store.store.put(Stored::Nothing);
    bench.until("a withdrawal", |bench| {
        bench.version() == Err("POLICY_MISSING")
    });
    bench.put(with_hash(&policy("second", ""), Some(2)));
    bench.until("a rejection", |bench| {
        bench.version() == Err("POLICY_ROLLED_BACK")
    });
    bench.put(with_hash(&policy("fourth", ""), Some(4)));
    bench.until_version("fourth");
}

#[test]
fn the_policy_of_an_unreachable_store_stays_active_until_it_expires() {
    let bench = Bench::new(false);
    publish(&bench.store.store, "1");
    bench.until_version("1");
    bench.store.is_unreachable.store(true, Ordering::SeqCst);
    bench.until("a lost connection", |bench| {
        !bench.feed.health().is_connected()
    });
    publish(&bench.store.store, "2");

    let end = bench
        .feed
        .snapshot()
        .policy()
        .policy()
        .unwrap()
        .valid_until();
    assert_eq!(reason(&bench.feed, end), None);
    let later = Timestamp::from_micros(end.as_micros() + 1).unwrap();
    assert_eq!(reason(&bench.feed, later), Some(SkipCode::PolicyStale));
    assert_eq!(bench.version(), Ok("1".to_owned()));

    bench.store.is_unreachable.store(false, Ordering::SeqCst);
    bench.until_version("2");
    assert!(bench.feed.health().is_connected());
}

#[test]
fn the_snapshot_number_grows_by_one_per_change() {
    let bench = Bench::new(false);
    assert!(bench.feed.wait_for_change(0, PATIENCE));
    let first = bench.feed.snapshot().number();
    for _ in 0..3 {
        bench.wait_for_another_read();
    }
    assert_eq!(bench.feed.snapshot().number(), first);
    assert!(!bench.feed.wait_for_change(first, Duration::from_millis(1)));
    assert!(!bench.feed.wait_for_change(first + 1, Duration::ZERO));
    let debug = format!("{:?}", bench.feed);
    assert!(debug.contains("snapshot: PolicySnapshot"), "{debug}");
    assert!(debug.contains(&format!("number: {first}")), "{debug}");
    let debug = format!("{:?}", bench.feed.snapshot());
    assert!(debug.starts_with("PolicySnapshot") && debug.contains(&format!("number: {first}")));
    bench.put(with_hash(&policy("1", ""), None));
    bench.until_version("1");
    assert_eq!(bench.feed.snapshot().number(), first + 1);
}

#[test]
fn a_feed_pauses_between_reads_even_if_they_fail() {
    for is_unreachable in [false, true] {
        let bench = Bench::new(is_unreachable);
        let reads = || bench.store.reads.load(Ordering::SeqCst);
        bench.until("a read", |_| reads() > 0);
        let before = reads();
        thread::sleep(Duration::from_millis(300));
        // The feed reads once per 200 ms, or after a backoff that starts at 25 ms. Without a pause
        // there would be thousands of reads.
        let looks = reads() - before;
        assert!(looks < 20, "{looks} reads in 300 ms");
    }
}

#[test]
fn an_async_task_can_wait_for_a_change() {
    let bench = Bench::new(false);
    pollster::block_on(bench.feed.changed_after(0));
    let seen = bench.feed.snapshot().number();
    bench.put(with_hash(&policy("1", ""), None));
    pollster::block_on(bench.feed.changed_after(seen));
    assert_eq!(bench.version(), Ok("1".to_owned()));
}

#[test]
fn a_stopped_or_dropped_feed_drops_its_store() {
    let bench = Bench::new(false);
    bench.until("an answer", |bench| bench.feed.snapshot().number() > 0);
    let store = Arc::downgrade(&bench.store);
    drop(bench.store);
    bench.feed.stop();
    assert!(store.upgrade().is_none());

    let bench = Bench::new(true);
    let store = Arc::downgrade(&bench.store);
    drop(bench);
    for _ in 0..1000 {
        if store.upgrade().is_none() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the thread of a dropped feed still runs");
}

#[test]
fn the_reasons_of_a_feed_and_of_a_decision_have_the_same_codes() {
    let refused = portcullis::policy::Policy::from_json("{}").unwrap_err();
    for absence in [
        PolicyUnavailable::NotFound,
        PolicyUnavailable::HashUnknown(policy("1", "").hash()),
        PolicyUnavailable::Invalid(refused),
        PolicyUnavailable::SignatureInvalid,
        PolicyUnavailable::RolledBack {
            seen: 2,
            offered: Some(1),
        },
        PolicyUnavailable::StoreUnavailable,
        PolicyUnavailable::SequenceNotRecorded {
            why: "a reason".to_owned(),
        },
        PolicyUnavailable::WrittenByOther {
            publication: 2,
            is_released: false,
            refusal: Box::new(PolicyUnavailable::SignatureInvalid),
        },
    ] {
        let ownership = ExitOwnership::new("exit_service").unwrap();
        let engine = Engine::new(Guardrails::none(), ownership);
        let intent = IntentBuilder::new("BTCUSDT")
            .with_side(Side::Buy)
            .with_emitted_at(at("1767225600"))
            .build();
        let state = portcullis::policy::PolicyState::unavailable(&absence);
        let reason = engine.decide(state, &intent, at("1767225600")).reason();
        assert_eq!(reason, Some(SkipCode::from(&absence)));
    }
}

#[test]
fn a_rejected_policy_changes_only_the_token() {
    let bench = Bench::new(false);
    bench.put(with_hash(&policy("1", ""), None));
    bench.until("a policy", |bench| {
        bench.feed.snapshot().policy().policy().is_ok()
    });
    let (number, token) = {
        let snapshot = bench.feed.snapshot();
        (snapshot.number(), snapshot.token().clone())
    };
    assert_eq!(token, *bench.store.content().unwrap().token());
    let mut forged = with_hash(&policy("1", ""), None);
    for (name, value) in &mut forged {
        if name == "policy_version" {
            "2".clone_into(value);
        }
    }
    bench.put(forged);
    assert!(bench.feed.wait_for_read(PATIENCE));
    let snapshot = bench.feed.snapshot();
    assert_eq!(snapshot.number(), number);
    assert_eq!(snapshot.policy().policy().map(|it| it.version()), Ok("1"));
    assert_ne!(*snapshot.token(), token);
    assert_eq!(*snapshot.token(), *bench.store.content().unwrap().token());
    assert!(bench.feed.health().refused().is_some());
}

#[test]
fn a_wait_for_a_read_ends_with_a_read_that_began_later() {
    let bench = Bench::new(true);
    assert!(!bench.feed.wait_for_read(Duration::from_millis(300)));
    bench.store.is_unreachable.store(false, Ordering::SeqCst);
    assert!(bench.feed.wait_for_read(PATIENCE));
    for version in ["1", "2", "3"] {
        bench.put(with_hash(&policy(version, ""), None));
        assert!(bench.feed.wait_for_read(PATIENCE));
        let snapshot = bench.feed.snapshot();
        assert_eq!(
            snapshot.policy().policy().map(|it| it.version()),
            Ok(version)
        );
        assert_eq!(*snapshot.token(), *bench.store.content().unwrap().token());
    }
}

#[test]
fn the_policy_and_the_halts_are_read_independently() {
    let bench = Bench::new(true);
    let set = |part: &AtomicBool, value| part.store(value, Ordering::SeqCst);
    let switched = Arc::clone(&bench.store);
    set(&switched.are_halts_unreadable, true);
    set(&switched.is_unreachable, false);
    publish(&switched.store, "1");
    bench.until_version("1");
    // It is not known yet whether entries are halted.
    assert_eq!(bench.feed.snapshot().halt(), &Halt::Everything);
    assert!(!bench.feed.health().is_connected());
    assert!(!bench.feed.wait_for_read(Duration::from_millis(300)));
    set(&switched.are_halts_unreadable, false);
    let has_halt = |halt: &Halt| *bench.feed.snapshot().halt() == *halt;
    bench.until("no halt", |_| has_halt(&Halt::Nothing));

    set(&switched.is_policy_unreadable, true);
    bench.until("an error", |bench| bench.feed.health().error().is_some());
    publish(&switched.store, "2");
    switched
        .store
        .halt(&Halt::Everything, &ada(), now())
        .unwrap();
    bench.until("a halt", |_| has_halt(&Halt::Everything));
    assert_eq!(bench.version(), Ok("1".to_owned()));
    set(&switched.is_policy_unreadable, false);
    bench.until_version("2");

    // The last halts stay in effect while they cannot be read.
    set(&switched.are_halts_unreadable, true);
    switched
        .store
        .resume(&Halt::Everything, &ada(), now())
        .unwrap();
    publish(&switched.store, "3");
    bench.until_version("3");
    assert!(has_halt(&Halt::Everything));
    set(&switched.are_halts_unreadable, false);
    bench.until("no halt", |_| has_halt(&Halt::Nothing));
    assert!(bench.feed.wait_for_read(PATIENCE));
    assert!(bench.feed.health().is_connected());
}

#[test]
fn entries_stop_if_the_sequence_cannot_be_recorded_and_halts_still_arrive() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("seen.json");
    let bench = Bench::with(false, SequenceGuard::in_file(&path).unwrap());
    let store = &bench.store.store;
    publish(store, "1");
    bench.until_version("1");
    let blocked = directory.path().join("seen.json.new");
    std::fs::create_dir(&blocked).unwrap();
    publish(store, "2");
    bench.until("a refusal", |bench| bench.version().is_err());
    assert_eq!(
        reason(&bench.feed, now()),
        Some(SkipCode::PolicyStoreUnavailable)
    );
    let refused = bench.feed.health().refused().unwrap().to_string();
    assert!(
        refused.contains("seen.json") && refused.contains("os error"),
        "{refused}"
    );
    assert!(bench.feed.health().is_connected());
    store.halt(&Halt::Everything, &ada(), now()).unwrap();
    bench.until("a halt", |bench| {
        *bench.feed.snapshot().halt() == Halt::Everything
    });
    store.resume(&Halt::Everything, &ada(), now()).unwrap();
    std::fs::remove_dir(&blocked).unwrap();
    bench.until_version("2");
    bench.until("no refusal", |bench| reason(&bench.feed, now()).is_none());
}
