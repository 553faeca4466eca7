//! The store of files.

use std::{fs, path::Path};

use portcullis::{
    guardrails::Halt,
    store::{FileStore, PolicyStore, PublishError, StoreError},
};
use tempfile::TempDir;

use crate::{
    contract::{Fixture, contract},
    policies::{absence, ada, fields_of, now, policy, publication, publish},
};

struct Files(TempDir);

fn files() -> Files {
    Files(tempfile::tempdir().unwrap())
}

impl Files {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}

impl Fixture for Files {
    fn open(&self) -> Box<dyn PolicyStore> {
        Box::new(FileStore::open(self.0.path()))
    }

    fn put(&self, fields: &[(String, String)]) {
        let path = self.path("policy.json");
        if fields.is_empty() {
            return fs::remove_file(path).unwrap();
        }
        let map: serde_json::Map<_, _> = fields
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        fs::write(path, serde_json::to_string(&map).unwrap()).unwrap();
    }
}

contract!(files());

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn all_lies_beside_the_policy() {
    let files = files();
    let store = FileStore::open(files.path("live.json"));
    publish(&store, "1");
    store.halt(&Halt::Everything, &ada(), now()).unwrap();
    assert_eq!(
        names(files.0.path()),
        [
            "live.audit.head",
            "live.audit.jsonl",
            "live.halt.json",
            "live.history.jsonl",
            "live.json",
            "live.lock",
        ]
    );
    let halt = fs::read_to_string(files.path("live.halt.json")).unwrap();
    assert_eq!(
        halt,
        "{\n  \"format\": 1,\n  \"halted\": [\n    \"*\"\n  ]\n}\n"
    );
    // The policy is one for everybody.
    let text = fs::read_to_string(files.path("live.json")).unwrap();
    let read = portcullis::policy::Policy::from_json(&text).unwrap();
    assert_eq!(read, store.load().unwrap());
}

#[test]
fn a_document_that_somebody_put_there_is_read_and_replaced() {
    let files = files();
    let text = crate::support::sample_policy_json(crate::policies::UNTIL);
    fs::write(files.path("policy.json"), &text).unwrap();
    let store = files.open();
    assert_eq!(store.load().unwrap().version(), "1.0.0-ai-sample");
    publish(&*store, "2");
    assert_eq!(store.load().unwrap().version(), "2");
}

#[test]
fn what_is_no_text_is_refused_and_not_replaced() {
    let files = files();
    let path = files.path("policy.json");
    let store = files.open();
    fs::write(&path, b"{\"a\": \"\xff\"}").unwrap();
    assert_eq!(absence(store.load()), "POLICY_PARSE_ERROR");
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert!(matches!(
        refused,
        PublishError::Store(StoreError::Foreign { .. })
    ));
    fs::write(&path, "{").unwrap();
    assert_eq!(absence(store.load()), "POLICY_PARSE_ERROR");
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert!(
        refused.to_string().ends_with("move it away and try again"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "{");
}

#[test]
fn a_directory_that_is_gone_is_a_store_that_is_away() {
    let files = files();
    let store = FileStore::open(files.path("gone/policy.json"));
    let error = store.load().unwrap_err();
    assert_eq!(absence(Err(error.clone())), "StoreUnavailable");
    assert!(error.to_string().contains("no such directory"), "{error}");
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert_eq!(refused.code(), Some("POLICY_STORE_UNAVAILABLE"));
}

#[test]
fn a_halt_that_nobody_understands_stops_everything() {
    let files = files();
    let store = files.open();
    for text in [
        "",
        "[]",
        r#"{"format": 2, "halted": []}"#,
        r#"{"format": 1}"#,
    ] {
        fs::write(files.path("policy.halt.json"), text).unwrap();
        assert_eq!(store.halts(), Ok(Halt::Everything), "{text}");
    }
    let text = r#"{"format": 1, "halted": ["not a symbol"]}"#;
    fs::write(files.path("policy.halt.json"), text).unwrap();
    assert_eq!(store.halts(), Ok(Halt::Everything));
    assert_eq!(
        store.resume(&Halt::Everything, &ada(), now()),
        Ok(Halt::Nothing)
    );
}

#[test]
fn an_edit_of_the_file_itself_shows() {
    let files = files();
    let store = files.open();
    publish(&*store, "1");
    publish(&*store, "2");
    let path = files.path("policy.audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let check = |text: &str, expected: &[&str]| {
        fs::write(&path, text).unwrap();
        let trail = store.audit().unwrap();
        let faults: Vec<_> = trail.faults().iter().map(ToString::to_string).collect();
        assert_eq!(faults, expected);
    };
    check(
        &text.replacen("ada", "eve", 1),
        &["entry 1 is not what was written"],
    );
    let (first, second) = text.split_once('\n').unwrap();
    check(
        &format!("{first}\n{}", second.replace("ada", "eve")),
        &["entry 2 is not what was written"],
    );
    check(&format!("{first}\n"), &["entry 2 is missing"]);
    check(second, &["entry 1 is missing"]);
    check(
        &format!("{first}\nnonsense\n{second}"),
        &["`policy.audit.jsonl`: line 2 is no record"],
    );
    // What was cut off at the end is missing for ever.
    check(&format!("{first}\n"), &["entry 2 is missing"]);
    publish(&*store, "3");
    let faults = store.audit().unwrap().faults().len();
    assert_eq!(faults, 1);
}

#[test]
fn a_format_that_is_not_known_is_refused() {
    let files = files();
    let store = files.open();
    publish(&*store, "1");
    fs::write(files.path("policy.audit.head"), r#"{"format":"2"}"#).unwrap();
    let seen = store.current_hash().unwrap();
    let refused = store.publish(&publication("2", ""), seen).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("no head of an audit in format 1"),
        "{refused}"
    );
    assert_eq!(store.load().unwrap().version(), "1");
}

#[test]
fn a_writer_that_knows_nothing_of_locks_is_not_overwritten_unseen() {
    let files = files();
    let store = files.open();
    let seen = Some(publish(&*store, "1").hash());
    files.put(&fields_of(&policy("foreign", "")));
    let refused = store.publish(&publication("2", ""), seen).unwrap_err();
    assert!(matches!(refused, PublishError::Conflict { .. }));
    assert_eq!(store.load().unwrap().version(), "foreign");
}

#[test]
fn a_store_is_called_by_its_file() {
    let files = files();
    let store = FileStore::open(files.0.path());
    let path = files.path("policy.json");
    assert_eq!(store.path(), &path);
    assert_eq!(store.name(), format!("the store at `{}`", path.display()));
}

/// The null device takes every byte, and has no disk to put it on.
#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_put_on_the_disk_is_not_taken() {
    let files = files();
    let store = files.open();
    std::os::unix::fs::symlink("/dev/null", files.path("policy.audit.jsonl")).unwrap();
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert_eq!(refused.code(), Some("POLICY_STORE_UNAVAILABLE"));
    assert_eq!(absence(store.load()), "NotFound");
}
