//! A number with a source cannot be created by a constructor call. Only the engine creates it.

use portcullis::provenance::{Source, Sourced};

fn main() {
    let _sourced = Sourced::new(10.0, Source::Policy("limits.max_leverage"));
}
