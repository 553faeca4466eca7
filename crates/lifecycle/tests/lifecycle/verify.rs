use portcullis_lifecycle::{Difference, Inputs, VerifyError, verify as verify_gate};
use portcullis_store::{MemoryStore, PublicationId};
use serde_json::json;

use crate::support::*;

fn verify(
    store: &MemoryStore,
    seq: u64,
    text: &str,
    tape: &str,
) -> Result<Vec<Difference>, VerifyError> {
    let inputs = Inputs {
        rules: &rules(text),
        replayer: &replayer(),
        candles: &[],
    };
    verify_gate(
        store,
        PublicationId::Seq(seq),
        &inputs,
        reader(tape),
        &mut |_| {},
    )
}

fn published(tape: &str) -> MemoryStore {
    let store = store(&[(2 * DAY, &policy(&[]))]);
    let draft = policy(&[("/leverage_by_symbol/BTCUSDT", json!(5))]);
    publish_draft(&store, &draft, &rules(RULES), (tape, &[])).unwrap();
    store
}

fn fields(differences: &[Difference]) -> Vec<&str> {
    differences.iter().map(|it| it.field.as_str()).collect()
}

#[test]
fn a_judgement_is_confirmed_also_with_a_longer_tape() {
    let store = published(&history(8));
    assert_eq!(verify(&store, 2, RULES, &history(8)).unwrap(), []);
    // A tape that was recorded longer has more records outside the window.
    let later = history(8)
        .lines()
        .last()
        .unwrap()
        .replace("2026-01-09T23", "2026-01-11T23");
    assert_eq!(
        verify(&store, 2, RULES, &(history(12) + &later)).unwrap(),
        []
    );
}

#[test]
fn another_history_or_gate_differs() {
    let store = published(&history(8));
    let edited = history(8).replace(r#""id":"491050","#, r#""id":"x","#);
    let found = verify(&store, 2, RULES, &edited).unwrap();
    assert_eq!(fields(&found), ["tape_blake3"]);
    let dropped: Vec<_> = history(8)
        .lines()
        .enumerate()
        .filter(|(n, _)| *n != 100)
        .map(|(_, it)| it.to_owned())
        .collect();
    let found = verify(&store, 2, RULES, &dropped.join("\n")).unwrap();
    assert!(
        fields(&found).contains(&"draft.answers_blake3"),
        "{found:?}"
    );
    let found = verify(&store, 2, &format!("# edited\n{RULES}"), &history(8)).unwrap();
    assert_eq!(fields(&found), ["gate_sha256"]);
}

#[test]
fn a_publication_without_a_gate_cannot_be_verified() {
    let store = published(&history(8));
    let found = verify(&store, 1, RULES, &history(8)).unwrap_err();
    assert_eq!(
        found.to_string(),
        "the publication with the sequence 1 was made without a judgement; choose one that was made with `--gate` or by `portcullis updater`, but not the first one"
    );
    let found = verify(&store, 7, RULES, &history(8)).unwrap_err();
    assert!(matches!(found, VerifyError::NotInHistory(_)), "{found}");
}

#[test]
fn a_tightening_is_confirmed_without_history() {
    let store = store(&[(2 * DAY, &policy(&[]))]);
    let draft = policy(&[("/leverage_by_symbol/BTCUSDT", json!(1))]);
    publish_draft(&store, &draft, &rules(RULES), ("", &[])).unwrap();
    assert_eq!(verify(&store, 2, RULES, "").unwrap(), []);
}
