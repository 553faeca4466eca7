//! Tests of the harvest: check values, edge cases, parsing, and equality of batch and single call.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod allocation;
mod batch;
mod edges;
mod ladder;
mod position;
mod samples;
mod table;
mod wire;

#[path = "../support/sample_policy.rs"]
mod sample_policy;
