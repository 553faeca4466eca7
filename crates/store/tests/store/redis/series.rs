//! A numbered series of publications, and checks of what readers load.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use portcullis::{
    guardrails::Guardrails,
    policy::Policy,
    types::{SignedDuration, Timestamp},
};
use portcullis_store::{LoadError, PolicyStore, Publication, PublishError, RedisStore, StoreError};

use super::followed::Followed;
use super::server::eventually;
use crate::{
    policies::{ada, at, now, policy_until},
    proxy::random,
    tally::Tally,
};

/// Returns the n-th policy of a series. Each policy expires one second after the previous one, and every second policy
/// has more fields.
pub(crate) fn nth(n: u64) -> Policy {
    let end = format!("{}.062733", 1_766_550_734 + n);
    let more = match n % 2 {
        0 => "",
        _ => r#""limits": {"max_leverage": 15}, "generator": "of odd ones","#,
    };
    policy_until(&end, &format!("v{n}"), more)
}

pub(crate) fn number_of(policy: &Policy) -> u64 {
    policy.version().trim_start_matches('v').parse().unwrap()
}

/// Returns the expiry of the n-th policy.
pub(crate) fn end_of(n: u64) -> Timestamp {
    at(&format!("{}.062733", 1_766_550_734 + n))
}

/// A series from one writer, with the outcome of each publication. Each number is published at most once.
pub(crate) struct Series {
    pub(crate) tally: Tally,
    next: AtomicU64,
    /// The last publication that was reported as successful.
    last_confirmed: AtomicU64,
    outcomes: Mutex<BTreeMap<u64, Outcome>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Happened,
    NotHappened,
    Unknown,
}

impl Series {
    pub(crate) fn new(tally: Tally) -> Self {
        Self {
            tally,
            next: AtomicU64::new(1),
            last_confirmed: AtomicU64::new(0),
            outcomes: Mutex::new(BTreeMap::new()),
        }
    }

    pub(crate) fn last_confirmed(&self) -> u64 {
        self.last_confirmed.load(Ordering::SeqCst)
    }

    /// Publishes the next policy over the current content. Returns true if it was reported as successful.
    pub(crate) fn publish(&self, store: &dyn PolicyStore) -> bool {
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        let publication = Publication::new(nth(n), &Guardrails::none(), ada(), now()).unwrap();
        let published = store
            .current_hash()
            .map_err(PublishError::Store)
            .and_then(|seen| store.publish(&publication, seen));
        let outcome = match published {
            Ok(receipt) => {
                assert_eq!(receipt.policy().version(), format!("v{n}"));
                self.last_confirmed.store(n, Ordering::SeqCst);
                Outcome::Happened
            }
            Err(PublishError::Store(StoreError::OutcomeUnknown { .. })) => Outcome::Unknown,
            Err(PublishError::Store(
                StoreError::Unavailable { .. } | StoreError::ReadOnly { .. },
            )) => Outcome::NotHappened,
            Err(PublishError::Conflict { .. }) if self.may_a_lost_one_be_applied() => {
                Outcome::NotHappened
            }
            Err(error) => panic!("{error}"),
        };
        self.outcomes.lock().unwrap().insert(n, outcome);
        if outcome != Outcome::Happened {
            self.tally.refusals.add(1);
        }
        outcome == Outcome::Happened
    }

    /// Returns true if an earlier publication with a lost answer could have been applied between
    /// the read and the write of this publication.
    fn may_a_lost_one_be_applied(&self) -> bool {
        let outcomes = self.outcomes.lock().unwrap();
        outcomes
            .values()
            .any(|outcome| *outcome == Outcome::Unknown)
    }

    /// Loads once and checks the result.
    pub(crate) fn load(&self, store: &dyn PolicyStore) -> Result<Policy, LoadError> {
        let floor = self.last_confirmed();
        let loaded = store.load();
        self.check(floor, &loaded);
        loaded
    }

    /// Counts an error, or checks a policy with [`Self::check_policy`].
    pub(crate) fn check(&self, floor: u64, loaded: &Result<Policy, LoadError>) {
        match loaded {
            Ok(policy) => self.check_policy(floor, policy),
            Err(_) => self.tally.refusals.add(1),
        }
    }

    /// Checks a loaded policy. It must have exactly the fields of its number in the series, must
    /// not be older than publication `floor` (the last one confirmed before the load), and must not
    /// be in force one microsecond after its expiry.
    pub(crate) fn check_policy(&self, floor: u64, policy: &Policy) {
        self.tally.answers.add(1);
        let n = number_of(policy);
        let mut fields = policy.fields().clone();
        fields.remove("policy_seq");
        fields.remove("policy_hash");
        let is_whole = fields == *nth(n).fields();
        self.tally.partial.add(usize::from(!is_whole));
        let after = end_of(n).saturating_add(SignedDuration::from_micros(1));
        let is_stale = n < floor || policy.in_force(after).is_ok();
        self.tally.stale.add(usize::from(is_stale));
    }

