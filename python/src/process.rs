//! Protection against the use of an object in a forked process.

use std::process;

use crate::error::Fault;

/// The process that created an object. A connection or a thread of the object does not work in a forked child.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner(u32);

impl Owner {
    /// Returns this process.
    pub(crate) fn new() -> Self {
        Self(process::id())
    }

    /// Returns true if this process created the object.
    pub(crate) fn is_here(self) -> bool {
        process::id() == self.0
    }

    /// Checks that this process created the object. `what` names the object.
    pub(crate) fn check(self, what: &str) -> Result<(), Fault> {
        if self.is_here() {
            return Ok(());
        }
        Err(Fault::new(format_args!(
            "the {what} was created in process {} and cannot be used in its forked child {}; create another {what} after the fork",
            self.0,
            process::id(),
        ))
        .with_code("FORKED_PROCESS"))
    }
}
