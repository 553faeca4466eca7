//! A recorded trade is not a trade.

use portcullis::decide::Trade;

fn main() {
    let _trade: Trade<'_> = serde_json::from_str("{}").unwrap();
}
