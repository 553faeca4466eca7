//! Rotation and retention.

use std::num::NonZeroU32;

use portcullis_log::{DecisionLog, Settings, verify};

use crate::{
    append,
    support::{at, content, directory, keys, settings, signer},
    write,
};

fn names(path: &std::path::Path) -> Vec<String> {
    content(path).into_keys().collect()
}

#[test]
fn a_file_is_sealed_when_it_reaches_its_size() {
    let directory = directory();
    let path = directory.path();
    let checkpoints = write(path, settings(100, 900), 12);
    for (name, bytes) in content(path) {
        assert!(name.ends_with(".zst") || bytes.len() < 900, "{name}");
        if name.ends_with(".zst") {
            let text = String::from_utf8(zstd::decode_all(&*bytes).unwrap()).unwrap();
            assert!((900..1900).contains(&text.len()), "{name}: {}", text.len());
            let last = text.lines().last().unwrap();
            assert!(checkpoints.iter().any(|it| it.to_string() == last));
        }
    }
    assert!(names(path).len() > 3);
}

#[test]
fn a_file_is_sealed_after_its_time() {
    let directory = directory();
    let path = directory.path();
    let mut log = DecisionLog::open(path, signer(), settings(100, 1 << 20)).unwrap();
    append(&mut log, 1, 2, 0).unwrap();
    assert_eq!(log.append(&[], at(3599)).unwrap().sealed, [""; 0]);
    drop(log);
    // The time is known after a restart.
    let mut log = DecisionLog::open(path, signer(), settings(100, 1 << 20)).unwrap();
    let sealed = log.append(&[], at(3600)).unwrap().sealed;
    assert_eq!(sealed, ["decisions-00000001.log.zst"]);
    // There is no new file before the next row.
    assert_eq!(log.append(&[], at(9999)).unwrap().sealed, [""; 0]);
    assert_eq!(names(path), ["decisions-00000001.log.zst"]);
    append(&mut log, 3, 3, 9999).unwrap();
    assert_eq!(
        names(path),
        ["decisions-00000001.log.zst", "decisions-00000002.log"]
    );
    drop(log);
    assert!(verify(path, &keys(), None).unwrap().is_verified());
}

#[test]
fn retention_by_number_keeps_the_newest_sealed_files_and_the_open_one() {
    let directory = directory();
    let path = directory.path();
    write(path, settings(1, 1), 5);
    let keep = Settings {
        retain_files: NonZeroU32::new(2),
        ..settings(1, 1 << 20)
    };
    let mut log = DecisionLog::open(path, signer(), keep).unwrap();
    let removed = append(&mut log, 6, 6, 10).unwrap().removed;
    assert_eq!(
        removed,
        [1, 2, 3].map(|it| format!("decisions-{it:08}.log.zst"))
    );
    let kept = [
        "decisions-00000004.log.zst",
        "decisions-00000005.log.zst",
        "decisions-00000006.log",
    ];
    assert_eq!(names(path), kept);
    drop(log);
    let seen = verify(path, &keys(), None).unwrap();
    assert!(seen.is_verified());
    assert_eq!((seen.first_file, seen.removed_rows, seen.rows), (4, 3, 6));
}

#[test]
fn retention_by_age_keeps_the_last_sealed_file() {
    let directory = directory();
    let path = directory.path();
    write(path, settings(1, 1), 5);
    let keep = Settings {
        retain_sec: NonZeroU32::new(100),
        ..settings(1, 1 << 20)
    };
    // The files were sealed at 1, 2, 3, 4 and 5 seconds.
    let mut log = DecisionLog::open(path, signer(), keep).unwrap();
    assert_eq!(log.append(&[], at(100)).unwrap().removed, [""; 0]);
    assert_eq!(log.append(&[], at(102)).unwrap().removed.len(), 2);
    assert_eq!(log.append(&[], at(9999)).unwrap().removed.len(), 2);
    assert_eq!(names(path), ["decisions-00000005.log.zst"]);
    // The log continues from the last sealed file.
    append(&mut log, 6, 6, 9999).unwrap();
    drop(log);
    let seen = verify(path, &keys(), None).unwrap();
    assert!(seen.is_verified());
    assert_eq!((seen.removed_rows, seen.rows), (4, 6));
}

#[test]
fn an_entry_that_retention_removed_is_an_error() {
    let directory = directory();
    let path = directory.path();
    let keep = Settings {
        retain_files: NonZeroU32::new(1),
        ..settings(1, 1)
    };
    write(path, keep, 5);
    let mut log = DecisionLog::open(path, signer(), keep).unwrap();
    assert_eq!(append(&mut log, 5, 5, 9).unwrap().repeated, 1);
    let error = append(&mut log, 4, 5, 9).unwrap_err().to_string();
    assert!(
        error.contains("is not in the log, but the log already contains later entries"),
        "{error}"
    );
}
