//! Recovery tests on a disk that fails at every byte.

use std::{collections::BTreeMap, fs, path::Path};

use super::*;
use crate::{ArmStart, Operator, Publication, PublishError, RolloutChange, RolloutStep};
use portcullis::{guardrails::Guardrails, policy::Policy, types::Timestamp};
use portcullis_rollout::{Arm, Bps, Role, Salt};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000).unwrap()
}

fn publication(version: &str) -> Publication {
    let text = format!(
        r#"{{"policy_version": "{version}", "valid_until_epoch": 200,
        "universe_symbols": ["BTCUSDT"], "leverage_by_symbol": {{"BTCUSDT": 8}},
        "harvest_params": {{"T1_R": 1, "T2_R": 2, "T3_R": 3, "lock_R": 1, "be_plus_pct": 0, "cost_bps": 10,
            "k_regime_flip": 1, "k_sigma_spike": 1, "k_ts_drop": 1, "k_age_penalty": 1, "kill_threshold": 0.6}},
        "kill_params": {{"trend_min": 0.2, "sigma_ref": 0.01, "sigma_spike_cap": 2, "ts_ref": 0.3,
            "ts_drop_cap": 1, "max_age_sec": 3600}}}}"#
    );
    let policy = Policy::from_json(&text).unwrap();
    Publication::new(policy, &Guardrails::none(), Operator::new("ada"), at(100)).unwrap()
}

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, disk::read(&entry.path()).unwrap().unwrap())
        })
        .collect()
}

fn restore(directory: &Path, content: &BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (name, bytes) in content {
        fs::write(directory.join(name), bytes).unwrap();
    }
}

/// Returns the version, the lengths of history and audit log, and the halts, each read by its own method.
fn state(store: &FileStore) -> (String, usize, usize, Halt) {
    let trail = store.audit().unwrap();
    assert_eq!(
        trail.faults(),
        [],
        "the audit log must be complete at any time"
    );
    (
        store.load().unwrap().version().to_owned(),
        store.history(usize::MAX).unwrap().len(),
        trail.entries().len(),
        store.halts().unwrap(),
    )
}

/// Repeats a change on disks that fail after more and more bytes and operations, until the change
/// succeeds.
fn at_every_byte(
    step: impl Fn(&FileStore) -> Result<(), StoreError>,
    after: &(String, usize, usize, Halt),
) {
    // The test makes thousands of changes, so it uses a directory in memory if there is one.
    let directory = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let path = directory.path();
    let sound = FileStore::open(path);
    let first = sound.publish(&publication("1"), None).unwrap();
    let before = state(&sound);
    let content = files(path);
    let (mut undone, mut taken) = (0, 0);
    for left in 0.. {
        restore(path, &content);
        let answer = step(&FileStore::on(path, Disk::failing_after(left)));
        // A reader before the repair sees the whole change or none of it.
        let seen = state(&sound);
        match &answer {
            Ok(()) => assert_eq!(seen, *after, "{left}"),
            Err(StoreError::OutcomeUnknown { .. }) => assert!(seen == before || seen == *after),
            Err(StoreError::Unavailable { .. }) => assert_eq!(seen, before, "{left}"),
            Err(error) => panic!("{error}"),
        }
        if seen == before {
            undone += 1;
        } else {
            taken += 1;
        }
        // The next change must find the state that was read. Most failures within one write leave
        // the same state, so only every seventh of them is checked.
        if left % 7 > 0 && answer.is_err() && seen == before {
            continue;
        }
        let hash = sound.current_hash().unwrap();
        assert_eq!(hash == Some(first.hash()), seen.0 == "1");
        let next = sound.publish(&publication("3"), hash).unwrap();
        assert_eq!(next.seq(), u64::try_from(seen.1).unwrap() + 1);
        let third = ("3".to_owned(), seen.1 + 1, seen.2 + 1, seen.3.clone());
        assert_eq!(state(&sound), third);
        let names: Vec<_> = files(path).into_keys().collect();
        assert!(
            names
                .iter()
                .all(|name| !name.ends_with(".new") && !name.ends_with(".journal")),
            "{names:?}"
        );
        if answer == Ok(()) && taken > 200 {
            break;
        }
    }
    assert!(undone > 300, "{undone}");
}

