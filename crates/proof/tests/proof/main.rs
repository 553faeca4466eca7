//! Tests of the proof on labelled sources: a corpus of violations and look-alikes, two trees in the
//! style of a service that has grown over the years, and this repository itself.
//!
//! Labels are at the ends of the lines: `! 3 default argument` is a violation of check 3, `=
//! timing` is a look-alike of the class `timing`. For a format without comments, the labels are in
//! `NAME.labels` next to the file.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking and read files"
)]

mod corpus;
mod labels;
mod ourselves;
mod table;
