//! A linearizability check of concurrent publications and loads.
//!
//! Several writers and readers record the start, the end and the result of each operation by one
//! monotonic clock. The history of the store defines the order of the publications, and each
//! operation has a place in this order. A publication has its own place; a load or a conflict has
//! the place of the publication that it saw. Such a history is linearizable exactly if each
//! publication saw its predecessor, and no operation began after the end of an operation with a
//! later place.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use portcullis::{policy::PolicyUnavailable, types::PolicyHash};
use portcullis_store::{LoadError, PolicyStore, PublishError, StoreError};

use crate::{contract::Fixture, policies::publication, tally::Tally};

/// One operation and its result.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    begun: u64,
    /// The end; `None` if there was no answer, because the operation may then take effect at any
    /// later time.
    ended: Option<u64>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// A load that returned this publication, or no policy.
    Saw(Option<PolicyHash>),
    /// A conflict, because the stored publication was not the expected one.
    Conflict {
        expected: Option<PolicyHash>,
        found: Option<PolicyHash>,
    },
    Published {
        version: String,
        expected: Option<PolicyHash>,
        hash: PolicyHash,
    },
    /// A publication without an answer, which may or may not have been applied.
    Unknown {
        version: String,
        expected: Option<PolicyHash>,
    },
}

/// One publication in the history of the store.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    seq: u64,
    hash: PolicyHash,
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A sequence is not higher than the previous one.
    Sequence,
    /// An operation saw a policy that no writer published.
    Foreign,
    /// A publication that was reported as successful is not in the history.
    Lost,
    /// A publication in the history was made by no operation, or by two operations.
    NotOne,
    /// A publication replaced a policy other than the one that its writer expected.
    Unseen,
    /// A conflict was reported although the expected policy was stored.
    NoConflict,
    /// A publication was seen before it began, or after a later one had been seen or published.
    Order,
}

/// Returns the faults of a history; empty if it is linearizable.
fn faults(links: &[Link], operations: &[Operation]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let rises = |pair: &[Link]| pair[0].seq < pair[1].seq && pair[0].hash != pair[1].hash;
    if !links.windows(2).all(rises) {
        faults.push(Fault::Sequence);
    }
    let places: BTreeMap<_, _> = links
        .iter()
        .map(|link| link.hash.to_string())
        .zip(1..)
        .collect();
    let place = |hash: Option<PolicyHash>| match hash {
        None => Some(0),
        Some(hash) => places.get(&hash.to_string()).copied(),
    };
    // Each operation with its place, and true if the operation made the publication at that place.
    let mut placed: Vec<(&Operation, usize, bool)> = Vec::new();
    let mut makers = vec![0; links.len()];
    for operation in operations {
        match &operation.what {
            What::Saw(hash) => match place(*hash) {
                Some(place) => placed.push((operation, place, false)),
                None => faults.push(Fault::Foreign),
            },
            What::Conflict { expected, found } => {
                if expected == found {
                    faults.push(Fault::NoConflict);
                }
                match place(*found) {
                    Some(place) => placed.push((operation, place, false)),
                    None => faults.push(Fault::Foreign),
                }
            }
            What::Published {
                version, expected, ..
            }
            | What::Unknown { version, expected } => {
                let reported = match operation.what {
                    What::Published { hash, .. } => Some(hash),
                    What::Saw(_) | What::Conflict { .. } | What::Unknown { .. } => None,
                };
                let is_it = |link: &Link| {
                    link.version == *version && reported.is_none_or(|hash| hash == link.hash)
                };
                match links.iter().position(is_it) {
                    Some(before) => {
                        makers[before] += 1;
                        if place(*expected) != Some(before) {
                            faults.push(Fault::Unseen);
                        }
                        placed.push((operation, before + 1, true));
                    }
                    None if reported.is_some() => faults.push(Fault::Lost),
                    None => {}
                }
            }
        }
    }
    faults.extend(
        makers
            .iter()
            .filter(|makers| **makers != 1)
            .map(|_| Fault::NotOne),
    );

    // For each end, the latest place of all operations that had ended by then.
    let mut ends: Vec<(u64, usize)> = placed
        .iter()
        .filter_map(|(operation, place, _)| Some((operation.ended?, *place)))
        .collect();
    ends.sort_unstable();
    let mut latest = 0;
    for (_, place) in &mut ends {
        latest = latest.max(*place);
        *place = latest;
    }
    for (operation, place, makes) in &placed {
        let before = ends.partition_point(|(ended, _)| *ended < operation.begun);
        let latest = before.checked_sub(1).map_or(0, |last| ends[last].1);
        // A publication may begin at the place of its predecessor; a load may not be earlier than `latest`.
        if latest > place - usize::from(*makes) {
            faults.push(Fault::Order);
        }
    }
    faults
}

