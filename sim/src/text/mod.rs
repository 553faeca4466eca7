//! Formatting of text for a terminal: tables, counts and bars.

mod noise;

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::HumanCount;
use portcullis::types::Timestamp;

pub use noise::without_noise;

/// Creates a table. Each letter of `alignments` aligns one column: `l` is left, `r` is right.
pub(crate) fn table(columns: &[&str], alignments: &str) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().copied());
    for (column, alignment) in table.column_iter_mut().zip(alignments.chars()) {
        column.set_padding((0, 2));
        column.set_cell_alignment(match alignment {
            'r' => CellAlignment::Right,
            _ => CellAlignment::Left,
        });
    }
    table
}

pub(crate) fn write_table(f: &mut fmt::Formatter<'_>, table: &Table) -> fmt::Result {
    if table.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    for line in table.lines() {
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

pub(crate) fn to_second(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Formats the day of a timestamp in UTC: `2026-01-05`.
pub(crate) fn to_day(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((day, _)) => day.to_owned(),
        None => text,
    }
}

/// Formats a count with its noun: `1 record`, `1,234 records`.
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count))
}

/// Formats a number with thousands separators: `1,234,567`.
pub(crate) fn thousands(count: u64) -> String {
    HumanCount(count).to_string()
}

/// Formats `count` as a percentage of `whole`, with one decimal place.
pub(crate) fn share(count: u64, whole: u64) -> String {
    let tenths = part(count, whole, 1000);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Returns `count / whole` in units of `1 / parts`, rounded to the nearest whole number with
/// integer arithmetic.
fn part(count: u64, whole: u64, parts: u128) -> u128 {
    let whole = u128::from(whole.max(1));
    (u128::from(count) * parts + whole / 2) / whole
}

/// Joins the first `shown_max` names and appends the number of the others.
pub(crate) fn some(names: &[String], shown_max: usize) -> String {
    let (shown, rest) = names.split_at(names.len().min(shown_max));
    match rest.len() {
        0 => shown.join(", "),
        more => format!("{} {}", shown.join(", "), and_more(more)),
    }
}

pub(crate) fn and_more(count: usize) -> String {
    format!("and {count} more")
}

/// The number of cells of a bar if the width of the terminal is unknown, and the smallest and the largest number.
const CELLS: usize = 20;
const CELLS_MIN: usize = 8;
const CELLS_MAX: usize = 200;
/// The columns of a terminal that the cells to the left of a bar need.
const COLUMNS_BEFORE: usize = 52;

/// Returns the number of cells of the longest bar. The width of the terminal is the width with which the report is
/// formatted.
pub(crate) fn bar_cells(f: &fmt::Formatter<'_>) -> usize {
    let rest = |width: usize| width.saturating_sub(COLUMNS_BEFORE);
    f.width()
        .map_or(CELLS, |width| rest(width).clamp(CELLS_MIN, CELLS_MAX))
}

/// Draws a bar of at most this number of cells, with a resolution of half a cell.
pub(crate) fn bar(cells: usize, count: u64, whole: u64) -> String {
    let halves = part(count, whole, u128::try_from(cells).unwrap_or_default() * 2);
    let full = usize::try_from(halves / 2).unwrap_or_default();
    let half = if halves % 2 == 1 { "▌" } else { "" };
    format!("{}{half}", "█".repeat(full))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Cells;

    impl fmt::Display for Cells {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", bar_cells(f))
        }
    }

    #[test]
    fn bars_are_as_wide_as_the_terminal() {
        assert_eq!(Cells.to_string(), "20");
        for (columns, cells) in [
            (20, "8"),
            (80, "28"),
            (120, "68"),
            (200, "148"),
            (999, "200"),
        ] {
            assert_eq!(format!("{Cells:columns$}"), cells);
        }
        assert_eq!(bar(28, 1, 2), "█".repeat(14));
        assert_eq!(bar(28, 1, 56), "▌");
        assert_eq!(bar(28, 0, 5), "");
    }
}
