//! Tests of secrets, and of untrusted texts in the output.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use crate::{
    policy_store::{STORE, published},
    program::{Place, Run},
};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

fn publish_signed(place: &Place) -> Run {
    place.run(&[
        "policy",
        "publish",
        "second.json",
        "--store",
        STORE,
        "--no-guardrails",
        "--signing-key",
        "signing.key",
        "--yes",
    ])
}

#[cfg(unix)]
#[test]
fn a_signing_key_that_other_users_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = published();
    place.put("signing.key", KEY);
    let set = |mode| {
        let path = place.path().join("signing.key");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for mode in [0o644, 0o640, 0o604, 0o660] {
        set(mode);
        let run = publish_signed(&place);
        assert_eq!(run.status, 2, "{mode:o}");
        let expected = format!("(mode {mode:03o}); run `chmod 600 signing.key`");
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
        assert!(!run.stderr.contains(KEY.trim()), "{}", run.stderr);
    }
    set(0o600);
    let run = publish_signed(&place);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
}

#[test]
fn no_output_contains_a_password() {
    let place = published();
    place.put("tape.jsonl", "{}\n");
    let url = "redis://me:s3cret@127.0.0.1:1/0";
    let stream = "redis://me:s3cret@127.0.0.1:1/a:b";
    // The second of these is not valid, because a `/` in a password must be encoded.
    let others = [
        "redis://:s3cret",
        "redis://me:x/s3cret@127.0.0.1:1/a:b",
        "s3cret://me:s3cret@h",
    ];
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for address in [url, stream, others[0], others[1], others[2]] {
        commands.extend([
            vec!["replay", address],
            vec!["replay", "--from", address],
            vec!["replay", "--from", address, "--format", "json"],
            vec!["replay", "tape.jsonl", "--policy", address],
            vec!["replay", "tape.jsonl", "--guardrails", address],
            vec!["replay", "tape.jsonl", "--policies", address],
            vec!["explain", address, "--record", "1"],
            vec!["convert", address, "--out", "out.jsonl"],
            vec![
                "diff",
                address,
                "--policy",
                "first.json",
                "--policy",
                "second.json",
            ],
            vec!["diff", "--answers", address, "tape.jsonl"],
            vec!["simulate", "tape.jsonl", "--candles", address],
            vec!["decide", "--policy", address],
            vec!["harvest", "--policy", address],
            vec!["proof", address],
            vec!["policy", "show", address],
            vec!["policy", "show", "--store", address],
            vec!["policy", "check", address],
            vec!["policy", "check", "--store", address, "--format", "json"],
            vec!["policy", "hash", address],
            vec!["policy", "history", "--store", address],
            vec!["policy", "audit", "--store", address],
            vec!["policy", "diff", address, "first.json"],
            vec![
                "policy",
                "diff",
                "current",
                "first.json",
                "--store",
                address,
            ],
            vec![
                "policy",
                "publish",
                address,
                "--store",
                STORE,
                "--no-guardrails",
                "--yes",
            ],
            vec![
                "policy",
                "publish",
                "first.json",
                "--store",
                address,
                "--no-guardrails",
                "--yes",
            ],
            vec![
                "policy",
                "sample",
                "--store",
                address,
                "--no-guardrails",
                "--yes",
            ],
            vec![
                "policy", "release", "--seq", "1", "--store", address, "--yes",
            ],
            vec!["policy", address],
            vec!["halt", "--all", "--store", address],
            vec!["halt", address, "--store", STORE],
            vec!["resume", "--all", "--store", address],
            vec!["harvester", "--redis", address, "--as", "harvest_service"],
            vec!["bridge", "--redis", address],
            vec!["bridge", "--no-guardrails", "--trusted-key", address],
            vec!["bridge", "--no-guardrails", "--metrics", address],
            vec![address],
            vec!["replay", "--out", address, "tape.jsonl"],
        ]);
    }
    // With a valid address, `record` waits until the server is reachable.
    for address in others {
        commands.push(vec!["record", "--redis", address, "--out", "out.jsonl"]);
    }
    for command in commands {
        // The scheme of one address contains the word as well.
        let run = place.run(&command);
        for text in [&run.stdout, &run.stderr] {
            let text = text.replace("s3cret://", "");
            assert!(!text.contains("s3cret"), "{command:?}: {text}");
        }
    }
    let mut help = place.command(&["bridge", "--help"]);
    let help = help.env("QUANTUM_REDIS_URL", url).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains("s3cret"));
}

