//! Tapes as Parquet: the rows of a table, in the format that [`table`](super::table) describes.
//!
//! A Parquet file has no lines, so the number of a row is used as its line number. Files are not trusted: `batches` bounds the memory for reading them.

mod batches;
mod footer;
mod nulls;
mod pages;
mod read;
#[cfg(test)]
mod tests;
mod thrift;
mod write;

pub(crate) use batches::{BATCH_BYTES_MAX, Input};
pub(super) use read::{RowBatch, RowBatches};
pub use write::RowWriter;
