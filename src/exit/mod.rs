//! Exits: the exit owner, and the permit that proves the ownership check.
//!
//! Exits have one owner. The conditions that block entries never block the owner's exit: an exit
//! does not need a policy, a listed symbol, a timestamp, a size or market data.

mod ownership;
mod permit;
mod rule;

pub use ownership::{ExitOwnership, NotExitOwnerError, OwnershipError};
pub use permit::{ExitNotes, ExitPermit};
pub use rule::ExitRule;
