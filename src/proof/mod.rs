//! The proof: what a machine can show of a source tree, that no trading number is hidden in it.

mod check;
mod checks;
mod evidence;
mod read;
mod tree;
mod vocabulary;

pub use check::Check;
