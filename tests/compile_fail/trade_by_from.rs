//! An entry that somebody asks for does not turn into a trade.

use portcullis::{decide::Trade, intent::Entry};

fn approve<'a>(entry: Entry) -> Trade<'a> {
    Trade::from(entry)
}

fn main() {}
