//! Plans in the form of the executor of a profile.
//!
//! Such an executor needs a quantity and a side in every plan. If the decision does not contain them, they come from
//! the position or the mark price on the server. An answer that cannot be carried out without them is refused, and never
//! replaced by another order.

mod account;
mod order;
mod plan;

pub(super) use self::{
    account::Account,
    order::{MarkBounds, Sizing, of_exit, of_trade},
    plan::plan,
};
