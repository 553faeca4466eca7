//! Only the engine says where a number came from.

use portcullis::provenance::{Source, Sourced};

fn main() {
    let _sourced = Sourced::new(10.0, Source::Policy("limits.max_leverage"));
}