#[test]
fn temporary_files_of_ended_processes_are_removed() {
    let place = Place::new();
    place.put("tape.jsonl", "{}\n");
    let name = |n: u8| format!(".portcullis-abcde{n}.part");
    let old = SystemTime::now() - Duration::from_secs(3600);
    for n in 0..4 {
        place.put(&name(n), "x");
        if n > 0 {
            let file = File::options().write(true).open(place.path().join(name(n)));
            file.unwrap().set_modified(old).unwrap();
        }
    }
    place.put("other.part", "x");
    // The process that owns one of the files is still running.
    let owner = File::open(place.path().join(name(1))).unwrap();
    owner.lock().unwrap();
    let run = place.run(&["replay", "tape.jsonl", "--out", "answers.jsonl"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let there = |name: &str| place.path().join(name).exists();
    assert!(there(&name(0)) && there(&name(1)) && there("other.part"));
    assert!(!there(&name(2)) && !there(&name(3)));
    assert!(there("answers.jsonl"));
}

#[cfg(unix)]
#[test]
fn a_file_store_does_not_follow_a_symbolic_link() {
    let place = published();
    let path = |name: &str| place.path().join(name);
    place.put("victim", "unchanged");
    for name in [
        "store.history.jsonl",
        "store.audit.jsonl",
        "store.lock",
        "store",
    ] {
        let file = path(name);
        let kept = path("kept");
        fs::rename(&file, &kept).unwrap();
        std::os::unix::fs::symlink(path("victim"), &file).unwrap();
        let run = place.run(&["halt", "--all", "--store", STORE]);
        let shown = place.run(&["policy", "show", "--store", STORE]);
        let failed = [&run, &shown].map(|run| run.stderr.contains("is a symbolic link"));
        assert!(
            failed.contains(&true),
            "{name}: {} {}",
            run.stderr,
            shown.stderr
        );
        assert_eq!(place.read("victim"), "unchanged");
        fs::remove_file(&file).unwrap();
        fs::rename(&kept, &file).unwrap();
    }
}

#[test]
fn texts_from_a_store_are_escaped_and_shortened() {
    let place = published();
    let long = "x".repeat(500);
    let evil = format!("\\u001b]0;owned\\u0007\\u202e{long}");
    let history = format!(
        "{{\"policy_seq\":\"9\",\"policy_version\":\"{evil}\",\"by\":\"{evil}\",\"reason\":\"{evil}\"}}\n"
    );
    let audit = format!(
        "{{\"entry\":\"2\",\"previous\":\"{evil}\",\"event\":\"{evil}\",\"by\":\"{evil}\",\"reason\":\"{evil}\",\"symbols\":\"{evil}\"}}\n\
         {{\"entry\":\"{evil}\"}}\n"
    );
    for (name, lines) in [("history", history), ("audit", audit)] {
        let file = format!("store.{name}.jsonl");
        let text = place.read(&file) + &lines;
        place.put(&file, text);
        let run = place.run(&["policy", name, "--store", STORE]);
        for text in [&run.stdout, &run.stderr] {
            let is_control = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!text.contains(is_control), "{text:?}");
            assert!(!text.contains(&long), "{text}");
        }
        assert!(run.stdout.contains("\\u{1b}]0;owned"), "{}", run.stdout);
    }
    let name = "a\u{1b}[2Jb";
    for arguments in [
        ["policy", "show", name],
        ["policy", "hash", name],
        ["proof", name, "--quiet"],
        ["replay", name, "--quiet"],
    ] {
        let run = place.run(&arguments);
        assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
    }
}

#[test]
fn a_release_is_confirmed_by_the_sequence_and_audited() {
    let place = published();
    let release = |more: &[&str]| {
        place.run(
            &[
                &["policy", "release", "--store", STORE, "--by", "ada"],
                more,
            ]
            .concat(),
        )
    };
    assert_eq!(release(&["--yes"]).status, 2);
    let unasked = release(&["--seq", "1"]);
    assert_eq!(unasked.status, 2);
    assert!(unasked.stderr.contains("`--yes`"), "{}", unasked.stderr);
    let wrong = release(&["--seq", "2", "--yes"]);
    assert_eq!(wrong.status, 1);
    assert!(
        wrong
            .stderr
            .contains("the last publication has sequence 1, not sequence 2; nothing was released"),
        "{}",
        wrong.stderr
    );
    let done = release(&["--seq", "1", "--yes", "--reason", "the bot writes again"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(
        done.stdout.starts_with("released after sequence 1"),
        "{}",
        done.stdout
    );
    assert!(!place.path().join("store").exists());
    let audit = place.run(&["policy", "audit", "--store", STORE]);
    assert_eq!(audit.status, 0);
    assert!(audit.stdout.contains("policy.released"), "{}", audit.stdout);
    assert!(
        audit.stdout.contains("(the bot writes again)"),
        "{}",
        audit.stdout
    );
}

#[test]
fn fields_of_another_program_are_reported_with_the_next_step() {
    let place = published();
    let written = "the fields were written by another program after publication 1";
    // Another program replaces the file with a policy that has no sequence.
    place.put("store", place.read("second.json"));
    let shown = place.run(&["policy", "show", "--store", STORE]);
    assert_eq!(shown.status, 0);
    assert!(shown.stderr.contains(written), "{}", shown.stderr);
    // It changes a field and leaves the hash of the publication.
    let hash = "ab".repeat(32);
    let stale =
        place
            .read("second.json")
            .replacen('{', &format!("{{\"policy_hash\":\"{hash}\","), 1);
    place.put("store", stale);
    for command in ["show", "check"] {
        let run = place.run(&["policy", command, "--store", STORE]);
        assert_eq!(run.status, 1);
        for text in [
            written,
            "`portcullis policy publish`",
            "`portcullis policy release`",
        ] {
            assert!(run.stderr.contains(text), "{}", run.stderr);
        }
    }
}