/// Runs writers and readers on one store until each writer has published `tally.rounds()` times.
pub(crate) fn record(
    tally: &Tally,
    open: &(dyn Fn() -> Box<dyn PolicyStore> + Sync),
) -> Vec<Operation> {
    const WRITERS: usize = 3;
    let start = Instant::now();
    let clock = || u64::try_from(start.elapsed().as_nanos()).unwrap();
    let operations = Mutex::new(Vec::new());
    let note = |begun: u64, has_ended: bool, what: What| {
        let ended = has_ended.then(clock);
        operations
            .lock()
            .unwrap()
            .push(Operation { begun, ended, what });
    };
    let look = |store: &dyn PolicyStore| -> Result<Option<PolicyHash>, StoreError> {
        let begun = clock();
        let seen = match store.load() {
            Ok(policy) => {
                tally.answers.add(1);
                Some(policy.hash())
            }
            Err(LoadError::Absent(PolicyUnavailable::NotFound)) => None,
            Err(LoadError::Store(error)) => {
                tally.refusals.add(1);
                return Err(error);
            }
            Err(error) => panic!("{error}"),
        };
        note(begun, true, What::Saw(seen));
        Ok(seen)
    };
    let publish = |store: &dyn PolicyStore, version: String, expected| {
        let offered = publication(&version, "");
        let begun = clock();
        let published = store.publish(&offered, expected);
        if published.is_err() {
            tally.refusals.add(1);
        }
        let what = match published {
            Ok(receipt) => What::Published {
                version,
                expected,
                hash: receipt.hash(),
            },
            Err(PublishError::Conflict { expected, found }) => What::Conflict { expected, found },
            Err(PublishError::Store(StoreError::OutcomeUnknown { .. })) => {
                note(begun, false, What::Unknown { version, expected });
                return false;
            }
            Err(PublishError::Store(_)) => return false,
            Err(error) => panic!("{error}"),
        };
        let is_done = matches!(what, What::Published { .. });
        note(begun, true, what);
        is_done
    };
    let writing = AtomicUsize::new(WRITERS);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (writing, look, publish) = (&writing, &look, &publish);
            scope.spawn(move || {
                let _end = Leave(writing);
                let store = open();
                let (mut done, mut n) = (0, 0);
                while done < tally.rounds() {
                    n += 1;
                    if let Ok(seen) = look(&*store)
                        && publish(&*store, format!("w{writer}.{n}"), seen)
                    {
                        done += 1;
                    }
                }
            });
        }
        for _ in 0..3 {
            scope.spawn(|| {
                let store = open();
                while writing.load(Ordering::SeqCst) > 0 {
                    drop(look(&*store));
                }
            });
        }
    });
    operations.into_inner().unwrap()
}

/// Decrements the count of active writers on drop, even if a writer panics. The readers wait until the count is 0.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Counts the faults of the history. Then forges a load, and checks that the forgery is detected.
pub(crate) fn check_history(tally: &Tally, store: &dyn PolicyStore, operations: &[Operation]) {
    let mut links: Vec<Link> = store
        .history(usize::MAX)
        .unwrap()
        .iter()
        .map(|entry| Link {
            seq: entry.seq().unwrap(),
            hash: entry.hash().unwrap(),
            version: entry.version().unwrap().to_owned(),
        })
        .collect();
    links.reverse();
    let found = faults(&links, operations);
    let count = |kinds: &[Fault]| found.iter().filter(|fault| kinds.contains(fault)).count();
    tally.partial.add(count(&[Fault::Foreign]));
    tally
        .stale
        .add(count(&[Fault::Order, Fault::Sequence, Fault::NoConflict]));
    tally.lost.add(count(&[Fault::Lost]));
    tally.doubled.add(count(&[Fault::NotOne, Fault::Unseen]));
    // The last load is forged: it sees the first publication.
    let mut forged = operations.to_vec();
    forged.sort_by_key(|operation| operation.begun);
    let last = forged
        .iter_mut()
        .rfind(|it| matches!(it.what, What::Saw(Some(_))))
        .unwrap();
    last.what = What::Saw(Some(links[0].hash));
    assert!(faults(&links, &forged).len() > found.len());
}