#[test]
fn a_publication_interrupted_at_any_byte_is_atomic() {
    at_every_byte(
        |store| match store.publish(&publication("2"), store.current_hash()?) {
            Ok(_) => Ok(()),
            Err(PublishError::Store(error)) => Err(error),
            Err(error) => panic!("{error}"),
        },
        &("2".to_owned(), 2, 2, Halt::Nothing),
    );
}

#[test]
fn a_halt_interrupted_at_any_byte_is_atomic() {
    at_every_byte(
        |store| {
            let operator = Operator::new("ada").with_reason("a fire drill");
            let halted = store.halt(&Halt::Everything, &operator, at(101));
            halted.map(|_| ())
        },
        &("1".to_owned(), 1, 2, Halt::Everything),
    );
}

#[test]
fn an_incomplete_last_line_of_a_log_is_reported_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileStore::open(directory.path());
    let first = store.publish(&publication("1"), None).unwrap();
    let hash = Some(first.hash());
    let audit = &store.paths.audit;
    let whole = disk::read(audit).unwrap().unwrap();

    // A machine stopped in the middle of a line.
    fs::write(audit, [&whole[..], b"{\"entry\": \"2\", \"ev"].concat()).unwrap();
    assert_eq!(
        store.audit().unwrap().faults()[0].to_string(),
        "`policy.audit.jsonl` ends with an incomplete line: its 18 bytes are ignored, and the next change removes them"
    );
    let second = store.publish(&publication("2"), hash).unwrap();
    assert_eq!(
        second.repairs(),
        ["`policy.audit.jsonl`: removed the 18 bytes of an incomplete last line"]
    );
    assert!(store.audit().unwrap().is_whole());

    // The end of a committed line is lost. The head still counts the entry.
    let whole = disk::read(audit).unwrap().unwrap();
    fs::write(audit, &whole[..whole.len() - 20]).unwrap();
    let third = store
        .publish(&publication("3"), Some(second.hash()))
        .unwrap();
    assert_eq!(third.repairs().len(), 1);
    let trail = store.audit().unwrap();
    let faults: Vec<_> = trail.faults().iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["entry 2 is missing"]);

    // Only the newline of the last line is lost.
    let whole = disk::read(audit).unwrap().unwrap();
    fs::write(audit, &whole[..whole.len() - 1]).unwrap();
    store
        .publish(&publication("4"), Some(third.hash()))
        .unwrap();
    assert_eq!(store.audit().unwrap().faults().len(), 1);
}

#[test]
fn the_first_publication_may_be_interrupted() {
    let directory = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let path = directory.path();
    let (mut undone, mut taken) = (0, 0);
    for left in (0..).step_by(13) {
        restore(path, &BTreeMap::new());
        let answer =
            FileStore::on(path, Disk::failing_after(left)).publish(&publication("1"), None);
        let sound = FileStore::open(path);
        let seen = sound.current_hash().unwrap();
        let next = sound.publish(&publication("2"), seen).unwrap();
        let before = if seen.is_some() {
            &mut taken
        } else {
            &mut undone
        };
        *before += 1;
        assert_eq!(next.seq(), if seen.is_some() { 2 } else { 1 }, "{left}");
        assert!(sound.audit().unwrap().is_whole());
        if answer.is_ok() {
            break;
        }
    }
    assert!(undone > 50 && taken > 0, "{undone} {taken}");
}

