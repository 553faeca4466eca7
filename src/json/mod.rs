//! Reading of JSON objects in one pass: the requested fields as raw text, each with a mark if its key occurs more than
//! once.
//!
//! A number keeps its original text, so that later stages receive exactly the text that the sender wrote. The value of
//! a short number is computed during the scan and equals the value that [`str::parse`] returns.
//!
//! There are two readers with identical results: `plain` is fast and covers the JSON that machines write; the general
//! parser covers all of JSON and reads every text that `plain` does not accept.

mod fields;
mod number;
mod plain;
mod raw_field;
mod scan;
mod specials;

pub use fields::Fields;
pub use raw_field::{Flag, RawField, Unreadable};
pub use scan::{SyntaxError, scan_object};

#[cfg(test)]
mod tests;
