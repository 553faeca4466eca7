//! The numbers of a trade cannot be changed afterwards.

use portcullis::decide::Trade;

fn raise(trade: &mut Trade<'_>, other: &Trade<'_>) {
    trade.leverage = other.leverage;
}

fn main() {}
