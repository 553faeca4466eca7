//! Tapes as Parquet: one row per record, one column per field.
//!
//! Columns have the names of record fields. The columns of the market state are named
//! `market.sigma` and so on. An absent field is null. Two columns make the format lossless:
//! `record` contains a record that does not fit the other columns, verbatim, and `rest` contains
//! the fields that have no column, as the text of a JSON object.
//!
//! Rows are read back as lines of JSON, so that the same reader handles all tapes. Each row is one
//! line, and the number of a row is its line number. Files are not trusted: `batches` bounds the
//! memory for reading them.

mod batches;
mod columns;
mod footer;
mod pages;
mod read;
#[cfg(test)]
mod tests;
mod thrift;
mod values;
mod write;

pub(crate) use batches::{BATCH_BYTES_MAX, Input};
pub(super) use read::Rows;
pub(crate) use values::{ValueKind, text, timestamp, write_number};
pub use write::RowWriter;
