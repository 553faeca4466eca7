//! Inputs of commands: standard input, files, policies and tapes.

pub(crate) mod file;
pub(crate) mod kind;
pub(crate) mod parts;
pub(crate) mod policy;
pub(crate) mod rehearsal;
pub(crate) mod stdin;
pub(crate) mod tapes;
