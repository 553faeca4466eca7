//! Records as rows of an Arrow table: one column per field.
//!
//! Columns have the names of record fields. The columns of the market state are named `market.sigma` and so on. An
//! absent field is null. Two columns make the format lossless: `record` contains a record that does not fit the other
//! columns, verbatim, and `rest` contains the fields that have no column, as the text of a JSON object.
//!
//! [`Rows::line`] writes a row as the JSON line with the same meaning, so that the general path can read every record.
//! The fast path reads the values of plain entries directly from the columns.

mod columns;
mod json;
mod rows;
mod values;

pub(crate) use columns::{Column, Columns, FIELDS, Kind, MARKET, OBJECTS, RECORD, REST, schema};
pub(crate) use rows::{Rows, flat};
pub(crate) use values::{ValueKind, bytes, has_zone, text, timestamp, timestamps, write_number};
