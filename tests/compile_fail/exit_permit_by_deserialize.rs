//! A permit cannot be deserialized.

use portcullis::exit::ExitPermit;

fn read<'a, T: serde::Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).unwrap()
}

fn main() {
    let _permit: ExitPermit<'_> = read("{}");
}
