//! An entry request cannot be converted into a trade.

use portcullis::{decide::Trade, intent::Entry};

fn convert<T: From<Entry>>(entry: Entry) -> T {
    T::from(entry)
}

fn approve<'a>(entry: Entry) -> Trade<'a> {
    convert(entry)
}

fn main() {}