#[test]
fn a_release_interrupted_at_any_byte_is_atomic() {
    for is_removed in [false, true] {
        let directory = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .unwrap();
        let path = directory.path();
        let sound = FileStore::open(path);
        sound.publish(&publication("1"), None).unwrap();
        if is_removed {
            fs::remove_file(&sound.paths.policy).unwrap();
        }
        let content = files(path);
        let (mut undone, mut taken) = (0, 0);
        for left in 0.. {
            restore(path, &content);
            let failing = FileStore::on(path, Disk::failing_after(left));
            let answer = failing.release(1, &Operator::new("ada"), at(101));
            let is_released = sound.head().unwrap().is_released;
            assert!(is_released || answer.is_err(), "{left}");
            let is_absent = sound.stored().unwrap() == Stored::Nothing;
            assert_eq!(is_absent, is_released || is_removed, "{left}");
            let trail = sound.audit().unwrap();
            assert!(trail.is_whole());
            assert_eq!(trail.entries().len(), if is_released { 2 } else { 1 });
            *(if is_released { &mut taken } else { &mut undone }) += 1;
            let seen = sound.current_hash().unwrap();
            let next = sound.publish(&publication("2"), seen).unwrap();
            assert_eq!(next.seq(), 2);
            assert!(!sound.head().unwrap().is_released);
            assert!(sound.audit().unwrap().is_whole());
            if answer.is_ok() && taken > 100 {
                break;
            }
        }
        assert!(undone > 100, "{undone}");
    }
}

/// Returns the start of an arm with its policy.
fn start() -> RolloutChange {
    let policy = publication("canary").arm_policy().unwrap();
    let (bps, salt) = (Bps::new(10_000).unwrap(), Salt::new("a").unwrap());
    let until = "2026-01-12T00:00:00Z".parse().unwrap();
    RolloutChange {
        step: RolloutStep::Start(Box::new(ArmStart {
            arm: Arm::new(Role::Canary, policy.hash(), bps, salt, until).unwrap(),
            policy,
            schedule: None,
        })),
        operator: Operator::new("ada"),
        at: at(100),
        signer: None,
        code: None,
    }
}

#[test]
fn a_policy_and_its_set_change_together_at_any_byte() {
    let directory = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let path = directory.path();
    let sound = FileStore::open(path);
    sound.publish(&publication("1"), None).unwrap();
    let (mut undone, mut taken) = (0, 0);
    let check = |arms: usize| {
        let (set, policy) = (sound.policy_set().unwrap().unwrap(), sound.load().unwrap());
        assert_eq!(set.set().live(), policy.hash());
        assert_eq!(set.arms().len(), arms);
        assert_eq!(sound.audit().unwrap().faults(), []);
        let last = sound.audit().unwrap().entries().len();
        (policy.version().to_owned(), set.set().seq(), last)
    };
    // The start of the arm.
    let content = files(path);
    for left in (0..).step_by(5) {
        restore(path, &content);
        let answer = FileStore::on(path, Disk::failing_after(left)).roll(&start());
        let is_started = sound.policy_set().unwrap().is_some();
        assert!(is_started || answer.is_err());
        if is_started {
            check(1);
        }
        if answer.is_ok() {
            break;
        }
    }
    // A publication beside the arm.
    let content = files(path);
    let before = check(1);
    for left in (0..).step_by(5) {
        restore(path, &content);
        let store = FileStore::on(path, Disk::failing_after(left));
        let answer = store.publish(&publication("2"), store.current_hash().unwrap());
        let seen = check(1);
        if seen == before {
            assert!(answer.is_err());
            undone += 1;
        } else {
            assert_eq!(seen, ("2".to_owned(), before.1 + 1, before.2 + 1));
            taken += 1;
        }
        // The next change completes or undoes it.
        sound
            .publish(&publication("3"), sound.current_hash().unwrap())
            .unwrap();
        assert_eq!(check(1), ("3".to_owned(), seen.1 + 1, seen.2 + 1));
        if answer.is_ok() && taken > 20 {
            break;
        }
    }
    assert!(undone > 60, "{undone}");
}
