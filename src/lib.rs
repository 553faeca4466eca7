//! Portcullis.

pub mod domain;
pub mod provenance;
mod wire;
