//! A trade cannot be deserialized.

use portcullis::decide::Trade;

fn read<'a, T: serde::Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap()
}

fn main() {
    let _trade: Trade<'_> = read("{}");
}
