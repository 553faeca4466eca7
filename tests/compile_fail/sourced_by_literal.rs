//! A number with a source cannot be written as a literal. Only the engine creates it.

use portcullis::provenance::{Source, Sourced};

fn main() {
    let _sourced = Sourced {
        value: 10.0,
        source: Source::Policy("limits.max_leverage"),
    };
}
