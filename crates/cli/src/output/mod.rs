//! Outputs of long runs: files, the progress display, and the handling of interrupts.

pub(crate) mod answers;
mod encoding;
pub(crate) mod file;
#[cfg(unix)]
mod interrupt;
pub(crate) mod progress;
mod temporary;
