//! Reading of JSON objects in one pass: the requested fields as raw text, and which of them are duplicates.
//!
//! A number keeps its original text, so that later stages see exactly what the sender wrote. The value of a short
//! number is computed during the scan and equals the value that [`str::parse`] returns.
//!
//! There are two readers with identical results: `plain` is fast and covers the JSON that machines write; the general
//! parser covers all of JSON and reads everything that `plain` leaves.

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
