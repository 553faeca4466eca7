//! A replay that is divided into parts, which several processes or machines evaluate.
//!
//! A [`Plan`] divides the tapes. Each of its parts contains everything that its evaluation needs from earlier records:
//! the number of its first record, the number of its first line, the changes of the policy, and the number of bytes of
//! earlier digest rows. The results ([`Part`]) of consecutive parts can be merged, and merged results can be merged
//! again. The result of all parts equals that of a replay of all tapes.

mod error;
mod event;
mod input;
mod merge;
mod part;
mod plan;
mod settings;
#[cfg(test)]
mod tests;

pub use error::PartsError;
pub use input::{Input, Place};
pub use merge::{Merged, merge};
pub use part::Part;
pub use plan::{Plan, PlanProgress};
pub use settings::{NamedText, Settings};

/// The version of the format of plans and parts.
const FORMAT: u32 = 1;

/// The version of the engine, which is the same for the plan and for all parts.
const ENGINE: &str = env!("CARGO_PKG_VERSION");
