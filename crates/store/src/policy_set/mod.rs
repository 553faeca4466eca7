//! The policy set of a store: its stored form, and the measured results of its arms.

mod arm;
mod error;
mod results;
mod stored_set;

pub use arm::{ArmPolicy, ArmStart, StoredArm};
pub use error::PolicySetError;
pub use results::ArmResults;
pub use stored_set::StoredSet;
