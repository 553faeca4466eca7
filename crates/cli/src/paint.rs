//! Colours of human-readable text.

use std::{io, str::FromStr as _};

use anstyle::{AnsiColor, Style};
use portcullis::decide::SkipCode;

/// The outputs that are coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Applies the choice to everything that is printed from now on.
    pub(crate) fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Returns the number of columns of the terminal at standard output, or `None` if it is not a terminal.
pub(crate) fn columns() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(width.0.into())
}

/// Colours lines about trades green, and lines about skips and failed checks red. The output stream removes the colours
/// if it does not support them.
pub(crate) fn painted(text: &str) -> String {
    let paint = |line: &str| {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        match style(line) {
            Some(style) => format!("{style}{line}{style:#}{end}"),
            None => format!("{line}{end}"),
        }
    };
    text.split_inclusive('\n').map(paint).collect()
}

fn style(line: &str) -> Option<Style> {
    let of = |color: AnsiColor| Some(Style::new().fg_color(Some(color.into())));
    if line.starts_with(' ') {
        let is_failed = line.split_whitespace().any(|word| word == "failed");
        return is_failed.then(|| of(AnsiColor::Red)).flatten();
    }
    let word = line.split_whitespace().next()?.trim_end_matches(':');
    match word {
        "TRADE" | "SKIP_TO_TRADE" | "valid" => of(AnsiColor::Green),
        "SKIP" | "TRADE_TO_SKIP" => of(AnsiColor::Red),
        "next" => Some(Style::new().bold()),
        word if SkipCode::from_str(word).is_ok() => of(AnsiColor::Red),
        _ => None,
    }
}
