//! Tests of texts and records that must not change unnoticed and are stored in `snapshots/`: the
//! line and the record of every skip reason, explanations, and the violations of an invalid policy.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/columns.rs"]
mod columns;
#[path = "support/sample_policy.rs"]
mod sample_policy;

/// The snapshots, one file per topic.
mod snapshots {
    pub(crate) mod explanations;
    pub(crate) mod policies;
    pub(crate) mod reasons;
    pub(crate) mod scenario;
}

use sample_policy::sample_policy_json;
use snapshots::scenario::{Report, Scenario};

/// Compares a text with the snapshot of this name.
fn keep(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}
