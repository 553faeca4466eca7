//! The answer of a shadow cannot be converted into a trade.

use portcullis::Trade;
use portcullis_rollout::ShadowAnswer;

fn trade<'a>(shadow: &'a ShadowAnswer) -> Trade<'a> {
    shadow.into()
}

fn main() {}
