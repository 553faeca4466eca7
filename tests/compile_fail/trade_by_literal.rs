//! A trade proves that every gate was passed, so it cannot be written as a literal.

use portcullis::decide::Trade;

fn main() {
    let _trade = Trade {};
}
