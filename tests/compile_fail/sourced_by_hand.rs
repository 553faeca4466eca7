//! Only the engine says where a number came from.

use portcullis::provenance::{Source, Sourced};

fn main() {
    let _written = Sourced {
        value: 10.0,
        source: Source::Policy("limits.max_leverage"),
    };
    let _made = Sourced::new(10.0, Source::Policy("limits.max_leverage"));
}
