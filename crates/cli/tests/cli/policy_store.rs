//! Tests of the arguments and the output of the store commands, with file stores. The tests of the
//! stores themselves are in `portcullis-store`.

use serde_json::Value;

use crate::program::{Place, Run};

pub(crate) const STORE: &str = "file:store";

/// Returns a directory with two policies, the first of which is published.
pub(crate) fn published() -> Place {
    let place = Place::new();
    let sample = place.run(&["policy", "sample"]).stdout;
    let second = sample
        .replace("\"BTCUSDT\": 8", "\"BTCUSDT\": 5")
        .replace("1.0.0-ai-sample", "1.0.1");
    assert_ne!(sample, second);
    place.put("first.json", sample);
    place.put("second.json", second);
    let run = publish(&place, "first.json");
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    place
}

fn publish(place: &Place, file: &str) -> Run {
    place.run(&[
        "policy",
        "publish",
        file,
        "--store",
        STORE,
        "--no-guardrails",
        "--by",
        "ada",
        "--yes",
    ])
}

fn json(place: &Place, arguments: &[&str]) -> Value {
    let run = place.run(arguments);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_publication_is_shown_listed_and_audited() {
    let place = published();
    let second = publish(&place, "second.json");
    assert_eq!(second.status, 0);
    assert!(
        second
            .stdout
            .contains("~ leverage_by_symbol.BTCUSDT  8 → 5\n")
    );
    assert!(second.stdout.contains("sequence 2"), "{}", second.stdout);

    let shown = json(
        &place,
        &["policy", "show", "--store", STORE, "--format", "json"],
    );
    assert_eq!(shown["fields"]["policy_version"], "1.0.1");
    let history = json(
        &place,
        &["policy", "history", "--store", STORE, "--format", "json"],
    );
    assert_eq!(history[0]["policy_seq"], 2);
    assert_eq!(history[1]["by"], "ada");
    let audit = json(
        &place,
        &["policy", "audit", "--store", STORE, "--format", "json"],
    );
    assert_eq!(audit["whole"], true);
    assert_eq!(
        audit["entries"][1]["policy_hash"],
        history[0]["policy_hash"]
    );

    let diff = place.run(&["policy", "diff", "seq:1", "current", "--store", STORE]);
    assert!(
        diff.stdout
            .contains("~ policy_version              1.0.0-ai-sample → 1.0.1\n")
    );
}

#[test]
fn a_rollback_is_a_new_publication() {
    let place = published();
    publish(&place, "second.json");
    let back = place.run(&[
        "policy",
        "rollback",
        "--seq",
        "1",
        "--valid-for",
        "600",
        "--store",
        STORE,
        "--no-guardrails",
        "--by",
        "ada",
        "--reason",
        "too low",
        "--yes",
    ]);
    assert_eq!(back.status, 0, "{}", back.stderr);
    let history = json(
        &place,
        &["policy", "history", "--store", STORE, "--format", "json"],
    );
    assert_eq!(history[0]["policy_seq"], 3);
    assert_eq!(history[0]["policy_version"], "1.0.0-ai-sample");
    assert_eq!(history[0]["rollback_of"], history[2]["policy_hash"]);
    assert_eq!(history[0]["reason"], "too low");
}

#[test]
fn publishing_requires_confirmation_guardrails_and_a_valid_policy() {
    let place = published();
    let unasked = place.run(&[
        "policy",
        "publish",
        "second.json",
        "--store",
        STORE,
        "--no-guardrails",
        "--by",
        "ada",
    ]);
    assert_eq!(unasked.status, 2);
    assert!(unasked.stderr.contains("`--yes`"), "{}", unasked.stderr);

    let silent = place.run(&[
        "policy",
        "publish",
        "second.json",
        "--store",
        STORE,
        "--by",
        "ada",
        "--yes",
    ]);
    assert_eq!(silent.status, 2);
    assert!(
        silent.stderr.contains("--no-guardrails"),
        "{}",
        silent.stderr
    );

    place.put("narrow.json", r#"{"max_leverage": 4}"#);
    let refused = place.run(&[
        "policy",
        "publish",
        "second.json",
        "--store",
        STORE,
        "--guardrails",
        "narrow.json",
        "--by",
        "ada",
        "--yes",
    ]);
    assert_eq!(refused.status, 1);
    assert!(
        refused.stderr.contains("POLICY_CONSTRAINT_VIOLATION"),
        "{}",
        refused.stderr
    );

    place.put("broken.json", r#"{"policy_version": ""}"#);
    let broken = publish(&place, "broken.json");
    assert_eq!(broken.status, 1);
    assert!(broken.stdout.lines().count() > 3, "{}", broken.stdout);

    let history = json(
        &place,
        &["policy", "history", "--store", STORE, "--format", "json"],
    );
    assert_eq!(history.as_array().unwrap().len(), 1);
}

#[test]
fn an_edited_audit_log_is_reported() {
    let place = published();
    publish(&place, "second.json");
    let folder = std::fs::read_dir(place.path()).unwrap();
    let path = folder
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".audit.jsonl"))
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("ada", "eve", 1)).unwrap();
    let audit = place.run(&["policy", "audit", "--store", STORE]);
    assert_eq!(audit.status, 1);
    assert!(audit.stdout.contains("fault: "), "{}", audit.stdout);
}

#[test]
fn an_unusable_store_is_reported_on_one_line() {
    let place = Place::new();
    for (address, message) in [
        ("nonsense", "unknown scheme; use"),
        ("redis://user:secret@127.0.0.1:1", "not available"),
        ("redis://user:secret@@", "invalid address"),
    ] {
        let run = place.run(&["policy", "show", "--store", address]);
        assert_eq!(run.status, 2, "{address}");
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    }
    let empty = place.run(&["policy", "show", "--store", "file:nothing"]);
    assert_eq!(empty.status, 1);
}

#[test]
fn the_sample_is_published_if_a_store_is_given() {
    let place = Place::new();
    let sample = ["policy", "sample", "--store", STORE, "--by", "ada", "--yes"];
    let run = place.run(&sample);
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (
            2,
            "portcullis: publishing needs guardrails: use `--guardrails FILE`, or `--no-guardrails` to publish without them\n"
        )
    );
    let run = place.run(&[&sample[..], &["--no-guardrails"]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("sequence 1"), "{}", run.stdout);
    let check = place.run(&["policy", "check", "--store", STORE]);
    assert_eq!(check.status, 0, "{}", check.stderr);
    let lost = place.run(&["policy", "sample", "--yes"]);
    assert_eq!(lost.status, 2);
}
