//! Whether publishing and loading, done by many at once, answer as if it had been done one after the other.
//!
//! Several writers and readers note when each operation began, when it ended and what it answered, by one
//! monotonic clock. What a store remembers says in which order the publications happened, so that every
//! operation has a place in that order: a publication its own, and a load, or a conflict, that of what it saw.
//! Such a history has an explanation one after the other exactly if each publication saw its predecessor, and no
//! operation began after the end of one whose place is later.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use portcullis::{
    domain::PolicyHash,
    policy::PolicyAbsence,
    store::{LoadError, PolicyStore, PublishError, StoreError},
};

use crate::{contract::Fixture, policies::publication, tally::Tally};

/// What was asked and answered.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    begun: u64,
    /// Where no answer came it may happen at any later time.
    ended: Option<u64>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// What lay there.
    Saw(Option<PolicyHash>),
    /// What lay there, and was not what the writer expected.
    Conflict {
        expected: Option<PolicyHash>,
        found: Option<PolicyHash>,
    },
    Published {
        version: String,
        expected: Option<PolicyHash>,
        hash: PolicyHash,
    },
    /// It may have happened or not.
    Unknown {
        version: String,
        expected: Option<PolicyHash>,
    },
}

/// What a store remembers of a publication.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    seq: u64,
    hash: PolicyHash,
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// A sequence does not rise.
    Sequence,
    /// Something was seen that nobody published.
    Foreign,
    /// A publication that was told to have happened did not.
    Lost,
    /// A publication is remembered that nobody made, or two made.
    NotOne,
    /// A publication replaced something else than its writer had seen.
    Unseen,
    /// A conflict with what was expected.
    NoConflict,
    /// Something was seen before it began, or after something later had been seen or published.
    Order,
}

/// The faults of a history; none says that it has an explanation.
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
    // Where each operation stands, and whether it made what stands there.
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
                let told = match operation.what {
                    What::Published { hash, .. } => Some(hash),
                    What::Saw(_) | What::Conflict { .. } | What::Unknown { .. } => None,
                };
                let is_it = |link: &Link| {
                    link.version == *version && told.is_none_or(|hash| hash == link.hash)
                };
                match links.iter().position(is_it) {
                    Some(before) => {
                        makers[before] += 1;
                        if place(*expected) != Some(before) {
                            faults.push(Fault::Unseen);
                        }
                        placed.push((operation, before + 1, true));
                    }
                    None if told.is_some() => faults.push(Fault::Lost),
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

    // The latest place of all that had ended by then.
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
        // Nobody can have seen what is not made yet.
        if latest > place - usize::from(*makes) {
            faults.push(Fault::Order);
        }
    }
    faults
}

/// Writers and readers at work on one store, until each writer has published so often.
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
    let look = |store: &dyn PolicyStore| -> Option<Option<PolicyHash>> {
        let begun = clock();
        let seen = match store.load() {
            Ok(policy) => {
                tally.answers.add(1);
                Some(policy.hash())
            }
            Err(LoadError::Absent(PolicyAbsence::NotFound)) => None,
            Err(LoadError::Store(_)) => {
                tally.refusals.add(1);
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        note(begun, true, What::Saw(seen));
        Some(seen)
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
                    if let Some(seen) = look(&*store)
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
                    look(&*store);
                }
            });
        }
    });
    operations.into_inner().unwrap()
}

/// Also where a writer fails: the readers wait for it.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Counts what is wrong with the history; and forges it, which must show.
pub(crate) fn judge(tally: &Tally, store: &dyn PolicyStore, operations: &[Operation]) {
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
    // The last load, as if it had seen the first publication.
    let mut forged = operations.to_vec();
    forged.sort_by_key(|operation| operation.begun);
    let last = forged
        .iter_mut()
        .rfind(|it| matches!(it.what, What::Saw(Some(_))))
        .unwrap();
    last.what = What::Saw(Some(links[0].hash));
    assert!(faults(&links, &forged).len() > found.len());
}

/// For every store.
pub(crate) fn check(fixture: &dyn Fixture) {
    let store = fixture.open();
    let name = store.name();
    let kind = match name.split_once(':') {
        Some(("redis", _)) => "Redis",
        _ if name == "memory" => "memory",
        _ => "files",
    };
    let tally = Tally::of(
        &format!("three writers and three readers at once, linearizable: {kind}"),
        40,
    );
    let operations = record(&tally, &|| fixture.open());
    judge(&tally, &*store, &operations);
    tally.conclude_felt();
}

/// A history that is right, and forgeries of it.
#[test]
fn what_is_forged_shows() {
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
    // Older than what was published, or seen, before the load began; and not there yet.
    check(6, at(30, 31, saw(0)), &[Fault::Order]);
    check(10, at(50, 51, saw(1)), &[Fault::Order]);
    check(11, at(54, 55, saw(2)), &[]);
    check(10, at(54, 55, saw(2)), &[Fault::Order]);
    check(3, at(15, 16, saw(2)), &[Fault::Order; 2]);
    check(0, at(0, 9, saw(1)), &[Fault::Order; 2]);
    // Of nobody.
    let stranger = crate::policies::policy("stranger", "").hash();
    check(3, at(15, 16, What::Saw(Some(stranger))), &[Fault::Foreign]);
    // A compare-and-set that did not see its predecessor; two that won the same; one that won and is not there.
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
    // A conflict with what was expected, and one with what was over.
    check(5, at(21, 40, conflict(2, 2)), &[Fault::NoConflict]);
    check(5, at(41, 42, conflict(2, 1)), &[Fault::Order]);
    // Publications against the order of their sequences.
    let mut lower = links.clone();
    lower[1].seq = 1;
    assert_eq!(faults(&lower, &right), [Fault::Sequence]);
}
