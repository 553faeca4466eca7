//! Exits: the exit owner, and the permit that proves the ownership check.
//!
//! Only the exit owner and its delegates may send exits. The conditions that block entries never block these exits: an
//! exit does not need a policy, a listed symbol, a timestamp, a size or market data.

mod ownership;
mod permit;
mod rule;

pub use ownership::{ExitOwnership, NotExitOwnerError, OwnershipError};
pub use permit::{ExitNotes, ExitPermit};
pub use rule::ExitRule;
