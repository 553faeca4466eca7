//! Tests that recall and precision on the labelled trees are 1, and that every class of look-alikes is explained.

use std::{fs, path::Path};

use crate::table::Table;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proof/corpus");
/// Two trees in the style of a service that has grown over the years, written without knowledge of
/// the implementation of the checks.
const FIRST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proof/services/first");
const SECOND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proof/services/second");

fn check(folder: &str, snapshot: &str) {
    let table = Table::of(Path::new(folder));
    insta::with_settings!({
        snapshot_path => "../../../../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(snapshot, table.to_string());
    });
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
}

#[test]
fn findings_match_the_labels_of_the_corpus() {
    check(CORPUS, "proof_corpus");
}

#[test]
fn findings_match_the_labels_of_the_services() {
    check(FIRST, "proof_service_first");
    check(SECOND, "proof_service_second");
}

#[test]
fn the_corpus_covers_every_check_in_both_languages() {
    let table = Table::of(Path::new(CORPUS));
    let violations = table.labelled("Python") + table.labelled("Rust");
    let look_alikes: usize = table.look_alikes().values().sum();
    assert!(violations >= 150, "{violations} violations");
    assert!(look_alikes >= 150, "{look_alikes} look-alikes");
    for language in ["Python", "Rust"] {
        assert_eq!(table.checks(language), (1..=10).collect(), "{language}");
    }
}

#[test]
fn every_class_of_look_alikes_is_explained() {
    let classes = fs::read_to_string(Path::new(CORPUS).join("CLASSES.md")).unwrap();
    let explained = |class: &str| {
        classes
            .lines()
            .any(|line| line.starts_with(&format!("| {class} | ")))
    };
    let table = Table::of(Path::new(CORPUS));
    let open: Vec<_> = table
        .look_alikes()
        .keys()
        .filter(|class| !explained(class))
        .collect();
    assert!(open.is_empty(), "{open:?}");
}
