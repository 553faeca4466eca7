//! Tests of the files that are examined, excluded, or unreadable.

use std::fs;

use serde_json::json;

use super::{CLEAN, LEVERAGE, fields, proof, report, tree};

#[test]
fn unreadable_files_fail_the_proof() {
    let place = tree(&[("ok.py", CLEAN), ("broken.py", "def x(:\n")]);
    place.put("utf16.py", b"x = 1\n\xff\xfe");
    place.put("long.json", "1".repeat((16 << 20) + 1));
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", place.path().join("gone.py")).unwrap();
    let reported = report(&place, &["."]);
    assert_eq!(reported["passed"], json!(false));
    assert_eq!(reported["findings"], json!([]));
    let unread = fields(&reported, "unread", &["file", "line", "column", "message"]);
    assert!(unread[0].starts_with("broken.py 1 7 "), "{unread:?}");
    let rest: &[&str] = &[
        #[cfg(unix)]
        "gone.py null null No such file or directory (os error 2)",
        "long.json null null larger than 16 MiB, the largest file that is read",
        "utf16.py 2 1 not UTF-8",
    ];
    assert_eq!(unread[1..], *rest);
    let text = proof(&place, &["."]).stdout;
    assert!(text.contains("\nutf16.py:2:1  not UTF-8\n"), "{text}");
}

#[test]
fn every_language_is_examined() {
    let place = tree(&[
        ("a.py", CLEAN),
        ("b.pyi", "def f() -> int: ...\n"),
        ("c.rs", "fn main() {}\n"),
        ("d.toml", "a = 1\n"),
        ("e.yaml", "a: 1\n"),
        ("f.yml", "a: 1\n"),
        ("g.json", "{\"a\": 1}\n"),
        (".env", "A=1\n"),
        (".env.local", "A=1\n"),
        ("prod.env", "A=1\n"),
        (".hidden/x.py", CLEAN),
    ]);
    let reported = report(&place, &["."]);
    assert_eq!(reported["passed"], json!(true), "{reported:#}");
    assert_eq!(
        fields(&reported, "examined", &["language", "files"]),
        [
            "python 3", "rust 1", "toml 1", "yaml 2", "json 1", "dotenv 3"
        ]
    );
    assert_eq!(reported["files"], json!(11));
}

#[test]
fn left_out_files_are_counted() {
    let place = tree(&[
        ("bot.py", CLEAN),
        ("test_a.py", LEVERAGE),
        ("a_test.py", LEVERAGE),
        ("a_test.rs", "broken("),
        ("tests.rs", "broken("),
        ("conftest.py", LEVERAGE),
        ("a/tests/b/x.py", LEVERAGE),
        ("a/tests/b/y.json", "{"),
        ("a/tests/readme.txt", ""),
        ("fixtures/x.yaml", "leverage: 10\n"),
        ("a/node_modules/x.py", LEVERAGE),
        ("b/node_modules/x.py", LEVERAGE),
        (".git/x.py", LEVERAGE),
        ("package-lock.json", "{}"),
        ("Cargo.lock", ""),
        ("a.txt", ""),
        ("Makefile", ""),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", place.path().join("a/up")).unwrap();
    let reported = report(&place, &["."]);
    assert_eq!(reported["passed"], json!(true), "{reported:#}");
    assert_eq!(reported["files"], json!(1));
    assert_eq!(
        fields(&reported, "left_out", &["count", "counted", "rule"]),
        [
            "1 files *.lock",
            "1 files *_test.py",
            "1 files *_test.rs",
            "1 trees .git/",
            "1 files conftest.py",
            "1 files fixtures/",
            "2 trees node_modules/",
            "1 files package-lock.json",
            "1 files test_*.py",
            "1 files tests.rs",
            "2 files tests/",
            #[cfg(unix)]
            "1 links symbolic link cycle",
            "2 files of other types",
        ]
    );
    // A rule applies to the entries below a given path, not to the path itself.
    let reported = report(&place, &["a/tests/b/x.py", "test_a.py"]);
    let files = fields(&reported, "findings", &["file"]);
    assert_eq!(files, ["a/tests/b/x.py", "test_a.py"]);
}

#[test]
fn a_file_is_examined_once() {
    let place = tree(&[("src/a/bot.py", LEVERAGE), ("src/ok.py", CLEAN)]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("a", place.path().join("src/b")).unwrap();
    let reported = report(&place, &["src", "./src/a", "src/a/bot.py", "src"]);
    assert_eq!(fields(&reported, "findings", &["file"]), ["src/a/bot.py"]);
    assert_eq!(reported["files"], json!(2));
    // A file left out under one path but given by another is examined, and not counted as left out.
    let place = tree(&[
        ("a.py", CLEAN),
        ("tests/x.py", LEVERAGE),
        ("tests/y.py", CLEAN),
    ]);
    let reported = report(&place, &[".", "tests/x.py"]);
    assert_eq!(fields(&reported, "findings", &["file"]), ["tests/x.py"]);
    assert_eq!(
        fields(&reported, "left_out", &["rule", "count"]),
        ["tests/ 1"]
    );
}

#[test]
fn paths_without_files_to_examine_are_rejected() {
    let place = tree(&[
        ("README.md", ""),
        ("tests/x.py", LEVERAGE),
        ("bot.py", CLEAN),
    ]);
    fs::create_dir(place.path().join("empty")).unwrap();
    let check = |arguments: &[&str], expected: &str| {
        let run = proof(&place, arguments);
        assert_eq!((run.status, &*run.stdout), (2, ""), "{arguments:?}");
        assert_eq!(run.stderr, format!("portcullis: {expected}\n"));
    };
    check(
        &["bot.py", "nope"],
        "`nope`: No such file or directory (os error 2)",
    );
    check(
        &["bot.py", "README.md"],
        "`README.md` contains no file to examine (0 excluded, 1 of other types)",
    );
    check(
        &["empty"],
        "`empty` contains no file to examine (0 excluded, 0 of other types)",
    );
    fs::remove_file(place.path().join("bot.py")).unwrap();
    check(
        &["."],
        "`.` contains no file to examine (1 excluded, 1 of other types)",
    );
    let run = proof(&place, &[]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.ends_with("see `portcullis proof --help`\n"),
        "{}",
        run.stderr
    );
}
