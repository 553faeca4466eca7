//! The figures as text and as Markdown.

use crate::{
    Failure,
    measure::{Figure, Spread},
};

const LOCK: &str = include_str!("../Cargo.lock");

const HEAD: [&str; 5] = [
    "engine",
    "expresses",
    "yes",
    "ns per decision",
    "ratio to `decide`",
];

/// Formats the table for a terminal.
pub(crate) fn text(figures: &[Figure], asks: usize) -> Result<String, Failure> {
    let rows = rows(figures)?;
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate();
        let line: Vec<String> = cells
            .map(|(column, (cell, width))| match column {
                0 | 1 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        out.push_str(line.join("  ").trim_end());
        out.push('\n');
    }
    out.push_str(&format!(
        "\n{} distinct intents; every answer of every pass was correct\n",
        thousands(asks)
    ));
    Ok(out)
}

/// Formats the table for the documentation.
pub(crate) fn markdown(figures: &[Figure]) -> Result<String, Failure> {
    let mut out = String::new();
    for (number, row) in rows(figures)?.iter().enumerate() {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
        if number == 0 {
            out.push_str("|---|---|--:|--:|--:|\n");
        }
    }
    Ok(out)
}

/// Replaces the table between `<!-- peers: … -->` and `<!-- end of peers -->`.
pub(crate) fn replaced(page: &str, table: &str) -> Result<String, Failure> {
    let parts = page.split_once("<!-- peers:").and_then(|(before, rest)| {
        let (marker, rest) = rest.split_once('\n')?;
        let (_, after) = rest.split_once("<!-- end of peers -->")?;
        Some((before, marker, after))
    });
    let (before, marker, after) = parts.ok_or("docs/figures.md has no markers for the table")?;
    Ok(format!(
        "{before}<!-- peers:{marker}\n{table}<!-- end of peers -->{after}"
    ))
}

fn rows(figures: &[Figure]) -> Result<Vec<[String; 5]>, Failure> {
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    for figure in figures {
        let version = version(figure.package)?;
        // The uses of Portcullis are named after its functions.
        let quote = if figure.is_ours() { "`" } else { "" };
        rows.push([
            format!("{} {version}, {quote}{}{quote}", figure.package, figure.way),
            figure.part.as_str().to_owned(),
            thousands(figure.yes),
            cell(figure.nanos),
            cell(figure.ratio),
        ]);
    }
    Ok(rows)
}

fn cell(spread: Spread) -> String {
    let [least, median, most] = [spread.least, spread.median, spread.most].map(short);
    format!("{median} ({least} to {most})")
}

/// Formats a value with at least two significant digits.
pub(crate) fn short(value: f64) -> String {
    match value {
        ..1.0 => format!("{value:.2}"),
        ..10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns the version of a package in the lock file.
pub(crate) fn version(package: &str) -> Result<&'static str, Failure> {
    let line = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|found| **found != line);
    lines
        .nth(1)
        .and_then(|found| found.strip_prefix("version = \"")?.strip_suffix('"'))
        .ok_or_else(|| format!("`{package}` has no version in the lock file").into())
}
