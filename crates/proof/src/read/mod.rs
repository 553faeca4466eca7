//! Readers that convert files into syntax trees, one for each language.

pub(crate) mod dotenv;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod python;
pub(crate) mod rust;
pub(crate) mod toml;
pub(crate) mod yaml;

use super::tree::{At, Node};

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Tree {
    /// A [`Kind::Block`](super::tree::Kind::Block) for a program; a [`Kind::Record`](super::tree::Kind::Record) or
    /// [`Kind::List`](super::tree::Kind::List) for a settings file.
    pub(crate) root: Node,
    /// The number of functions and modules left out because they are compiled only for tests (`#[test]`,
    /// `#[cfg(test)]`).
    pub(crate) tests_left_out: usize,
}

/// A parse error and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unparsed {
    pub(crate) at: At,
    pub(crate) message: String,
}
