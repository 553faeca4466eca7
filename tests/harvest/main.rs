//! Tests of the harvest: check values, edge cases, parsing, and equality of batch and single call.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod allocation;
mod batch;
mod edges;
mod position;
mod support;
mod table;
mod wire;

#[path = "../support/mod.rs"]
mod sample;
