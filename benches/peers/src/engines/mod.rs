//! The engines, one a file.

pub(crate) mod casbin;
pub(crate) mod cedar;
pub(crate) mod openpit;
pub(crate) mod portcullis;
pub(crate) mod regorus;

use crate::{Failure, asks::Part};

/// An engine that is set up, with its inputs at hand in its own types.
pub(crate) trait Peer {
    /// The crate, as the lock file knows it.
    fn package(&self) -> &'static str;

    /// How it is used.
    fn way(&self) -> &'static str;

    /// How much of the gate it says.
    fn part(&self) -> Part;

    /// What it does more or less than the others, for whoever reads the figures.
    fn note(&self) -> &'static str;

    /// What a pass uses up is made anew. Not measured.
    fn prepare(&mut self) {}

    /// Answers every intent, in order. Measured.
    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure>;
}
