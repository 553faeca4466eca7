//! Tests of the harvester with a real server. Each test writes positions and reads the proposals.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod alarm;
mod malformed;
mod once;
mod process;
mod proposals;
#[path = "../../../../tests/support/tally.rs"]
#[expect(dead_code, reason = "parts are used by tests of other faults only")]
mod tally;
mod unreachable;
mod usage;
