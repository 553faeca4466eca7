//! Files to trees: one reader a language.

pub(crate) mod dotenv;
pub(crate) mod json;
mod lines;
pub(crate) mod python;
pub(crate) mod rust;
pub(crate) mod toml;
pub(crate) mod yaml;

use super::tree::{At, Node};

/// A file as it was read.
#[derive(Debug)]
pub(crate) struct Tree {
    /// A [`Kind::Block`](super::tree::Kind::Block) of a program, a [`Kind::Record`](super::tree::Kind::Record) or
    /// [`Kind::List`](super::tree::Kind::List) of a file of settings.
    pub(crate) root: Node,
    /// Functions and modules that are compiled for tests alone (`#[test]`, `#[cfg(test)]`), left out.
    pub(crate) tests_left_out: usize,
}

/// Why a file could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unparsed {
    pub(crate) at: At,
    pub(crate) message: String,
}
