//! Tests of the forge: check values, universe, regimes, templates, inputs and texts.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking"
)]

mod check_values;
mod inputs;
mod regimes;
#[path = "../support/mod.rs"]
mod support;
mod templates;
mod texts;
mod universe;
