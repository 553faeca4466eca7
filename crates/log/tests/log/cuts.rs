//! Files that end at any byte, or have zero bytes from there on: opening repairs the end, and the rest is written again.

use std::{fs, path::Path};

use portcullis_log::{DecisionLog, Leftover, Settings, verify};
use portcullis_store::TrustedKeys;

use crate::{
    append,
    support::{Content, answer, answers, content, directory, keys, restore, settings, signer},
    write,
};

/// Opens the log, appends the entries that it does not contain up to `last`, and checks it.
#[track_caller]
fn complete(path: &Path, settings: Settings, last: u64, keys: &TrustedKeys) -> Vec<Leftover> {
    assert_eq!(verify(path, keys, None).unwrap().faults, []);
    let mut log = DecisionLog::open(path, signer(), settings).unwrap();
    let repairs = log.repairs().to_vec();
    let again = log.rows().max(1);
    append(&mut log, again, last, 20).unwrap();
    assert_eq!(log.rows(), last);
    let stored = log.last_checkpoint().cloned();
    drop(log);
    let seen = verify(path, keys, stored.as_ref()).unwrap();
    assert_eq!((&*seen.faults, &*seen.leftovers), (&[][..], &[][..]));
    assert_eq!(answers(path), (1..=last).map(answer).collect::<Vec<_>>());
    repairs
}

/// Cuts a file at every length and completes the log, with `change` applied to the rest of the file.
fn at_every_length(
    content: &Content,
    name: &str,
    settings: Settings,
    change: fn(&[u8]) -> Vec<u8>,
) {
    let directory = directory();
    let path = directory.path();
    let bytes = &content[name];
    let (all, none) = (keys(), TrustedKeys::none());
    for length in 0..=bytes.len() {
        restore(path, content);
        let (begin, rest) = bytes.split_at(length);
        fs::write(path.join(name), [begin, &change(rest)].concat()).unwrap();
        let keys = if length % 128 == 0 { &all } else { &none };
        let repairs = complete(path, settings, 9, keys);
        let is_whole = length == 0 || bytes[length - 1] == b'\n';
        assert!(!repairs.is_empty() || is_whole, "{length}");
    }
}

/// Returns the files of a log with two sealed files, and an open one with two rows, a checkpoint and one more row.
fn log() -> (Settings, Content) {
    let directory = directory();
    let path = directory.path();
    let small = settings(2, 1);
    write(path, small, 2);
    let large = settings(2, 1 << 20);
    let mut log = DecisionLog::open(path, signer(), large).unwrap();
    for row in 3..=5 {
        append(&mut log, row, row, i64::try_from(row).unwrap()).unwrap();
    }
    let content = content(path);
    let names: Vec<&str> = content.keys().map(String::as_str).collect();
    let expected = [
        "decisions-00000001.log.zst",
        "decisions-00000002.log.zst",
        "decisions-00000003.log",
    ];
    assert_eq!(names, expected);
    (large, content)
}

#[test]
fn an_open_file_may_end_at_any_byte() {
    let (settings, content) = log();
    at_every_length(&content, "decisions-00000003.log", settings, |_| Vec::new());
}

#[test]
fn an_open_file_may_have_zero_bytes_from_any_byte_on() {
    let (settings, content) = log();
    at_every_length(&content, "decisions-00000003.log", settings, |rest| {
        vec![0; rest.len()]
    });
}

#[test]
fn the_first_file_may_end_at_any_byte() {
    let directory = directory();
    let settings = settings(2, 1 << 20);
    write(directory.path(), settings, 3);
    let content = content(directory.path());
    at_every_length(&content, "decisions-00000001.log", settings, |_| Vec::new());
}

