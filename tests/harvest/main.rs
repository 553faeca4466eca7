//! Harvests: the table of check values, the edges, and the batch beside the single call.

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