    /// Compares the reported outcomes with the history of the store.
    pub(crate) fn check_history(&self, store: &dyn PolicyStore) {
        let history = store.history(usize::MAX).unwrap();
        let mut times: BTreeMap<u64, usize> = BTreeMap::new();
        for entry in &history {
            let n = entry.version().unwrap().trim_start_matches('v');
            *times.entry(n.parse().unwrap()).or_default() += 1;
        }
        for (n, outcome) in &*self.outcomes.lock().unwrap() {
            let times = times.remove(n).unwrap_or(0);
            let most = usize::from(*outcome != Outcome::NotHappened);
            let is_lost = *outcome == Outcome::Happened && times == 0;
            self.tally.lost.add(usize::from(is_lost));
            self.tally.doubled.add(usize::from(times > most));
        }
        assert!(
            times.is_empty(),
            "the history has unknown publications: {times:?}"
        );
        assert_eq!(
            store.current_hash().unwrap(),
            history.first().and_then(|newest| newest.hash())
        );
        let trail = store.audit().unwrap();
        assert!(trail.is_whole(), "{:?}", trail.faults());
        assert_eq!(trail.entries().len(), history.len());
    }

    /// Runs a publisher, two readers and a feed, and injects a fault in each round. Before each fault and after the
    /// last one, waits until publications and loads succeed.
    pub(crate) fn run_with_faults(&self, url: &str, mut fault: impl FnMut(usize)) {
        let is_done = AtomicBool::new(false);
        let work = |step: &(dyn Fn(&dyn PolicyStore) -> bool + Sync)| {
            let store = RedisStore::open(url).unwrap();
            while !is_done.load(Ordering::SeqCst) {
                if !step(&store) {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        };
        let publish = |store: &dyn PolicyStore| self.publish(store);
        let load = |store: &dyn PolicyStore| self.load(store).is_ok();
        let feed = Followed::start(url);
        thread::scope(|scope| {
            let _end = End(&is_done);
            let workers = [
                scope.spawn(|| work(&publish)),
                scope.spawn(|| work(&load)),
                scope.spawn(|| work(&load)),
                scope.spawn(|| feed.watch(self, &is_done)),
            ];
            for round in 0..=self.tally.rounds() {
                let (confirmed, answers) = (self.last_confirmed(), self.tally.answers.get());
                eventually("successful publications and loads", || {
                    let goes_on = self.last_confirmed() >= confirmed + 3
                        && self.tally.answers.get() >= answers + 3;
                    goes_on || workers.iter().any(|worker| worker.is_finished())
                });
                if round < self.tally.rounds() {
                    thread::sleep(Duration::from_micros(random() % 5_000));
                    fault(round);
                }
            }
        });
        feed.await_number(self.last_confirmed());
    }
}

/// Stops the workers on drop, even if the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Partial, stale, lost and duplicate policies are counted.
#[test]
fn a_series_counts_partial_stale_lost_and_duplicate_policies() {
    use portcullis_store::MemoryStore;

    let series = Series::new(Tally::of("", 1));
    let store = MemoryStore::new();
    for n in 1..=3 {
        assert!(series.publish(&store));
        assert_eq!(series.load(&store).unwrap().version(), format!("v{n}"));
    }
    series.check_history(&store);
    let counts = |series: &Series| {
        let tally = &series.tally;
        [&tally.partial, &tally.stale, &tally.lost, &tally.doubled].map(crate::tally::Count::get)
    };
    assert_eq!(counts(&series), [0; 4]);

    series.check(3, &Ok(nth(2)));
    assert_eq!(counts(&series), [0, 1, 0, 0]);
    let extended = policy_until("1866550734", "v4", "");
    series.check(3, &Ok(extended));
    assert_eq!(counts(&series), [1, 2, 0, 0]);
    let without_its_limits = policy_until("1766550739.062733", "v5", "");
    series.check(3, &Ok(without_its_limits));
    assert_eq!(counts(&series), [2, 2, 0, 0]);

    let counts_of = |outcomes: &[(u64, Outcome)]| {
        let series = Series::new(Tally::of("", 1));
        *series.outcomes.lock().unwrap() = outcomes.iter().copied().collect();
        series.check_history(&store);
        counts(&series)
    };
    use Outcome::{Happened, NotHappened, Unknown};
    assert_eq!(
        counts_of(&[(1, Happened), (2, Happened), (3, Unknown), (4, Happened)]),
        [0, 0, 1, 0]
    );
    assert_eq!(
        counts_of(&[(1, Happened), (2, NotHappened), (3, Happened), (4, Unknown)]),
        [0, 0, 0, 1]
    );
}
