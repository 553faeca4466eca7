//! A trade is proof that every gate was passed: nobody can write one down.

use portcullis::decide::Trade;

fn main() {
    let _trade = Trade {};
}
