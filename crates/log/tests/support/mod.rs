//! Entries, settings and keys of the tests.

use std::{
    collections::BTreeMap,
    fs,
    num::{NonZeroU32, NonZeroU64},
    path::Path,
};

use portcullis::types::Timestamp;
use portcullis_log::{Digest, Entry, Settings, StreamPosition};
use portcullis_store::{PolicySigner, TrustedKeys};
use tempfile::TempDir;

/// The time of the first entry, in epoch milliseconds.
pub(crate) const START: i64 = 1_767_571_200_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START + seconds * 1000).unwrap()
}

/// Returns a signer whose key depends on `seed`. 43 characters of base64 and one `=` are 32 bytes.
pub(crate) fn signer_of(seed: char) -> PolicySigner {
    let secret = format!("{}A=", seed.to_string().repeat(42));
    PolicySigner::from_base64(&secret).unwrap()
}

pub(crate) fn signer() -> PolicySigner {
    signer_of('B')
}

pub(crate) fn keys() -> TrustedKeys {
    TrustedKeys::from_base64([&*signer().public_key()]).unwrap()
}

pub(crate) fn position(number: u64) -> StreamPosition {
    let millis = START.unsigned_abs() + number / 3 * 10;
    format!("{millis}-{}", number % 3).parse().unwrap()
}

/// The answer at each position of the stream, from number 1.
pub(crate) fn answer(number: u64) -> String {
    let id = position(number);
    match number % 4 {
        0 => format!(
            r#"{{"event":"trade.intent","id":"{id}","symbol":"BTCUSDT","side":"BUY","decision":"TRADE","leverage":8.5,"size_usd":200}}"#
        ),
        1 => format!(
            r#"{{"event":"trade.intent","id":"{id}","decision":"SKIP","reason":"POLICY_MISSING","detail":"no policy é “x” \n"}}"#
        ),
        _ => format!(r#"{{"id":"{id}","decision":"SKIP"}}"#),
    }
}

/// Calls `run` with the entries of the numbers.
pub(crate) fn with_entries<T>(
    numbers: impl IntoIterator<Item = u64>,
    run: impl FnOnce(&[Entry<'_>]) -> T,
) -> T {
    let answers: Vec<(u64, String)> = numbers.into_iter().map(|it| (it, answer(it))).collect();
    let entries: Vec<Entry<'_>> = answers
        .iter()
        .map(|(number, answer)| Entry {
            position: position(*number),
            answer,
            guardrails_hash: (number % 5 > 0).then(|| Digest::of("{}")),
            engine: "0.1.0",
            policy_hash: (number % 4 != 1).then(|| "ab".repeat(32).parse().unwrap()),
        })
        .collect();
    run(&entries)
}

pub(crate) fn settings(checkpoint_rows: u32, rotate_bytes: u64) -> Settings {
    Settings {
        checkpoint_rows: NonZeroU32::new(checkpoint_rows).unwrap(),
        checkpoint_sec: NonZeroU32::new(60).unwrap(),
        rotate_bytes: NonZeroU64::new(rotate_bytes).unwrap(),
        rotate_sec: NonZeroU32::new(3600).unwrap(),
        retain_files: None,
        retain_sec: None,
    }
}

/// Returns a directory, in memory if that is possible.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// The content of all files in a directory, except the lock.
pub(crate) type Content = BTreeMap<String, Vec<u8>>;

#[expect(clippy::disallowed_methods, reason = "tests read files")]
pub(crate) fn content(directory: &Path) -> Content {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "decisions.lock")
        .map(|name| {
            let bytes = fs::read(directory.join(&name)).unwrap();
            (name, bytes)
        })
        .collect()
}

pub(crate) fn restore(directory: &Path, content: &Content) {
    for entry in fs::read_dir(directory).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (name, bytes) in content {
        fs::write(directory.join(name), bytes).unwrap();
    }
    fs::write(directory.join("decisions.lock"), "").unwrap();
}

/// Returns the content of all files of a log as one text, decompressed and in order.
pub(crate) fn text(directory: &Path) -> String {
    let mut text = String::new();
    for (name, bytes) in content(directory) {
        let bytes = if name.ends_with(".zst") {
            zstd::decode_all(&*bytes).unwrap()
        } else {
            bytes
        };
        text.push_str(&String::from_utf8(bytes).unwrap());
    }
    text
}

/// Returns the answers of all rows, in order.
pub(crate) fn answers(directory: &Path) -> Vec<String> {
    let text = text(directory);
    let rows = text.lines().filter(|line| line.starts_with("row "));
    rows.map(|line| {
        let (_, answer) = line.split_once(r#""answer":"#).unwrap();
        answer.strip_suffix('}').unwrap().to_owned()
    })
    .collect()
}
