//! Tests of the command-line program, from arguments, files and pipes to answers, texts and exit status.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod activations;
mod answers;
mod damaged;
mod decided;
mod deploy;
mod diff;
mod diff_answers;
mod diff_refused;
mod digest;
mod environment;
mod errors;
mod flips;
mod laws;
mod lines;
mod memory;
mod out;
mod parquet;
mod pipes;
mod policy_files;
mod proof;
mod rank;
mod report;
mod sample;
mod schema;
mod simulate;
mod store;
mod support;
mod tapes;
mod texts;
mod usage;
