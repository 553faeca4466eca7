//! A recorded permit is not a permit.

use portcullis::exit::ExitPermit;

fn main() {
    let _permit: ExitPermit<'_> = serde_json::from_str("{}").unwrap();
}
