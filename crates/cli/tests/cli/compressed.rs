//! Tests of compressed outputs: the extension of the file selects the compression.

use std::{fs, io::Read as _};

use crate::{
    program::Place,
    records::{generated, gzip, policy},
};

/// Decompresses the content of a file, according to the extension.
fn decompressed(name: &str, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    match name.rsplit_once('.') {
        Some((_, "zst" | "ZST")) => zstd::decode_all(bytes),
        Some((_, "gz")) => {
            let mut plain = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain)?;
            Ok(plain)
        }
        _ => Ok(bytes.to_vec()),
    }
}

#[test]
fn decompressed_outputs_equal_plain_ones() {
    let place = Place::new();
    // The answers have more bytes than one job of the compressor.
    place.put("tape.jsonl", generated(6000, 3));
    place.put("none.jsonl", "");
    place.put("one", policy("1").to_string());
    place.put("two", policy("2").to_string().replace("0.1", "0.2"));
    let two = ["--policy", "one", "--policy", "two"];
    for arguments in [
        &["replay", "tape.jsonl"][..],
        &["replay", "tape.jsonl", "--threads", "3"],
        &["replay", "none.jsonl"],
        &[&["diff", "tape.jsonl"], &two[..]].concat(),
        &["convert", "tape.jsonl"],
    ] {
        let written = |name: &str| {
            let run = place.run(&[arguments, &["--out", name]].concat());
            assert_eq!((run.status, &*run.stderr), (0, ""), "{arguments:?} {name}");
            let bytes = fs::read(place.path().join(name)).unwrap();
            let plain = decompressed(name, &bytes).unwrap();
            (bytes.len(), plain)
        };
        let (plain_bytes, plain) = written("plain");
        for name in ["a.jsonl.zst", "a.ZST", "a.jsonl.gz"] {
            let (bytes, content) = written(name);
            assert!(content == plain, "{arguments:?} {name}");
            assert!(
                bytes < plain_bytes || plain.is_empty(),
                "{arguments:?} {name}"
            );
        }
    }
}

#[test]
fn answers_before_a_read_error_are_kept() {
    let place = Place::new();
    let archive = gzip(&generated(2000, 9));
    place.put("cut", &archive[..archive.len() / 2]);
    let answers = ["answers", "answers.zst", "answers.gz"].map(|name| {
        let run = place.run(&["replay", "cut", "--out", name]);
        assert_eq!(run.status, 2);
        decompressed(name, &fs::read(place.path().join(name)).unwrap()).unwrap()
    });
    assert!(answers[0].len() > 10_000);
    assert!(answers.iter().all(|it| *it == answers[0]));
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    if !fs::exists("/dev/full").unwrap() {
        return;
    }
    let place = Place::new();
    place.put("tape", generated(3000, 9));
    for name in ["full", "full.zst", "full.gz", "full.parquet"] {
        std::os::unix::fs::symlink("/dev/full", place.path().join(name)).unwrap();
        let run = place.run(&["replay", "tape", "--out", name]);
        let message =
            format!("portcullis: cannot write `{name}`: No space left on device (os error 28)\n");
        assert_eq!((run.status, &*run.stdout, run.stderr), (2, "", message));
    }
}

/// A run that fails does not complete its output. The output is a pipe here, because a file would be removed.
#[cfg(unix)]
#[test]
fn the_output_of_a_failed_run_does_not_look_complete() {
    let place = Place::new();
    let archive = gzip(&generated(3000, 9));
    place.put("cut", &archive[..archive.len() / 2]);
    for name in ["pipe.zst", "pipe.gz"] {
        let path = place.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let reader = std::thread::spawn(move || fs::read(path).unwrap());
        let run = place.run(&["convert", "cut", "--out", name]);
        assert_eq!(run.status, 2);
        let bytes = reader.join().unwrap();
        assert!(decompressed(name, &bytes).is_err(), "{name}");
    }
}

/// If the reader of a pipe ends, the exit status is that of the whole run, as without compression.
#[cfg(unix)]
#[test]
fn a_closed_pipe_does_not_change_the_exit_status() {
    let place = Place::new();
    place.put("tape", generated(3000, 9));
    for name in ["pipe", "pipe.zst", "pipe.gz"] {
        let path = place.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let reader = std::thread::spawn(move || {
            let mut begin = [0; 10];
            fs::File::open(path)
                .unwrap()
                .read_exact(&mut begin)
                .unwrap();
        });
        let run = place.run(&["replay", "tape", "--out", name]);
        assert_eq!((run.status, &*run.stderr), (0, ""), "{name}");
        reader.join().unwrap();
    }
}
