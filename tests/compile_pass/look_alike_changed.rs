//! The forgery `trade_changed_afterwards` compiles with a type whose fields are public.

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
