//! Tests of the harvester with a real server. Each test writes positions and reads the proposals.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod alarm;
mod commit_step;
#[path = "../support/consumers.rs"]
#[expect(dead_code, reason = "only the apply layer is used")]
mod consumers;
mod malformed;
mod once;
#[path = "../bridge/plant.rs"]
mod plant;
mod policy_set;
mod process;
mod profile;
mod proposals;
#[path = "../../../../tests/support/proxy.rs"]
#[expect(dead_code, reason = "only the random numbers are used")]
mod proxy;
#[path = "../../../../tests/support/tally.rs"]
#[expect(dead_code, reason = "parts are used by tests of other faults only")]
mod tally;
mod unreachable;
mod usage;
