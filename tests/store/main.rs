//! One contract, held against every store; and what each of them does when things go wrong.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and looks into files"
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
