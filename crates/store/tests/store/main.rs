//! Contract tests for every policy store, and fault tests for each of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and they read files"
)]

mod addresses;
#[cfg(feature = "redis")]
#[path = "../../../../tests/support/certificates.rs"]
mod certificates;
mod contract;
mod feed;
mod file;
mod guardrails;
mod linearizable;
mod memory;
mod observed;
mod policies;
#[cfg(feature = "redis")]
#[path = "../../../../tests/support/proxy.rs"]
mod proxy;
mod readers;
#[cfg(feature = "redis")]
mod redis;
#[path = "../../../../tests/support/sample_policy.rs"]
mod sample_policy;
mod signatures;
#[path = "../../../../tests/support/tally.rs"]
mod tally;
