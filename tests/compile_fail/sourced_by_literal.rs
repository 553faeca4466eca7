//! Only the engine says where a number came from.

use portcullis::provenance::{Source, Sourced};

fn main() {
    let _sourced = Sourced {
        value: 10.0,
        source: Source::Policy("limits.max_leverage"),
    };
}
