//! Copies the fills of a leader.

use crate::account::{Account, Leader};

pub fn mirror(leader: &Leader, account: &mut Account, ratio: f64) {
    leader
        .fills()
        .filter(|fill| !fill.seen)
        .for_each(|fill| account.execute_trade(&fill.symbol, fill.side, fill.qty * ratio)); // ! 8 execute_trade
}
