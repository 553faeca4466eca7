//! One pass over a JSON object: the fields that somebody asked for, as their own text, and which of them
//! stood there twice.
//!
//! Nothing is converted here. A number stays the text it was written as, so that nobody downstream sees
//! another number than the sender wrote.

mod scan;
mod slot;

pub use scan::SyntaxError;
pub(crate) use scan::{Fields, scan_object};
pub(crate) use slot::{Flag, Slot, Unreadable};
