//! The policy set of a store: its stored form, its changes, and the measured results of its arms.

mod change;
mod error;
mod results;
mod stored_set;

pub use change::{ArmStart, RolloutChange, RolloutReceipt, RolloutRefusal, RolloutStep};
pub(crate) use change::{after_publication, next_set};
pub use error::{PolicySetError, RolloutError};
pub use results::ArmResults;
pub use stored_set::{ArmPolicy, StoredArm, StoredSet};
