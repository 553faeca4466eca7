//! Tests of the decision log of a bridge.

use std::{fs, process::Output};

use super::process::{Bridge, PLANS, SKIPS, Server, eventually, program};

/// A signing key, and its public key.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

struct Logs {
    folder: tempfile::TempDir,
    server: Server,
}

impl Logs {
    fn new() -> Self {
        let (folder, server) = (tempfile::tempdir().unwrap(), Server::start());
        let key = folder.path().join("key");
        fs::write(&key, KEY).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let public = portcullis_store::PolicySigner::from_base64(KEY)
            .unwrap()
            .public_key();
        fs::write(folder.path().join("public"), public).unwrap();
        Self { folder, server }
    }

    fn write(&self) -> Bridge {
        let mut command = program(&[
            "log",
            "write",
            "logs",
            "--signing-key",
            "key",
            "--redis",
            &self.server.url(),
        ]);
        command.args(["--checkpoint-rows", "3", "--checkpoint-sec", "1"]);
        command.current_dir(self.folder.path());
        Bridge::spawn(command)
    }

    fn verify(&self, log: &str, stream: &str) -> Output {
        let mut command = program(&["log", "verify", &format!("logs/{log}"), "--key", "public"]);
        command.args(["--stored-for", stream, "--redis", &self.server.url()]);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn rows(&self, log: &str) -> usize {
        let mut command = program(&["log", "verify", &format!("logs/{log}"), "--format", "json"]);
        let output = command.current_dir(self.folder.path()).output().unwrap();
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        usize::try_from(found["rows"].as_u64().unwrap_or_default()).unwrap()
    }

    fn checkpoint(&self, stream: &str) -> Option<String> {
        let key = format!("quantum:log:checkpoint:{stream}");
        redis::cmd("GET")
            .arg(key)
            .query(&mut self.server.connect().0)
            .unwrap()
    }
}

#[test]
fn the_answers_of_a_bridge_are_logged_once_also_after_a_kill() {
    let logs = Logs::new();
    let mut redis = logs.server.connect();
    redis.publish(3600);
    let bridge = Bridge::start(&logs.server.url(), &[]);
    for n in 0..5 {
        redis.intent(&format!("a{n}"), "BTCUSDT");
        redis.intent(&format!("b{n}"), "UNKNOWN");
    }
    let writer = logs.write();
    eventually("five plans in the log", || {
        logs.rows("plans") == 5 && logs.rows("skips") == 5
    });
    writer.kill();
    for n in 5..9 {
        redis.intent(&format!("a{n}"), "BTCUSDT");
    }
    let writer = logs.write();
    eventually("nine plans in the log", || logs.rows("plans") == 9);
    // The last rows have a checkpoint after a second.
    eventually("a checkpoint of the ninth row", || {
        logs.checkpoint(PLANS)
            .is_some_and(|it| it.contains("\"row\":9"))
    });
    assert!(logs.checkpoint(SKIPS).is_some());
    writer.stop();
    bridge.stop();
    let verified = logs.verify("plans", PLANS);
    let text = String::from_utf8(verified.stdout).unwrap();
    assert_eq!(verified.status.code(), Some(0), "{text}");
    assert!(
        text.starts_with("9 rows in 1 file; 0 rows after the last checkpoint\n"),
        "{text}"
    );
    assert!(!text.contains("NOT"), "{text}");

    let folder = logs.folder.path().join("logs/plans");
    let file = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path());
    let file = file
        .into_iter()
        .find(|it| it.extension().is_some_and(|it| it == "log"))
        .unwrap();
    let content = fs::read_to_string(&file).unwrap();
    let changed = content.replacen("BTCUSDT", "ETHUSDT", 1);
    assert_ne!(changed, content);
    fs::write(&file, changed).unwrap();
    let edited = logs.verify("plans", PLANS);
    assert_eq!(edited.status.code(), Some(1));
    assert!(
        String::from_utf8(edited.stdout)
            .unwrap()
            .contains("fault: ")
    );
    let other = logs.verify("skips", PLANS);
    assert_eq!(other.status.code(), Some(1));
}

#[test]
fn wrong_inputs_of_a_log_are_errors() {
    let logs = Logs::new();
    let run = |arguments: &[&str]| {
        let output = program(arguments)
            .current_dir(logs.folder.path())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (status, text) = run(&["log", "verify", "absent"]);
    assert_eq!((status, text.contains("absent")), (Some(2), true), "{text}");
    let (status, text) = run(&["log", "verify", "."]);
    assert_eq!(
        (status, text.contains("contains no log")),
        (Some(2), true),
        "{text}"
    );
    let (status, text) = run(&["log", "write", "logs", "--signing-key", "public"]);
    assert_eq!(status, Some(2), "{text}");
    let (status, text) = run(&["log", "write", "logs"]);
    assert_eq!(
        (status, text.contains("--signing-key")),
        (Some(2), true),
        "{text}"
    );
    let url = logs.server.url();
    let (status, text) = run(&["log", "verify", ".", "--stored-for", "a", "--redis", &url]);
    assert_eq!(
        (status, text.contains("stores no checkpoint for `a`")),
        (Some(2), true),
        "{text}"
    );
}
