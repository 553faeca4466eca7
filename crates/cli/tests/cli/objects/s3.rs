//! Tests with a server of S3.

use std::{fs, path::Path, process::Command};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{command, in_parts, replayed, tapes};
use crate::program::{Place, Run};

const SECRET: &str = "s3cretK3y";

/// A server of S3 that checks signatures. The buckets are the folders of a temporary folder.
struct S3 {
    folder: TempDir,
    endpoint: String,
    _runtime: Runtime,
}

impl S3 {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("me", SECRET));
        let service = service.build();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client may close its connection at any time.
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self {
            folder,
            endpoint,
            _runtime: runtime,
        }
    }

    /// Writes an object, and returns its URL.
    fn put(&self, key: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join("bucket").join(key);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        fs::write(path, bytes).unwrap();
        format!("s3://bucket/{key}")
    }

    fn command(&self, place: &Place, arguments: &[&str]) -> Command {
        let mut command = command(place, arguments);
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "me")
            .env("AWS_SECRET_ACCESS_KEY", SECRET);
        command
    }

    fn run(&self, place: &Place, arguments: &[&str]) -> Run {
        Run::new(&self.command(place, arguments).output().unwrap())
    }
}

#[test]
fn objects_have_the_answers_of_files_in_all_formats() {
    let (s3, place) = (S3::start(), Place::new());
    for (extension, bytes) in tapes(&place) {
        let url = s3.put(&format!("day=1/a b+é%41.{extension}"), &bytes);
        place.put("local", bytes);
        let expected = replayed(&place, &["local"], |arguments| place.run(arguments));
        for threads in ["1", "3"] {
            let arguments = [&*url, "--threads", threads];
            let actual = replayed(&place, &arguments, |it| s3.run(&place, it));
            assert!(actual == expected, "{url}, {threads} threads");
        }
    }
    let url = s3.put("empty.jsonl", "");
    assert_eq!(replayed(&place, &[&url], |it| s3.run(&place, it)).1, "");
}

