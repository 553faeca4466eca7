//! Exits: the exit owner, and the permit that proves the ownership check.
//!
//! Exits have one owner. The conditions that block entries never block the owner's exit: it needs no policy, no
//! universe, no time, no size and no market.

mod ownership;
mod permit;
mod rule;

pub use ownership::{ExitOwnership, NotExitOwnerError, OwnershipError};
pub use permit::ExitPermit;
pub use rule::ExitRule;
