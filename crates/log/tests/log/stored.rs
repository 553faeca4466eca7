//! The comparison with a stored checkpoint.

use std::{fs, num::NonZeroU32};

use portcullis_log::{Checkpoint, Settings, verify};
use portcullis_store::TrustedKeys;

use crate::{
    support::{directory, keys, settings, signer_of},
    write,
};

#[track_caller]
fn check(path: &std::path::Path, stored: &Checkpoint, expected: &str) {
    let seen = verify(path, &keys(), Some(stored)).unwrap();
    assert!(seen.has_compared_stored && seen.has_checked_signatures);
    let faults: Vec<String> = seen.faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, [expected]);
}

#[test]
fn a_checkpoint_is_read_from_its_text() {
    let directory = directory();
    let checkpoints = write(directory.path(), settings(2, 1 << 20), 4);
    for checkpoint in checkpoints {
        let text = checkpoint.to_string();
        assert_eq!(text.parse::<Checkpoint>().unwrap(), checkpoint);
        assert!(checkpoint.is_signed_by(&keys()) && !checkpoint.is_signed_by(&TrustedKeys::none()));
        for (from, to, why) in [
            (
                "{\"format\":1",
                "{\"format\":2",
                "format 2 is not supported; this version reads format 1 (at byte 11 of the JSON)",
            ),
            (
                "\"row\"",
                "\"rows\"",
                "unknown field `rows`, expected one of `format`, `checkpoint`, `row`, `position`, `head`, `at`, `previous` (at byte 33 of the JSON)",
            ),
            (
                "{\"format\"",
                "{ \"format\"",
                "the JSON is not in the canonical form",
            ),
            (
                "checkpoint ",
                "check ",
                "the text does not have the form `checkpoint SIGNATURE JSON`",
            ),
        ] {
            let error = text
                .replacen(from, to, 1)
                .parse::<Checkpoint>()
                .unwrap_err();
            assert_eq!(error.to_string(), format!("not a checkpoint: {why}"));
        }
    }
}

#[test]
fn every_checkpoint_of_the_log_is_accepted() {
    let directory = directory();
    let path = directory.path();
    for stored in write(path, settings(2, 1000), 9) {
        let seen = verify(path, &keys(), Some(&stored)).unwrap();
        assert_eq!(seen.faults, []);
    }
}

#[test]
fn a_truncated_log_is_found() {
    let directory = directory();
    let path = directory.path();
    let stored = write(path, settings(2, 1), 4).pop().unwrap();
    fs::remove_file(path.join("decisions-00000004.log.zst")).unwrap();
    check(
        path,
        &stored,
        "the log is truncated: row 4 is missing; the stored checkpoint is for row 4",
    );
    for file in 1..=3 {
        fs::remove_file(path.join(format!("decisions-{file:08}.log.zst"))).unwrap();
    }
    check(
        path,
        &stored,
        "the log is truncated: rows 1 to 4 are missing; the stored checkpoint is for row 4",
    );
}

#[test]
fn a_replaced_log_is_found() {
    let [one, other] = [directory(), directory()];
    let stored = write(one.path(), settings(2, 1 << 20), 4).pop().unwrap();
    write(other.path(), settings(1, 1 << 20), 4);
    let seen = verify(other.path(), &keys(), Some(&stored)).unwrap();
    assert_eq!(
        seen.faults[0].to_string(),
        "the stored checkpoint 2 for row 4 is not that of the log; the log or the stored checkpoint was replaced"
    );
}

#[test]
fn a_removed_last_checkpoint_is_found() {
    let directory = directory();
    let path = directory.path();
    let stored = write(path, settings(2, 1 << 20), 4).pop().unwrap();
    let file = path.join("decisions-00000001.log");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(&format!("{stored}\n"), "")).unwrap();
    check(
        path,
        &stored,
        "`decisions-00000001.log`: checkpoint 2 is missing, between row 2 and row 4",
    );
}

#[test]
fn a_stored_checkpoint_of_another_key_or_of_removed_rows_is_a_fault() {
    let directory = directory();
    let path = directory.path();
    let keep = Settings {
        retain_files: NonZeroU32::new(2),
        ..settings(1, 1)
    };
    let checkpoints = write(path, keep, 5);
    check(
        path,
        &checkpoints[1],
        "the stored checkpoint 2 for row 2 is older than the log, which begins after row 3; use the last stored checkpoint",
    );
    // The begin of the log contains the checkpoint of row 3.
    assert!(
        verify(path, &keys(), Some(&checkpoints[2]))
            .unwrap()
            .is_verified()
    );
    let others = TrustedKeys::from_base64([&*signer_of('C').public_key()]).unwrap();
    let seen = verify(path, &others, Some(&checkpoints[4])).unwrap();
    assert_eq!(
        seen.faults.last().unwrap().to_string(),
        "no trusted key signed the stored checkpoint 5 for row 5"
    );
    assert!(seen.fault_count >= 3);
}

/// Without keys, the next checkpoint contains the digest of the edited one, and the position must be that of the row.
#[test]
fn an_edited_checkpoint_is_found_without_keys() {
    let directory = directory();
    let path = directory.path();
    let checkpoints = write(path, settings(2, 1 << 20), 5);
    let file = path.join("decisions-00000001.log");
    let text = fs::read_to_string(&file).unwrap();
    for (checkpoint, from, to, fault) in [
        (
            0,
            r#""at":"#,
            r#""at":1"#,
            "checkpoint 2, after row 4, does not follow from checkpoint 1; one of the two was edited",
        ),
        (
            1,
            r#"-1","head""#,
            r#"-2","head""#,
            "checkpoint 2, after row 4, does not follow from checkpoint 1; one of the two was edited",
        ),
        (
            1,
            r#""head":""#,
            r#""head":"0"#,
            "rows 3 to 4 are not those for which checkpoint 2 was signed; at least one was edited",
        ),
        (
            1,
            r#""row":4"#,
            r#""row":3"#,
            "checkpoint 2 is out of order: it is behind row 4",
        ),
        (
            1,
            r#""checkpoint":2"#,
            r#""checkpoint":3"#,
            "checkpoint 2 is missing, between row 2 and row 4",
        ),
    ] {
        let line = checkpoints[checkpoint].to_string();
        let mut edited = line.replacen(from, to, 1);
        if to.ends_with('0') {
            // The digest keeps its length.
            let end = edited.find(r#"","at""#).unwrap();
            edited.remove(end - 1);
        }
        assert_ne!(edited, line);
        fs::write(&file, text.replace(&line, &edited)).unwrap();
        let faults = verify(path, &TrustedKeys::none(), None).unwrap().faults;
        assert_eq!(
            faults[0].to_string(),
            format!("`decisions-00000001.log`: {fault}")
        );
    }
}
