//! The engines, one per file.

pub(crate) mod casbin;
pub(crate) mod cedar;
pub(crate) mod openpit;
pub(crate) mod portcullis;
pub(crate) mod regorus;

use crate::{Failure, asks::Part};

/// An engine that is set up, and its inputs in its own types.
pub(crate) trait Peer {
    /// Returns the name of the engine's crate, as in the lock file.
    fn package(&self) -> &'static str;

    /// Returns a short description of how the engine is called, for the table.
    fn way(&self) -> &'static str;

    /// Returns the part of the gate that the engine can express.
    fn part(&self) -> Part;

    /// Recreates inputs that a pass consumes. The time of this call is not measured.
    fn prepare(&mut self) {}

    /// Appends the answer to every intent to `yes`, in order. The time of this call is measured.
    /// Returns an error if the engine fails.
    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure>;
}
