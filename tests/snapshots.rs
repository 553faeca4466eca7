//! What people and programs read, kept word for word under `snapshots/`: every reason's line and record, every
//! explanation, and what is wrong with a policy in which nothing is right.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

/// One file a theme.
mod snapshots {
    pub(crate) mod asking;
    pub(crate) mod explanations;
    pub(crate) mod policies;
    pub(crate) mod reasons;
}

use snapshots::asking::{Asking, Told};
use support::sample_policy_json;

/// Keeps a text under a name.
fn keep(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}
