//! Replay, comparison, ranking and simulation of recorded intents, and reports about them.

pub mod backfill;
pub mod diff;
pub mod generate;
mod quiet;
pub mod rank;
pub mod replay;
pub mod report;
mod rows;
pub mod sample;
pub mod simulate;
pub mod tape;
pub mod text;
mod threads;
pub mod trial;
