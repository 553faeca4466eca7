//! One pass over a JSON object: the fields that somebody asked for, as their own text, and which of them
//! stood there twice.
//!
//! A number stays the text it was written as, so that nobody downstream sees another number than the sender wrote;
//! the value of a short one is worked out on the way, and is the one that its text has.
//!
//! Two readers, one meaning: `plain` knows objects as machines write them and is quick, the general parser knows all
//! of JSON and reads what the first one leaves.

mod number;
mod plain;
mod scan;
mod slot;
mod specials;

pub use scan::SyntaxError;
pub(crate) use scan::{Fields, scan_object};
pub(crate) use slot::{Flag, Slot, Unreadable};

#[cfg(test)]
mod tests;
