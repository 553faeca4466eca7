//! Only the engine can create a number with a source, not a literal.

use portcullis::provenance::{Source, Sourced};

fn main() {
    let _sourced = Sourced {
        value: 10.0,
        source: Source::Policy("limits.max_leverage"),
    };
}
