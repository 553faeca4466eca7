//! Tests of the bridge with a real server. Each test sends intents and reads the plans and skip
//! records.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod blocked;
#[path = "../../../../tests/support/certificates.rs"]
mod certificates;
mod claims;
mod clocks;
mod commit_step;
#[path = "../support/consumers.rs"]
mod consumers;
mod faults;
mod identity;
mod large;
mod logged;
mod metrics;
mod once;
mod plant;
mod policy;
mod policy_set;
mod process;
mod profile;
#[path = "../../../../tests/support/proxy.rs"]
mod proxy;
mod recorded;
mod recording;
mod redelivered;
mod rollout;
mod streams;
#[path = "../../../../tests/support/tally.rs"]
mod tally;
mod trim;
mod trust;
mod unreachable;
mod updater;
mod usage;
