#![doc = include_str!("../README.md")]

pub mod answer;
pub mod decide;
pub mod domain;
pub mod event;
pub mod exit;
pub mod explain;
pub mod guardrails;
pub mod harvest;
pub mod intent;
#[cfg(feature = "feed")]
pub mod observe;
pub mod policy;
#[cfg(feature = "proof")]
pub mod proof;
pub mod provenance;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod wire;

pub use wire::SyntaxError;
