//! Output of rows as Parquet.

pub(crate) mod columns;
pub(crate) mod file;
pub(crate) mod names;
pub(crate) mod terms;
