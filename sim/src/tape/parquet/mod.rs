//! Tapes as Parquet: a row a record, a column a field.
//!
//! Columns are named as the fields of a record, those of a market as `market.sigma` and so on; a null is an absent field. Two
//! columns make it whole: `record` holds a record that does not fit the others, as it stood, and `rest` holds the fields of a record
//! that nobody decides by, as an object in text.
//!
//! Reading gives lines of JSON again, so that one reader judges all tapes; a row's number is its line.

mod columns;
mod read;
mod write;

pub(crate) use columns::is_value;
pub(super) use read::Rows;
pub(crate) use read::plain;
pub use write::RowWriter;
