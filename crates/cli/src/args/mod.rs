//! Arguments that several commands share, and parsers of argument values.

pub(crate) mod engine;
pub(crate) mod operator;
pub(crate) mod profile;
pub(crate) mod rehearsal;
pub(crate) mod service;
pub(crate) mod sizes;
pub(crate) mod store;
pub(crate) mod streams;
pub(crate) mod threads;
pub(crate) mod values;
