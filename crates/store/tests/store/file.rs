//! Tests of the store in files.

use std::{fs, path::Path};

use portcullis::{decide::SkipCode, guardrails::Halt};
use portcullis_store::{FileStore, PolicyStore, PublishError, StoreError};
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
fn all_files_are_next_to_the_policy() {
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
    // Any reader can parse the policy file.
    let text = fs::read_to_string(files.path("live.json")).unwrap();
    let read = portcullis::policy::Policy::from_json(&text).unwrap();
    assert_eq!(read, store.load().unwrap());
}

#[test]
fn a_document_of_another_writer_is_read_and_replaced() {
    let files = files();
    let text = crate::sample_policy::sample_policy_json(crate::policies::UNTIL);
    fs::write(files.path("policy.json"), &text).unwrap();
    let store = files.open();
    assert_eq!(store.load().unwrap().version(), "1.0.0-ai-sample");
    publish(&*store, "2");
    assert_eq!(store.load().unwrap().version(), "2");
}

#[test]
fn invalid_text_is_rejected_and_not_replaced() {
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
        refused
            .to_string()
            .ends_with("move it elsewhere and try again"),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "{");
}

#[test]
fn a_store_without_its_directory_is_unavailable() {
    let files = files();
    let store = FileStore::open(files.path("gone/policy.json"));
    let error = store.load().unwrap_err();
    assert_eq!(absence(Err(error.clone())), "StoreUnavailable");
    assert!(error.to_string().contains("no such directory"), "{error}");
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert_eq!(refused.code(), Some(SkipCode::PolicyStoreUnavailable));
}

#[test]
fn an_unreadable_halt_halts_everything() {
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
fn an_edit_of_the_audit_file_is_detected() {
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
        &["entry 1 was edited: its digest differs from the recorded one"],
    );
    let (first, second) = text.split_once('\n').unwrap();
    check(
        &format!("{first}\n{}", second.replace("ada", "eve")),
        &["entry 2 was edited: its digest differs from the recorded one"],
    );
    check(&format!("{first}\n"), &["entry 2 is missing"]);
    check(second, &["entry 1 is missing"]);
    check(
        &format!("{first}\nnonsense\n{second}"),
        &["`policy.audit.jsonl`: line 2 is not a record"],
    );
    // An entry removed from the end stays missing.
    check(&format!("{first}\n"), &["entry 2 is missing"]);
    publish(&*store, "3");
    let faults = store.audit().unwrap().faults().len();
    assert_eq!(faults, 1);
}

#[test]
fn an_unknown_format_is_rejected() {
    let files = files();
    let store = files.open();
    publish(&*store, "1");
    fs::write(files.path("policy.audit.head"), r#"{"format":"2"}"#).unwrap();
    let seen = store.current_hash().unwrap();
    let refused = store.publish(&publication("2", ""), seen).unwrap_err();
    assert!(
        refused.to_string().contains("an audit head in format 1"),
        "{refused}"
    );
    assert_eq!(store.load().unwrap().version(), "1");
}

#[test]
fn the_policy_of_a_writer_without_locks_is_not_overwritten() {
    let files = files();
    let store = files.open();
    let seen = Some(publish(&*store, "1").hash());
    files.put(&fields_of(&policy("foreign", "")));
    let refused = store.publish(&publication("2", ""), seen).unwrap_err();
    assert!(matches!(refused, PublishError::Conflict { .. }));
    assert_eq!(store.load().unwrap().version(), "foreign");
}

#[test]
fn the_name_of_a_store_contains_its_file() {
    let files = files();
    let store = FileStore::open(files.0.path());
    let path = files.path("policy.json");
    assert_eq!(
        store.name(),
        format!("the policy store at `{}`", path.display())
    );
}

/// The null device accepts every byte, but it cannot be synced.
#[test]
#[cfg(target_os = "linux")]
fn a_failed_sync_fails_the_publication() {
    let files = files();
    let store = files.open();
    std::os::unix::fs::symlink("/dev/null", files.path("policy.audit.jsonl")).unwrap();
    let refused = store.publish(&publication("1", ""), None).unwrap_err();
    assert_eq!(refused.code(), Some(SkipCode::PolicyStoreUnavailable));
    assert_eq!(absence(store.load()), "NotFound");
}
