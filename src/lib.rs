#![doc = include_str!("../README.md")]

pub mod answer;
pub mod decide;
pub mod exit;
pub mod explain;
pub mod guardrails;
pub mod harvest;
pub mod intent;
pub mod json;
pub mod policy;
pub mod provenance;
pub mod record;
pub mod types;
