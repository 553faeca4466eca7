//! Formatting of text for a terminal: tables, counts and bars.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::HumanCount;
use portcullis::types::Timestamp;

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

/// Draws a bar of at most 20 cells, with a resolution of half a cell.
pub(crate) fn bar(count: u64, whole: u64) -> String {
    let halves = part(count, whole, 40);
    let full = usize::try_from(halves / 2).unwrap_or_default();
    let half = if halves % 2 == 1 { "▌" } else { "" };
    format!("{}{half}", "█".repeat(full))
}
