//! Replay, comparison, ranking and simulation of recorded intents, and reports about them.

pub mod diff;
pub mod generate;
pub mod rank;
pub mod replay;
pub mod report;
pub mod sample;
pub mod simulate;
pub mod tape;
