//! Tests of the sequence that a reader remembers.

use std::sync::Arc;

use portcullis::policy::Policy;
use portcullis_store::{MemoryStore, SequenceGuard, Stored, VerifyingReader};

use crate::policies::{absence, policy, publish, replaced, with_hash};

type MemoryReader = VerifyingReader<Arc<MemoryStore>>;

fn reader(guard: SequenceGuard) -> (Arc<MemoryStore>, MemoryReader) {
    let store = Arc::new(MemoryStore::new());
    (Arc::clone(&store), VerifyingReader::new(store, guard))
}

fn rolled_back(seen: u64, offered: Option<u64>) -> String {
    format!("RolledBack {{ seen: {seen}, offered: {offered:?} }}")
}

#[test]
fn a_lower_sequence_is_rejected() {
    let (store, reader) = reader(SequenceGuard::in_memory());
    assert_eq!(absence(reader.load()), "NotFound");
    publish(&*store, "1");
    let old = Stored::Fields(publish_fields(&store, "2"));
    assert_eq!(absence(reader.load()), "a policy: 2");
    publish(&*store, "3");
    assert_eq!(absence(reader.load()), "a policy: 3");
    assert_eq!(absence(reader.load()), "a policy: 3");

    store.put(old);
    assert_eq!(absence(reader.load()), rolled_back(3, Some(2)));
    assert_eq!(
        reader.load().unwrap_err().to_string(),
        "the policy has sequence 2; another policy with sequence 3 was already seen; the fields were written by another program after \
         publication 3; publish again with `portcullis policy publish`, or leave the key to that program with \
         `portcullis policy release`"
    );
    // The first policy has no sequence, although the previous one had. The second policy has the
    // same sequence as another policy.
    store.put(Stored::Fields(with_hash(&policy("none", ""), None)));
    assert_eq!(absence(reader.load()), rolled_back(3, None));
    store.put(Stored::Fields(with_hash(&policy("twin", ""), Some(3))));
    assert_eq!(absence(reader.load()), rolled_back(3, Some(3)));
    store.put(Stored::Nothing);
    assert_eq!(absence(reader.load()), "NotFound");
    store.put(Stored::Fields(with_hash(&policy("later", ""), Some(4))));
    assert_eq!(absence(reader.load()), "a policy: later");
}

#[test]
fn an_extended_expiry_without_a_hash_is_detected_by_the_sequence() {
    let (store, reader) = reader(SequenceGuard::in_memory());
    let fields = replaced(&with_hash(&policy("1", ""), Some(1)), "policy_hash", None);
    store.put(Stored::Fields(fields.clone()));
    assert_eq!(absence(reader.load()), "a policy: 1");
    let extended = replaced(&fields, "valid_until_epoch", Some("1866550734"));
    store.put(Stored::Fields(extended));
    assert_eq!(absence(reader.load()), rolled_back(1, Some(1)));
}

#[test]
fn the_sequence_of_a_rejected_policy_is_not_remembered() {
    let (store, reader) = reader(SequenceGuard::in_memory());
    let torn = replaced(
        &with_hash(&policy("x", ""), Some(9)),
        "generator",
        Some("y"),
    );
    store.put(Stored::Fields(torn));
    assert_eq!(absence(reader.load()), "POLICY_HASH_MISMATCH");
    store.put(Stored::Fields(with_hash(&policy("1", ""), Some(1))));
    assert_eq!(absence(reader.load()), "a policy: 1");
}

fn publish_fields(store: &Arc<MemoryStore>, version: &str) -> Vec<(String, String)> {
    let receipt = publish(&**store, version);
    let policy: &Policy = receipt.policy();
    policy.fields().clone().into_iter().collect()
}

mod in_a_file {
    use std::fs;

    use super::*;

    #[test]
    fn sequences_are_remembered_across_restarts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seen.json");
        let (store, first) = reader(SequenceGuard::in_file(&path).unwrap());
        assert!(!path.exists());
        let old = publish_fields(&store, "1");
        publish(&*store, "2");
        assert_eq!(absence(first.load()), "a policy: 2");

        let second = SequenceGuard::in_file(&path).unwrap();
        let second = VerifyingReader::new(Arc::clone(&store), second);
        assert_eq!(absence(second.load()), "a policy: 2");
        publish(&*store, "3");
        assert_eq!(absence(second.load()), "a policy: 3");
        store.put(Stored::Fields(old));
        assert_eq!(absence(second.load()), rolled_back(3, Some(1)));
        let third = VerifyingReader::new(store, SequenceGuard::in_file(&path).unwrap());
        assert_eq!(absence(third.load()), rolled_back(3, Some(1)));
    }

    #[test]
    fn the_sequence_of_another_process_is_respected() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seen.json");
        let (store, slow) = reader(SequenceGuard::in_file(&path).unwrap());
        let fast = VerifyingReader::new(Arc::clone(&store), SequenceGuard::in_file(&path).unwrap());
        let first = publish_fields(&store, "1");
        publish(&*store, "2");
        assert_eq!(absence(fast.load()), "a policy: 2");
        store.put(Stored::Fields(first));
        assert_eq!(absence(slow.load()), rolled_back(2, Some(1)));
    }

    #[test]
    fn an_unusable_sequence_file_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seen.json");
        for text in [
            "",
            "{",
            r#"{"format":"2"}"#,
            r#"{"format":"1","highest_seq":"x"}"#,
        ] {
            fs::write(&path, text).unwrap();
            let error = SequenceGuard::in_file(&path).unwrap_err().to_string();
            assert!(error.contains("a highest sequence in format 1"), "{error}");
        }
        let gone = directory.path().join("gone/seen.json");
        let error = SequenceGuard::in_file(&gone).unwrap_err();
        assert!(error.to_string().contains("gone"), "{error}");
        fs::create_dir(gone.parent().unwrap()).unwrap();
        let (store, reader) = reader(SequenceGuard::in_file(&gone).unwrap());
        fs::remove_dir(gone.parent().unwrap()).unwrap();
        publish(&*store, "1");
        let refused = absence(reader.load());
        assert!(refused.starts_with("SequenceNotRecorded"), "{refused}");
        assert!(refused.contains("gone/seen.json"), "{refused}");
    }

    #[test]
    fn a_sequence_that_cannot_be_recorded_is_still_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seen.json");
        let (store, reader) = reader(SequenceGuard::in_file(&path).unwrap());
        let first = publish_fields(&store, "1");
        assert_eq!(absence(reader.load()), "a policy: 1");
        // The new content of the file cannot be written.
        let blocked = directory.path().join("seen.json.new");
        fs::create_dir(&blocked).unwrap();
        let second = publish_fields(&store, "2");
        let refused = reader.load().unwrap_err().to_string();
        assert!(
            refused
                .starts_with("the sequence of the policy cannot be recorded: the sequence file `"),
            "{refused}"
        );
        assert!(refused.contains("os error"), "{refused}");
        store.put(Stored::Fields(first.clone()));
        assert_eq!(absence(reader.load()), rolled_back(2, Some(1)));
        store.put(Stored::Fields(second));
        fs::remove_dir(&blocked).unwrap();
        assert_eq!(absence(reader.load()), "a policy: 2");
        store.put(Stored::Fields(first));
        let restarted = SequenceGuard::in_file(&path).unwrap();
        let restarted = VerifyingReader::new(Arc::clone(&store), restarted);
        assert_eq!(absence(restarted.load()), rolled_back(2, Some(1)));
    }
}
