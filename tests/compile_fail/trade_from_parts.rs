//! Nobody can raise the leverage of a trade that was made.

use portcullis::{decide::Trade, domain::Leverage, provenance::Sourced};

fn raised<'a>(trade: Trade<'a>, leverage: Sourced<Leverage>) -> Trade<'a> {
    Trade { leverage, ..trade }
}

fn main() {}
