//! Laws.

pub mod strategies;