/// Checks one kind of store.
pub(crate) fn check(fixture: &dyn Fixture) {
    let store = fixture.open();
    let name = store.name();
    let kind = match name.split_once(':') {
        Some(("redis", _)) => "Redis",
        _ if name == "memory" => "memory",
        _ => "files",
    };
    let tally = Tally::of(
        &format!("three concurrent writers and three readers, linearizable: {kind}"),
        40,
    );
    let operations = record(&tally, &|| fixture.open());
    check_history(&tally, &*store, &operations);
    tally.conclude_with_effect();
}

/// Checks a valid history and forgeries of it.
#[test]
fn forged_histories_are_detected() {
    let links: Vec<Link> = ["a", "b", "c"]
        .iter()
        .zip(1..)
        .map(|(version, seq)| Link {
            seq,
            hash: crate::policies::policy(version, "").hash(),
            version: (*version).to_owned(),
        })
        .collect();
    let hash = |n: usize| n.checked_sub(1).map(|n| links[n].hash);
    let saw = |n: usize| What::Saw(hash(n));
    let published = |n: usize, expected: usize| What::Published {
        version: links[n - 1].version.clone(),
        expected: hash(expected),
        hash: links[n - 1].hash,
    };
    let unknown = |version: &str, expected: usize| What::Unknown {
        version: version.to_owned(),
        expected: hash(expected),
    };
    let conflict = |expected: usize, found: usize| What::Conflict {
        expected: hash(expected),
        found: hash(found),
    };
    let at = |begun: u64, ended: u64, what: What| Operation {
        begun,
        ended: Some(ended),
        what,
    };
    let open = |begun: u64, what: What| Operation {
        begun,
        ended: None,
        what,
    };
    let right = [
        at(0, 9, saw(0)),
        at(10, 19, published(1, 0)),
        at(12, 14, saw(0)),
        at(15, 16, saw(1)),
        at(20, 39, published(2, 1)),
        at(21, 40, conflict(1, 2)),
        at(30, 31, saw(1)),
        at(32, 33, saw(2)),
        open(41, unknown("c", 2)),
        open(42, unknown("never", 2)),
        at(50, 51, saw(2)),
        at(52, 53, saw(3)),
    ];
    assert_eq!(faults(&links, &right), []);
    let check = |place: usize, forged: Operation, expected: &[Fault]| {
        let mut history = right.to_vec();
        history[place] = forged;
        assert_eq!(faults(&links, &history), expected, "{place}");
    };
    // Each of these loads sees a publication older than one that was published or seen before the
    // load began, or a publication that does not exist yet.
    check(6, at(30, 31, saw(0)), &[Fault::Order]);
    check(10, at(50, 51, saw(1)), &[Fault::Order]);
    check(11, at(54, 55, saw(2)), &[]);
    check(10, at(54, 55, saw(2)), &[Fault::Order]);
    check(3, at(15, 16, saw(2)), &[Fault::Order; 2]);
    check(0, at(0, 9, saw(1)), &[Fault::Order; 2]);
    // This load sees a policy that no writer published.
    let stranger = crate::policies::policy("stranger", "").hash();
    check(3, at(15, 16, What::Saw(Some(stranger))), &[Fault::Foreign]);
    // These publications did not see their predecessor, were made by two operations, or are not in
    // the history.
    check(4, at(20, 39, published(2, 0)), &[Fault::Unseen]);
    let twice = [Fault::NotOne, Fault::NotOne, Fault::Order];
    check(4, at(20, 39, published(1, 0)), &twice);
    let lost = What::Published {
        version: "x".to_owned(),
        expected: hash(1),
        hash: stranger,
    };
    check(4, at(20, 39, lost), &[Fault::Lost, Fault::NotOne]);
    check(8, open(41, unknown("c", 1)), &[Fault::Unseen]);
    check(8, open(53, unknown("c", 2)), &[]);
    check(8, open(54, unknown("c", 2)), &[Fault::Order]);
    // These conflicts saw the expected policy, or a policy that had already been replaced.
    check(5, at(21, 40, conflict(2, 2)), &[Fault::NoConflict]);
    check(5, at(41, 42, conflict(2, 1)), &[Fault::Order]);
    // Here, the publications have another order than their sequences.
    let mut lower = links.clone();
    lower[1].seq = 1;
    assert_eq!(faults(&lower, &right), [Fault::Sequence]);
}
