//! Printing to standard output and standard error.

use std::{
    fmt::Display,
    io::{self, Write},
    path::Path,
};

use portcullis::types::{Shown, without_credentials};
use portcullis_sim::text::without_noise;
use serde::Serialize;

use crate::{
    failure::Failure,
    paint::{columns, painted},
    until_closed::UntilClosed,
};

/// The output format of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Human-readable text
    Text,
    /// Machine-readable JSON
    Json,
}

/// Writes text to standard output.
pub(crate) fn print(text: impl Display) -> Result<(), Failure> {
    print_to(&mut io::stdout().lock(), text)
}

/// Writes a value as JSON to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print_json_to(&mut io::stdout().lock(), value)
}

/// Writes a value as one line of JSON.
pub(crate) fn print_json_line(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(Failure::error)?;
    print_to(out, format_args!("{text}\n"))
}

/// Writes human-readable text to standard output, with colours and without floating-point noise.
pub(crate) fn print_painted(text: &str) -> Result<(), Failure> {
    print_to(
        &mut anstream::stdout().lock(),
        painted(&without_noise(text)),
    )
}

/// Writes the summary of a run to standard output, or to standard error if the run writes `out` to standard output.
pub(crate) fn print_summary(
    summary: &(impl Display + Serialize),
    format: Format,
    out: Option<&Path>,
) -> Result<(), Failure> {
    match format {
        // The width of the terminal limits the length of the bars.
        Format::Text => {
            let text = match columns() {
                Some(width) => format!("{summary:width$}"),
                None => summary.to_string(),
            };
            match is_stdout(out) {
                true => print_to(
                    &mut anstream::stderr().lock(),
                    painted(&without_noise(&text)),
                ),
                false => print_painted(&text),
            }
        }
        Format::Json => print_json_to(&mut summary_output(out), summary),
    }
}

/// Returns the stream for the summary of a run: standard output, or standard error if `out` is standard output.
pub(crate) fn summary_output(out: Option<&Path>) -> Box<dyn Write> {
    match is_stdout(out) {
        true => Box::new(io::stderr()),
        false => Box::new(io::stdout()),
    }
}

fn is_stdout(out: Option<&Path>) -> bool {
    out == Some(Path::new("-"))
}

/// Writes text to `out` and flushes it. If the reader has closed the pipe, the text is dropped, so that the exit status
/// is the same as with an open pipe.
pub(crate) fn print_to(out: &mut dyn Write, text: impl Display) -> Result<(), Failure> {
    let mut out = UntilClosed::new(out);
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::write(&error))
}

/// Writes one line to standard error, without control characters and without the credentials of URLs.
pub(crate) fn warn(text: impl Display) {
    let text = Shown(without_credentials(&text.to_string())).whole();
    // If standard error cannot be written, there is no other place for the message.
    let _ = anstream::stderr().write_fmt(format_args!("portcullis: {text}\n"));
}

fn print_json_to(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::error)?;
    print_to(out, format_args!("{text}\n"))
}
