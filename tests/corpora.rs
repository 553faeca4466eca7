//! Tests that replay the fuzzing corpora, and every input with which a fuzzer found a fault.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, reads files, and prints the failing input"
)]

mod oracle {
    pub(crate) mod compare;
    pub(crate) mod engine;
    pub(crate) mod naive;
}

#[path = "../fuzz/src/decide.rs"]
mod decide;
#[path = "../fuzz/src/draft.rs"]
mod draft;
#[path = "../fuzz/src/harvest.rs"]
mod harvest;
#[path = "../fuzz/src/intent.rs"]
mod intent;
#[path = "../fuzz/src/kept.rs"]
mod kept;
#[path = "../fuzz/src/policy.rs"]
mod policy;
#[path = "../fuzz/src/worlds.rs"]
mod worlds;

#[test]
fn policy_corpus() {
    kept::replay("policy", policy::run);
}

#[test]
fn intent_corpus() {
    kept::replay("intent", intent::run);
}

#[test]
fn decide_corpus() {
    kept::replay("decide", decide::run);
}

#[test]
fn harvest_corpus() {
    kept::replay("harvest", harvest::run);
}
