//! The engines, one per file.

pub(crate) mod casbin;
pub(crate) mod cedar;
pub(crate) mod openpit;
pub(crate) mod portcullis;
pub(crate) mod regorus;

use crate::{Failure, asks::Part};

/// An engine that is set up, with its inputs converted to its own types.
pub(crate) trait Peer {
    /// Returns the name of the crate in the lock file.
    fn package(&self) -> &'static str;

    /// Returns the way in which the engine is used.
    fn way(&self) -> &'static str;

    /// Returns the part of the gate that the engine can express.
    fn part(&self) -> Part;

    /// Recreates inputs that a pass consumes. Not measured.
    fn prepare(&mut self) {}

    /// Answers every intent, in order. Measured. Returns an error if the engine fails.
    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure>;
}
