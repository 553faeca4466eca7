//! Only the engine can create a number with a source, not a constructor call.

use portcullis::provenance::{Source, Sourced};

fn main() {
    let _sourced = Sourced::new(10.0, Source::Policy("limits.max_leverage"));
}