#[test]
fn patterns_expand_in_the_order_of_keys() {
    let (s3, place) = (S3::start(), Place::new());
    for key in ["d=2/b.jsonl", "d=2/a.jsonl", "d=1/c.jsonl", "d=1/c.gz", "e"] {
        s3.put(key, format!("{key}\n"));
    }
    s3.put("d=1/[x].jsonl", "exact\n");
    s3.put("d=1/x.jsonl", "x\n");
    s3.put("d=1/sub/y.jsonl", "y\n");
    let names = |pattern: &str| {
        let run = s3.run(&place, &["replay", pattern, "--plan", "1"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        let plan: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let inputs = plan["inputs"].as_array().unwrap().clone();
        let paths = inputs.iter().map(|input| {
            assert!(input["version"].is_string() && input.get("modified_ms").is_none());
            let path = input["path"].as_str().unwrap();
            path.strip_prefix("s3://bucket/").unwrap().to_owned()
        });
        paths.collect::<Vec<_>>()
    };
    assert_eq!(
        names("s3://bucket/d=*/[a-c].jsonl"),
        ["d=1/c.jsonl", "d=2/a.jsonl", "d=2/b.jsonl"]
    );
    assert_eq!(names("s3://bucket/d=1/[x].jsonl"), ["d=1/[x].jsonl"]);
    assert_eq!(
        names("s3://bucket/d=1/[xy].jsonl"),
        ["d=1/x.jsonl"],
        "a pattern does not match a folder"
    );
    assert_eq!(names("s3://bucket/*"), ["e"]);
    let run = s3.run(&place, &["replay", "s3://bucket/d=3/*.jsonl"]);
    assert_eq!(
        (run.status, &*run.stderr),
        (
            2,
            "portcullis: no file matches `s3://bucket/d=3/*.jsonl`: check the folder and the file extension\n"
        )
    );
}

#[test]
fn parts_of_objects_give_the_result_of_one_replay() {
    let (s3, place) = (S3::start(), Place::new());
    let all = tapes(&place);
    let names = all.iter().map(|(extension, bytes)| {
        s3.put(&format!("a.{extension}"), bytes);
        place.put(&format!("a.{extension}"), bytes);
        format!("a.{extension}")
    });
    let names: Vec<String> = names.collect();
    let urls: Vec<String> = names
        .iter()
        .map(|name| format!("s3://bucket/{name}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let (summary, answers) = in_parts(&urls, &place, |it| s3.run(&place, it));
    let whole = replayed(&place, &names, |it| place.run(it));
    let whole_summary = s3.run(&place, &[&["replay"], &*urls].concat()).stdout;
    assert_eq!(summary, whole_summary);
    assert!(answers == whole.1);

    // The size stays the same.
    let mut changed = all[0].1.clone();
    changed[0] = b' ';
    s3.put("a.jsonl", changed);
    let run = s3.run(&place, &["replay", "--part", "plan", "--number", "1"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .contains("`s3://bucket/a.jsonl` has changed since the plan was made"),
        "{}",
        run.stderr
    );
}

#[test]
fn other_commands_read_objects() {
    let (s3, place) = (S3::start(), Place::new());
    place.put("tape.jsonl", crate::records::generated(300, 3));
    place.run(&["replay", "tape.jsonl", "--out", "answers.jsonl"]);
    let answers = s3.put("answers.jsonl", place.read("answers.jsonl"));
    let tape = s3.put(
        "tape.jsonl",
        fs::read(place.path().join("tape.jsonl")).unwrap(),
    );
    let diff = s3.run(
        &place,
        &["diff", &tape, "--answers", &answers, "--fail-on-flip"],
    );
    assert_eq!((diff.status, &*diff.stderr), (0, ""));
    let same = s3.run(
        &place,
        &["diff", "--answers", &answers, "--answers", &answers],
    );
    assert_eq!((same.status, &*same.stderr), (0, ""));
    let converted = s3.run(&place, &["convert", &tape, "--out", "copy.jsonl"]);
    assert_eq!((converted.status, &*converted.stderr), (0, ""));
    assert!(
        fs::read(place.path().join("copy.jsonl")).unwrap()
            == fs::read(place.path().join("tape.jsonl")).unwrap()
    );
}

#[test]
fn errors_name_the_url_and_the_next_step_and_no_secret() {
    let (s3, place) = (S3::start(), Place::new());
    let url = s3.put("a.jsonl", "x\n");
    let check = |command: &mut Command, expected: &[&str]| {
        let run = Run::new(&command.output().unwrap());
        assert_eq!((run.status, &*run.stdout), (2, ""), "{expected:?}");
        for part in expected {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
    };
    let replay = |url: &str| s3.command(&place, &["replay", url]);
    check(
        &mut replay("s3://bucket/b.jsonl"),
        &[
            "cannot open `s3://bucket/b.jsonl`: there is no such object: check the bucket and the key",
        ],
    );
    check(
        &mut replay("s3://other/b.jsonl"),
        &["cannot open `s3://other/b.jsonl`", "check the bucket"],
    );
    check(
        &mut replay("s3://bucket/"),
        &["`s3://bucket` is a directory", "`s3://bucket/*.jsonl`"],
    );
    check(
        &mut replay("s3://bucket"),
        &["`s3://bucket` is a directory"],
    );
    check(&mut replay("s3:///a"), &["`s3://BUCKET/KEY`"]);
    let denied = [
        "`s3://bucket/a.jsonl`",
        "access is denied",
        "AWS_SECRET_ACCESS_KEY",
    ];
    check(
        replay(&url).env("AWS_SECRET_ACCESS_KEY", "s3cretOther"),
        &denied,
    );
    check(replay(&url).env("AWS_SKIP_SIGNATURE", "true"), &denied);
    // Without credentials, they are requested from the metadata service of the machine, which is unreachable.
    check(
        replay(&url)
            .env_remove("AWS_ACCESS_KEY_ID")
            .env("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1"),
        &["`s3://bucket/a.jsonl`", "AWS_ACCESS_KEY_ID"],
    );
    check(
        replay(&url).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        &["`s3://bucket/a.jsonl`", "AWS_ENDPOINT_URL"],
    );
    check(
        replay(&url).env_remove("AWS_ALLOW_HTTP"),
        &["`s3://bucket/a.jsonl`", "AWS_ALLOW_HTTP=true"],
    );
}
