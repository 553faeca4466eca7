//! The service as its neighbours meet it: a real server, positions in, proposals out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod alarm;
mod away;
mod odd;
mod once;
mod proposals;
mod support;
#[path = "../../../tests/support/tally.rs"]
#[expect(dead_code, reason = "made for tests of other faults too")]
mod tally;
mod usage;
