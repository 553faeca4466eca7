//! The law kit: it lets the engine pass, and finds out each of the well-known failures by the law that it breaks.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use portcullis::testing::{self, Laws, Portcullis};

#[test]
fn the_engine_keeps_the_laws() {
    testing::hold(&mut Portcullis).unwrap();
    testing::hold_harvest(&mut Portcullis).unwrap();
}

#[test]
fn from_other_seeds_too() {
    for seed in 1..6 {
        let laws = Laws::new().cases(300).seed(seed);
        laws.hold(&mut Portcullis).unwrap();
        laws.hold_harvest(&mut Portcullis).unwrap();
    }
}