/// The states of a rotation: a part of the sealed file under its temporary name, and both forms of the file.
#[test]
fn a_rotation_may_end_at_any_byte() {
    let place = directory();
    let path = place.path();
    let settings = settings(2, 700);
    write(path, settings, 2);
    let mut content = content(path);
    let sealed = content.remove("decisions-00000001.log.zst").unwrap();
    let plain = zstd::decode_all(&*sealed).unwrap();
    content.insert("decisions-00000001.log".to_owned(), plain);
    for length in 0..=sealed.len() {
        restore(path, &content);
        fs::write(
            path.join("decisions-00000001.log.zst.new"),
            &sealed[..length],
        )
        .unwrap();
        let repairs = complete(path, settings, 5, &TrustedKeys::none());
        let file = "decisions-00000001.log.zst.new".to_owned();
        assert_eq!(repairs, [Leftover::Unfinished { file }]);
    }
    restore(path, &content);
    fs::write(path.join("decisions-00000001.log.zst"), &sealed).unwrap();
    let repairs = complete(path, settings, 5, &keys());
    let file = "decisions-00000001.log".to_owned();
    assert_eq!(repairs, [Leftover::Plain { file }]);
}

/// Zero bytes before a signed checkpoint cannot come from an interrupted write.
#[test]
fn zero_bytes_before_a_checkpoint_are_a_fault() {
    let (settings, mut content) = log();
    let directory = directory();
    let bytes = content.get_mut("decisions-00000003.log").unwrap();
    let row = bytes.windows(4).position(|it| it == b"row ").unwrap();
    bytes[row + 100..row + 120].fill(0);
    restore(directory.path(), &content);
    let seen = verify(directory.path(), &keys(), None).unwrap();
    assert_eq!(
        seen.faults[0].to_string(),
        "`decisions-00000003.log`, line 3, after row 2: control character (\\u0000-\\u001F) found while parsing a string (at byte 32 of the JSON)"
    );
    let error = DecisionLog::open(directory.path(), signer(), settings).unwrap_err();
    assert!(
        error.to_string().starts_with("the log is damaged: "),
        "{error}"
    );
}

/// A changed byte of the compressed data is found, unless the lines are the same.
#[test]
fn a_changed_sealed_file_is_found() {
    let place = directory();
    let path = place.path();
    let settings = settings(2, 700);
    let stored = write(path, settings, 4).pop().unwrap();
    let content = content(path);
    let name = "decisions-00000001.log.zst";
    let sealed = &content[name];
    let plain = zstd::decode_all(&**sealed).unwrap();
    let none = TrustedKeys::none();
    let mut unchanged = 0;
    for byte in 0..sealed.len() {
        for change in [1, 0x80, 0xff] {
            let mut bytes = sealed.clone();
            bytes[byte] ^= change;
            fs::write(path.join(name), &bytes).unwrap();
            let is_same = zstd::decode_all(&*bytes).is_ok_and(|it| it == plain);
            unchanged += usize::from(is_same);
            let seen = verify(path, &none, Some(&stored)).unwrap();
            assert_eq!(seen.is_verified(), is_same, "{byte}: {:?}", seen.faults);
        }
        fs::write(path.join(name), &sealed[..byte]).unwrap();
        let seen = verify(path, &none, Some(&stored)).unwrap();
        assert!(!seen.is_verified(), "{byte}");
    }
    assert!(unchanged < 10, "{unchanged}");
    let last = plain
        .split_inclusive(|byte| *byte == b'\n')
        .next_back()
        .unwrap();
    for more in [last, b"row", b"\n", b"\0"] {
        let more = zstd::encode_all(more, 1).unwrap();
        fs::write(path.join(name), [&**sealed, &more].concat()).unwrap();
        assert!(!verify(path, &none, Some(&stored)).unwrap().is_verified());
    }
}

/// Both forms of a file exist after an interrupted rotation, but then they are equal.
#[test]
fn different_forms_of_a_file_are_a_fault() {
    let place = directory();
    let path = place.path();
    write(path, settings(2, 700), 2);
    let sealed = &content(path)["decisions-00000001.log.zst"];
    let plain = zstd::decode_all(&**sealed).unwrap();
    for other in [&plain[..plain.len() - 1], b"", &[&*plain, b"\n"].concat()] {
        fs::write(path.join("decisions-00000001.log"), other).unwrap();
        let seen = verify(path, &keys(), None).unwrap();
        assert_eq!(
            seen.faults[0].to_string(),
            "`decisions-00000001.log` and its sealed form differ"
        );
        let error = DecisionLog::open(path, signer(), settings(2, 700)).unwrap_err();
        assert!(
            error.to_string().starts_with("the log is damaged: "),
            "{error}"
        );
    }
}
