//! Tests of the command-line program, from arguments, files and pipes to answers, texts and exit status.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod answers;
mod bounds;
mod browser;
mod color;
mod compressed;
mod convert;
mod damaged;
mod decide;
mod deploy;
mod diff;
mod diff_answers;
mod diff_answers_errors;
mod diff_out;
mod digest;
mod environment;
mod errors;
mod exit_status;
mod explain;
mod generate;
mod halt;
mod help;
mod history;
mod laws;
mod layout;
mod memory;
mod mistakes;
mod nothing_judged;
#[cfg(feature = "object-store")]
mod objects;
mod output_files;
mod parquet;
mod parquet_rows;
mod parquet_writers;
mod parts;
mod pipes;
mod policy;
mod policy_gate;
mod policy_rollout;
mod policy_schema;
mod policy_sets;
mod policy_store;
mod policy_timeline;
mod program;
mod proof;
mod recorded_decisions;
mod records;
mod replay;
mod replay_policies;
mod report;
mod secrets;
mod simulate;
mod simulate_fills;
mod tapes;
