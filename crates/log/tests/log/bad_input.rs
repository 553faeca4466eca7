//! Directories and files that are not those of a log, files that cannot be read, and two writers.

use std::fs;

use portcullis_log::{DecisionLog, LogError, verify};
use portcullis_store::TrustedKeys;

use crate::{
    append,
    support::{content, directory, keys, restore, settings, signer},
    write,
};

#[test]
fn a_directory_of_another_program_is_refused() {
    let directory = directory();
    let path = directory.path();
    fs::write(path.join("data.db"), "x").unwrap();
    let shown = path.display();
    let error = DecisionLog::open(path, signer(), settings(1, 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{shown}` contains no log, but other files such as `data.db`; use an empty directory"
        )
    );
    let error = verify(path, &keys(), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{shown}` contains no log; check the path")
    );
    let names: Vec<_> = fs::read_dir(path).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is created in it");
}

#[test]
fn other_names_next_to_a_log_are_reported() {
    let directory = directory();
    let path = directory.path();
    write(path, settings(1, 1), 2);
    for name in [
        "decisions-3.log",
        "decisions-00000000.log",
        "decisions-000000003.log",
        "a\u{1b}b",
    ] {
        fs::write(path.join(name), "x").unwrap();
    }
    let seen = verify(path, &keys(), None).unwrap();
    assert!(seen.is_verified());
    assert_eq!(
        seen.foreign,
        [
            "a\\u{1b}b",
            "decisions-00000000.log",
            "decisions-000000003.log",
            "decisions-3.log"
        ]
    );
    assert_eq!(
        DecisionLog::open(path, signer(), settings(1, 1))
            .unwrap()
            .rows(),
        2
    );
}

#[test]
fn a_missing_directory_is_an_error() {
    let directory = directory();
    let path = directory.path().join("absent");
    let expected = format!(
        "`{}`: No such file or directory (os error 2)",
        path.display()
    );
    let opened = DecisionLog::open(&path, signer(), settings(1, 1));
    assert_eq!(opened.unwrap_err().to_string(), expected);
    assert_eq!(
        verify(&path, &keys(), None).unwrap_err().to_string(),
        expected
    );
}

#[test]
fn a_second_writer_is_refused() {
    let directory = directory();
    let path = directory.path();
    let mut first = DecisionLog::open(path, signer(), settings(9, 1 << 20)).unwrap();
    append(&mut first, 1, 1, 0).unwrap();
    let error = DecisionLog::open(path, signer(), settings(9, 1 << 20)).unwrap_err();
    let directory = path.display().to_string();
    assert_eq!(error, LogError::Locked { directory });
    // A log can be verified while it is written.
    assert_eq!(verify(path, &keys(), None).unwrap().rows, 1);
    drop(first);
    assert_eq!(
        DecisionLog::open(path, signer(), settings(9, 1 << 20))
            .unwrap()
            .rows(),
        1
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_is_not_a_regular_file_is_an_error() {
    for is_link in [false, true] {
        let directory = directory();
        let path = directory.path();
        write(path, settings(9, 1 << 20), 2);
        let file = path.join("decisions-00000001.log");
        let other = path.join("other");
        fs::rename(&file, &other).unwrap();
        let why = if is_link {
            std::os::unix::fs::symlink(&other, &file).unwrap();
            "`decisions-00000001.log` is a symbolic link, which is not followed; use the path of its target"
        } else {
            fs::create_dir(&file).unwrap();
            "it is not a regular file"
        };
        let expected = format!("`{}`: {why}", file.display());
        let opened = DecisionLog::open(path, signer(), settings(9, 1 << 20));
        assert_eq!(opened.unwrap_err().to_string(), expected);
        assert_eq!(
            verify(path, &keys(), None).unwrap_err().to_string(),
            expected
        );
    }
}

#[test]
fn an_unknown_field_or_format_is_a_fault() {
    let directory = directory();
    let path = directory.path();
    write(path, settings(9, 1 << 20), 2);
    let file = path.join("decisions-00000001.log");
    let text = fs::read_to_string(&file).unwrap();
    for (from, to, why) in [
        (
            "{\"format\":1",
            "{\"format\":2",
            "line 1, after row 0: format 2 is not supported; this version reads format 1 (at byte 11 of the JSON)",
        ),
        (
            "\"file\":1",
            "\"file\":1,\"x\":1",
            "line 1, after row 0: unknown field `x`, expected `format` or `file` (at byte 24 of the JSON)",
        ),
        (
            "\"engine\"",
            "\"motor\"",
            "line 2, after row 0: unknown field `motor`",
        ),
        (
            ",\"engine\":\"0.1.0\"",
            "",
            "line 2, after row 0: missing field `engine`",
        ),
        (
            ":\"0.1.0\"",
            ": \"0.1.0\"",
            "line 2, after row 0: the JSON is not in the canonical form",
        ),
        ("\"answer\":{", "\"answer\":[{", "line 2, after row 0: "),
        (
            "file ",
            "",
            "line 1, after row 0: the line does not begin with `file`, `row` or `checkpoint`",
        ),
        (
            "\"file\":1",
            "\"file\":2",
            "line 1, after row 0: this is the header of file 2",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        fs::write(&file, changed).unwrap();
        let seen = verify(path, &TrustedKeys::none(), None).unwrap();
        let fault = seen.faults[0].to_string();
        assert!(
            fault.starts_with(&format!("`decisions-00000001.log`, {why}")),
            "{fault}"
        );
        let opened = DecisionLog::open(path, signer(), settings(9, 1 << 20));
        assert!(matches!(opened, Err(LogError::Damaged(_))));
    }
}

/// A file is sealed before the next one is created, and the last sealed file is never removed.
#[test]
fn files_that_no_interrupted_write_leaves_are_a_fault() {
    let directory = directory();
    let path = directory.path();
    write(path, settings(2, 700), 5);
    let begin = content(path);
    let check = |expected: &str| {
        let fault = verify(path, &keys(), None).unwrap().faults.remove(0);
        assert_eq!(fault.to_string(), expected);
        let opened = DecisionLog::open(path, signer(), settings(2, 700));
        assert!(matches!(opened, Err(LogError::Damaged(_))));
    };
    let plain = zstd::decode_all(&*begin["decisions-00000001.log.zst"]).unwrap();
    fs::write(path.join("decisions-00000001.log"), plain).unwrap();
    fs::remove_file(path.join("decisions-00000001.log.zst")).unwrap();
    check(
        "`decisions-00000001.log` is not complete: it is not sealed, or has no checkpoint at its end, after row 2",
    );
    restore(path, &begin);
    for file in [1, 2] {
        fs::remove_file(path.join(format!("decisions-{file:08}.log.zst"))).unwrap();
    }
    fs::write(path.join("decisions-00000003.log"), "file {\"for").unwrap();
    check("file 2 is missing; it begins after row 0");
}

#[test]
fn at_most_a_thousand_faults_are_kept() {
    let directory = directory();
    let path = directory.path();
    let mut log = DecisionLog::open(path, signer(), settings(9999, 1 << 20)).unwrap();
    append(&mut log, 1, 1100, 0).unwrap();
    drop(log);
    let file = path.join("decisions-00000001.log");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("0.1.0", "0.1.1")).unwrap();
    let seen = verify(path, &TrustedKeys::none(), None).unwrap();
    assert_eq!((seen.faults.len(), seen.fault_count), (1000, 1100));
}
