//! Exits: who may close, and the proof that the right one asked.
//!
//! Exits have one owner. What closes the gate to entries never stands before the owner's exit: it needs no
//! policy, no universe, no time, no size and no market.

mod ownership;
mod permit;

pub use ownership::{ExitOwnership, ExitRule, NotExitOwner, OwnershipError, STANDARD_OWNER};
pub use permit::ExitPermit;
