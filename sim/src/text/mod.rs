//! Formatting of text for a terminal: escaping, tables, counts and bars.

mod printable;
mod table;

pub use printable::printable;
pub use table::counted;
pub(crate) use table::{
    and_more, bar, share, some, table, thousands, to_day, to_second, write_table,
};
