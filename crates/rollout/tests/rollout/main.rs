//! Tests of policy sets with single examples. The laws are in `tests/laws`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod buckets;
mod documents;
mod lifecycle;
mod schedules;
mod selection;
mod shadows;
#[path = "../support/mod.rs"]
mod support;
