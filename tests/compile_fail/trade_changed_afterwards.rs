//! Nobody changes the numbers of a trade that was made.

use portcullis::decide::Trade;

fn raise(trade: &mut Trade<'_>, other: &Trade<'_>) {
    trade.leverage = other.leverage;
}

fn main() {}
