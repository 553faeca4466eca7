//! As the other look-alikes, with a number that anybody may change.

extern crate self as portcullis;

pub mod decide {
    pub struct Trade<'a> {
        pub leverage: f64,
        pub source: &'a str,
    }
}

#[path = "../compile_fail/trade_changed_afterwards.rs"]
mod trade_changed_afterwards;

fn main() {}
