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
#[cfg(feature = "redis-tls")]
#[path = "../support/certificates.rs"]
mod certificates;
mod contract;
#[cfg(feature = "feed")]
mod feed;
#[cfg(feature = "file")]
mod file;
mod guardrails;
mod linearizable;
mod memory;
#[cfg(feature = "feed")]
mod observed;
mod policies;
#[cfg(feature = "redis")]
#[path = "../support/proxy.rs"]
mod proxy;
mod readers;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "signature")]
mod signatures;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/tally.rs"]
mod tally;
