//! Output of a run: counts, digest, summary, answer files and HTML reports.

pub(crate) mod columns;
mod counts;
mod digest;
pub mod html;
mod printable;
pub(crate) mod row_file;
mod rows;
mod summary;
pub mod table;
mod totals;

pub use counts::{Counts, SymbolCounts};
pub use digest::{ROW_BYTES, push_row};
pub use printable::printable;
pub use rows::{AnswerColumns, AnswerRows};
pub use summary::{Operator, Summary};
pub use totals::Totals;
