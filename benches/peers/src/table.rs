//! The figures as text and as Markdown.

use crate::{
    Failure,
    measure::{Figure, Spread},
};

const LOCK: &str = include_str!("../Cargo.lock");

const HEAD: [&str; 5] = [
    "engine",
    "part of the gate",
    "yes",
    "ns per decision",
    "relative to `decide`",
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

/// Formats the table for the documentation, with a note on every engine.
pub(crate) fn markdown(figures: &[Figure], asks: usize, rounds: usize) -> Result<String, Failure> {
    let mut out = format!(
        "# The same gate in other engines\n\n\
         Written by `cargo run --release --manifest-path benches/peers/Cargo.toml`, together with the chart.\n\n\
         ![Nanoseconds per decision](peers.svg)\n\n\
         The gate: the symbol is in the universe of 40, the requested leverage is at most the symbol's, and the \
         notional is greater than zero and at most a limit. All engines answer the same {} distinct intents, in order on \
         one thread, in {rounds} rounds; each round is one pass of every engine. A cell is the median of the rounds, with \
         the minimum and the maximum in parentheses; the ratio is computed within each round. Compare the ratios, \
         because the times depend on the machine.\n\n\
         Engines are set up once, and inputs are created in each engine's own types before the clock starts. Every \
         answer of every pass is compared with the part of the rule that the engine \
         expresses; a difference ends the run.\n\n",
        thousands(asks)
    );
    for (number, row) in rows(figures)?.iter().enumerate() {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
        if number == 0 {
            out.push_str("|---|---|--:|--:|--:|\n");
        }
    }
    out.push_str("\nDifferences between the engines:\n\n");
    let mut told: Vec<&str> = Vec::new();
    for figure in figures {
        if !told.contains(&figure.note) {
            out.push_str(&format!("- **{}**. {}\n", called(figure), figure.note));
            told.push(figure.note);
        }
    }
    Ok(out)
}

/// Returns the name in a note: the package, and for Portcullis also the function.
fn called(figure: &Figure) -> String {
    if figure.is_ours() {
        format!("{}, `{}`", figure.package, figure.way)
    } else {
        figure.package.to_owned()
    }
}

fn rows(figures: &[Figure]) -> Result<Vec<[String; 5]>, Failure> {
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    for figure in figures {
        let version = version(figure.package)?;
        rows.push([
            format!("{} {version}, {}", figure.package, figure.way),
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
