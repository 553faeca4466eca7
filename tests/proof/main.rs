//! The proof, held against what people wrote: a corpus of violations and of lines that only look like one, a tree in
//! the style of a grown service, and this repository itself.
//!
//! Labels stand at the ends of the lines: `! 3 default argument` is a violation of check 3, `= timing` a look-alike and
//! its class. A file that has no comments has its labels beside it, in `NAME.labels`.

#![cfg(feature = "proof")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and looks into files"
)]

mod corpus;
mod labels;
mod ourselves;
mod table;
